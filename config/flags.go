package config

import (
	"strings"

	"github.com/spf13/pflag"
)

// AddFlags adds a flag for each setting to set. Give the same set to [Load] as
// [Sources].Flags once it is parsed: what a person gave there is read and
// checked by Load, together with everything else.
func AddFlags(set *pflag.FlagSet) {
	for _, s := range Settings() {
		help := s.summary()
		if len(s.Choices) > 0 {
			help += ": " + strings.Join(s.Choices, ", ")
		}
		if s.Zero != "" {
			help += "; 0 is " + s.Zero
		}
		f := set.VarPF(&flagValue{setting: s, shown: s.Default}, s.Flag(), "", help)
		if s.Type() == "true or false" {
			f.NoOptDefVal = "true"
		}
	}
}

// flagValue keeps what was given, unread. It implements pflag.Value.
type flagValue struct {
	setting Setting
	shown   string
	given   []string
}

func (v *flagValue) String() string { return v.shown }

// Set takes everything: Load says what is wrong, all at once.
func (v *flagValue) Set(text string) error {
	v.given = append(v.given, text)
	v.shown = strings.Join(v.given, ",")
	return nil
}

func (v *flagValue) Type() string {
	switch v.setting.Type() {
	case "true or false":
		return "bool"
	case "list of texts":
		return "list"
	case "whole number", "number":
		return "number"
	}
	return v.setting.Type()
}

// literal is the last value given, or all of them for a list.
func (v *flagValue) literal() literal {
	if v.Type() != "list" {
		return literal{text: v.given[len(v.given)-1]}
	}
	all := literal{form: listForm}
	for _, given := range v.given {
		items, ok := list(v.setting.word(given))
		if !ok {
			return literal{form: otherForm}
		}
		for _, item := range items {
			all.items = append(all.items, literal{text: item})
		}
	}
	return all
}

// flags returns the entries of the flags that were given.
func flags(set *pflag.FlagSet, base string, settings []Setting) []entry {
	if set == nil {
		return nil
	}
	var entries []entry
	for _, s := range settings {
		f := set.Lookup(s.Flag())
		if f == nil || !f.Changed {
			continue
		}
		v, ours := f.Value.(*flagValue)
		if !ours {
			continue
		}
		name := "--" + s.Flag()
		entries = append(entries, entry{
			key: s.Name, value: v.literal(), base: base, source: "flag " + name,
			place: Problem{Source: "flags", Key: name, Value: clip(v.shown)},
		})
	}
	return entries
}
