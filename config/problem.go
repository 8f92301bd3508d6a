package config

import (
	"fmt"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with a layer, and what to do about it.
type Problem struct {
	Source string `json:"source"`           // a file's path, "environment" or "flags"
	Line   int    `json:"line,omitempty"`   // from 1; 0 outside files and for a whole file
	Column int    `json:"column,omitempty"` // in bytes, from 1
	Key    string `json:"key,omitempty"`    // as it was written there
	Value  string `json:"value,omitempty"`  // as it was written, cut to 60 bytes; "" where it may be secret
	Text   string `json:"text"`             // what is wrong
	Fix    string `json:"fix,omitempty"`    // what to do
}

// String is the problem on one line: place, key, what is wrong, the fix.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(printable(p.Source))
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(printable(p.Key))
		if p.Value != "" {
			b.WriteString(" = " + printable(p.Value))
		}
		b.WriteString(": ")
	}
	b.WriteString(printable(p.Text))
	if p.Fix != "" {
		b.WriteString("; " + printable(p.Fix))
	}
	return b.String()
}

// Error says that the configuration cannot be used. It holds every problem of
// every layer, in the order of the layers, then of the lines.
type Error struct {
	Problems []Problem
}

// Error has a line for each problem.
func (e *Error) Error() string {
	var b strings.Builder
	noun := "problems"
	if len(e.Problems) == 1 {
		noun = "problem"
	}
	fmt.Fprintf(&b, "cannot use the configuration: %d %s", len(e.Problems), noun)
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// printable makes text from a file that nobody trusts harmless on a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

// clip shortens a value to what a message can bear.
func clip(s string) string {
	const limit = 60
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
