package config

import "strings"

// EnvPrefix begins the name of every setting in the environment.
const EnvPrefix = "AUTOSESSION_"

// Trust says what a project's own file may do with a setting. Whoever wrote a
// cloned repository wrote that file too, and must not be able to run or permit
// anything by being opened.
type Trust string

// The degrees of trust.
const (
	// Free settings run and permit nothing: the project's file sets them.
	Free Trust = "free"
	// Narrows: until it is trusted, the project's file may only make it
	// stricter: a smaller limit, a longer list, a switch turned on.
	Narrows Trust = "narrows"
	// Permits: it runs or permits something, or decides who pays. Until it is
	// trusted, what the project's file says is ignored and reported.
	Permits Trust = "permits"
)

// Setting is one row of the table.
type Setting struct {
	Name    string   // in files, in snake_case
	Theme   string   // heading under which it is documented
	Trust   Trust    //
	Default string   // as it is written in the environment; "" is none
	Choices []string // the only values, where there are few
	Min     string   // smallest value, as it is written in the environment; "" is no bound
	Max     string   // largest value
	Zero    string   // what 0 means where it is not simply none: "unlimited", or a bound that depends on the machine
	Help    string   // one or more sentences; the first stands alone

	// floor, above 0, turns strictness around: more is stricter than less, and
	// 0 counts as this much.
	floor float64

	field func(*Config) any   // pointer to the field; its type is the setting's type
	check func(string) string // what is wrong with a text, or with an item of a list; nil is plainText
	path  pathRule
}

// pathRule says how a relative path is made absolute.
type pathRule int

const (
	noPath      pathRule = iota
	filePath             // relative to where it was said
	programPath          // the same, but a bare name stays, to be found in PATH
)

// Env is the setting's name in the environment.
func (s Setting) Env() string { return EnvPrefix + strings.ToUpper(s.Name) }

// Flag is the setting's name as a flag, without dashes before it.
func (s Setting) Flag() string { return strings.ReplaceAll(s.Name, "_", "-") }

// Type is the setting's type in plain words: "text", "whole number", "number",
// "duration", "true or false", "list of texts".
func (s Setting) Type() string { return typeName(s.field(new(Config))) }

// Value is what the setting is in c, as TOML.
func (s Setting) Value(c Config) string { return format(s.field(&c)) }

// summary is the first sentence of the help.
func (s Setting) summary() string {
	first, _, _ := strings.Cut(s.Help, ". ")
	return strings.TrimSuffix(first, ".")
}
