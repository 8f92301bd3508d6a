// Package fill puts values into texts: {{.Name}} is a value, {{name "x"}} one
// that is made from an argument. That is all there is. It stands where a
// template of the standard library would do, because those call methods by
// their names, and a program that may do so has to keep every exported method
// of everything it is linked with: that was two fifths of this one.
package fill

import (
	"fmt"
	"regexp"
	"strings"
)

// Value finds what stands for a name. The argument is "" when there is none;
// a name that begins with a dot takes none.
type Value func(name, argument string) (string, error)

// place is what is filled in, and what only looks like it.
var place = regexp.MustCompile("\\{\\{(?:\\s*(\\.[A-Za-z][A-Za-z0-9_]*|[a-z]+)\\s*(?:\"([^\"\\\\\n]*)\"|`([^`\n]*)`)?\\s*\\}\\})?")

// Text returns the text with all its values. An error says in which line of
// the text it is; the first one ends it. What a value brings is not filled in
// again.
func Text(text string, value Value) (string, error) {
	var b strings.Builder
	done := 0
	for _, at := range place.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(text[done:at[0]])
		filled, err := one(text, at, value)
		if err != nil {
			return "", fmt.Errorf("line %d: %w", 1+strings.Count(text[:at[0]], "\n"), err)
		}
		b.WriteString(filled)
		done = at[1]
	}
	b.WriteString(text[done:])
	return b.String(), nil
}

func one(text string, at []int, value Value) (string, error) {
	if at[2] < 0 {
		return "", fmt.Errorf("%.40q begins no value; one is written {{.Name}}", text[at[0]:])
	}
	name, argument := text[at[2]:at[3]], ""
	for _, n := range []int{4, 6} {
		if at[n] >= 0 {
			argument = text[at[n]:at[n+1]]
		}
	}
	if strings.HasPrefix(name, ".") && argument != "" {
		return "", fmt.Errorf("%s takes no argument", text[at[0]:at[1]])
	}
	return value(name, argument)
}
