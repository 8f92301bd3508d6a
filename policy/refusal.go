package policy

import (
	"encoding/json"
	"strings"
)

// refusal is why something is denied. The zero value is never used: nil means
// that nothing is wrong.
type refusal struct {
	rule    string  // P1 to P10, "deny", "tool"
	part    string  // of the command or call, as it was written or as it resolved
	why     string  // what is wrong with the part
	instead string  // what to do
	fix     Setting // the configuration that would allow it; zero: none does
}

// Setting is one line of configuration: an entry to add to a list.
type Setting struct {
	Key   string `json:"key,omitempty"`   // "allow", "allow_paths", "read_paths", "permit", "tools"
	Value string `json:"value,omitempty"` // the entry
}

// String is the line as it stands in a configuration file, or "".
func (s Setting) String() string {
	if s.Key == "" {
		return ""
	}
	return Line(s.Key, s.Value)
}

// Line is a list as it stands in a configuration file.
func Line(key string, values ...string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quoteTOML(v)
	}
	return key + " = [" + strings.Join(quoted, ", ") + "]"
}

// quoteTOML writes a text as TOML. JSON's escapes are TOML's, but for DEL.
func quoteTOML(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("policy: a text cannot be written: " + err.Error())
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}

// How much of a reason is shown at most, in bytes.
const (
	partBytes = 120
	whyBytes  = 300
)

func (r *refusal) reason() string {
	var b strings.Builder
	b.WriteString(r.rule)
	b.WriteString(": ")
	if r.part != "" {
		b.WriteString("`")
		b.WriteString(cut(r.part))
		b.WriteString("` ")
	}
	b.WriteString(limit(r.why, whyBytes))
	if r.instead != "" {
		b.WriteString("; ")
		b.WriteString(limit(r.instead, whyBytes))
	}
	return b.String()
}

// cut bounds a part of a command, so that a reason stays short.
func cut(s string) string { return limit(s, partBytes) }

func limit(s string, most int) string {
	s = strings.ToValidUTF8(strings.Map(printable, s[:min(len(s), 4*most+4)]), "?")
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

func printable(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return ' '
	case r < ' ' || r == 0x7f || hidden(r):
		return '?'
	}
	return r
}
