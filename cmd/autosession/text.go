package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// harmless makes a text safe for one line of a terminal: control characters,
// also those that end the line, and those that reorder or hide text, are shown
// and not obeyed. A tab becomes a space.
func harmless(s string) string {
	clean := true
	for _, r := range s {
		clean = clean && r != '\t' && !harmful(r)
	}
	if clean && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case harmful(r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func harmful(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// harmlessLines is harmless for a text that may have several lines. All but the
// first begin with indent.
func harmlessLines(s, indent string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = harmless(lines[i])
	}
	return strings.Join(lines, "\n"+indent)
}

// firstLine is a text's first line that is not blank.
func firstLine(s string) string {
	line, _, more := strings.Cut(strings.TrimSpace(s), "\n")
	if more {
		line += " …"
	}
	return line
}

// lastLine is a text's last line that is not blank.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// short cuts a line to what fits on one.
func short(s string) string {
	const most = 100
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}

// count is a number as a person reads it: 950, 12.3k, 4.5M.
func count(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1fk", float64(n)/1000)
	}
	return fmt.Sprintf("%.1fM", float64(n)/1_000_000)
}
