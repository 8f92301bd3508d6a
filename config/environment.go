package config

import (
	"fmt"
	"slices"
	"strings"
)

// environment returns the entries of variables that begin with EnvPrefix. A
// variable that is empty counts as not set.
func environment(environ []string, base string, settings []Setting) ([]entry, []Problem) {
	known := map[string]Setting{}
	var names []string
	for _, s := range settings {
		known[s.Env()] = s
		names = append(names, s.Env())
	}
	var entries []entry
	var problems []Problem
	for _, variable := range last(environ) {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, EnvPrefix) || slices.Contains(reserved(), name) {
			continue
		}
		place := Problem{Source: "environment"}
		s, ok := known[name]
		if !ok {
			place.Key, place.Text, place.Fix = clip(name), "is no setting", unknownFix(name, names, EnvPrefix)
			problems = append(problems, place) // without its value, which may be a secret
			continue
		}
		if value == "" {
			continue
		}
		place.Key, place.Value = name, clip(value)
		entries = append(entries, entry{
			key: s.Name, value: s.word(value), base: base,
			source: "environment " + name, place: place,
		})
	}
	return entries, problems
}

// reserved are the variables that begin with EnvPrefix and are no settings:
// where state is kept, and the marks by which a sandbox knows its processes,
// so that the program also runs inside a session.
func reserved() []string {
	return []string{EnvPrefix + "STATE", EnvPrefix + "SESSION", EnvPrefix + "TREE"}
}

// last keeps the last of several variables with one name, as a process that
// is started with them does.
func last(environ []string) []string {
	index := map[string]int{}
	var out []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if i, again := index[name]; again {
			out[i] = variable
			continue
		}
		index[name] = len(out)
		out = append(out, variable)
	}
	return out
}

// word is a value that stands where everything is text. A list may be written
// as in a file, for items that hold a comma.
func (s Setting) word(text string) literal {
	if s.Type() != "list of texts" || !strings.HasPrefix(text, "[") {
		return literal{text: text}
	}
	entries, problems := parseFile("", "", []byte("list = "+text))
	if len(problems) == 0 && len(entries) == 1 {
		return entries[0].value
	}
	return literal{form: otherForm}
}

// unknownFix names the key that was meant, where one is near.
func unknownFix(key string, names []string, prefix string) string {
	trimmed := make([]string, len(names))
	for i, name := range names {
		trimmed[i] = strings.ToLower(strings.TrimPrefix(name, prefix))
	}
	near := Nearest(strings.TrimPrefix(key, prefix), trimmed)
	for i, name := range trimmed {
		if name == near {
			return fmt.Sprintf("did you mean %s?", names[i])
		}
	}
	return "autosession config lists all settings"
}
