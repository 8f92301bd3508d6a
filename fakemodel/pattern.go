package fakemodel

import (
	"regexp"
	"strings"
)

// pattern is what a text must hold: /between slashes/ a regular expression,
// else plain text. A nil pattern fits everything.
type pattern struct {
	source string
	expr   *regexp.Regexp // nil for plain text
}

func newPattern(source string) (*pattern, error) {
	p := &pattern{source: source}
	inner, ok := strings.CutPrefix(source, "/")
	inner, slash := strings.CutSuffix(inner, "/")
	if !ok || !slash || inner == "" {
		return p, nil
	}
	var err error
	p.expr, err = regexp.Compile(inner)
	return p, err
}

func (p *pattern) fits(text string) bool {
	switch {
	case p == nil:
		return true
	case p.expr != nil:
		return p.expr.MatchString(text)
	}
	return strings.Contains(text, p.source)
}
