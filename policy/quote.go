package policy

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unquoted adds an unquoted literal: a backslash takes the meaning from the
// next character, and pattern characters are active.
func (f *fields) unquoted(s string) {
	if !strings.ContainsAny(s, patternChars) {
		f.add(pieceText, s)
		return
	}
	for s != "" {
		i := strings.IndexAny(s, patternChars)
		if i < 0 {
			f.add(pieceText, s)
			return
		}
		if i > 0 {
			f.add(pieceText, s[:i])
			s = s[i:]
		}
		switch {
		case s[0] == '[' && !strings.Contains(s, "]"):
			f.add(pieceText, s[:1])
			s = s[1:]
		case s[0] != '\\':
			f.add(pieceGlob, s[:globEnd(s)])
			s = s[globEnd(s):]
		case len(s) == 1:
			f.add(pieceText, `\`)
			s = ""
		case s[1] == '\n':
			s = s[2:]
		default:
			_, n := utf8.DecodeRuneInString(s[1:])
			f.add(pieceText, s[1:1+n])
			f.cur.quoted = true
			s = s[1+n:]
		}
	}
}

// globEnd is the length of the pattern element that s begins with.
func globEnd(s string) int {
	if s[0] == '[' {
		if i := strings.IndexByte(s[1:], ']'); i > 0 {
			return i + 2
		}
	}
	return 1
}

// inDouble removes the backslashes that count between double quotes.
func inDouble(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case '\n':
				i++
				continue
			case '$', '`', '"', '\\':
				i++
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// ansiC decodes the text of $'...'. ok is false for an escape that gives a
// character which a command may not hold, or that is not understood.
func ansiC(s string) (text string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		n, ok := ansiEscape(&b, s[i+1:])
		if !ok {
			return "", false
		}
		i += 1 + n
	}
	text = b.String()
	return text, screen(text) == nil
}

// ansiEscape decodes what follows a backslash and returns its length.
func ansiEscape(b *strings.Builder, s string) (n int, ok bool) {
	switch c := s[0]; c {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case '\\', '\'', '"', '?':
		b.WriteByte(c)
	case 'a', 'b', 'e', 'E', 'f', 'v', 'r', 'c':
		return 0, false
	case 'x':
		return number(b, s[1:], 16, 2, 1)
	case 'u':
		return number(b, s[1:], 16, 4, 1)
	case 'U':
		return number(b, s[1:], 16, 8, 1)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		return number(b, s, 8, 3, 0)
	default:
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	return 1, true
}

func number(b *strings.Builder, s string, base, most, skip int) (n int, ok bool) {
	for n < len(s) && n < most {
		if _, err := strconv.ParseUint(s[n:n+1], base, 8); err != nil {
			break
		}
		n++
	}
	v, err := strconv.ParseUint(s[:n], base, 32)
	if err != nil || v == 0 || v > utf8.MaxRune {
		return 0, false
	}
	if most <= 3 {
		b.WriteByte(byte(v))
	} else {
		b.WriteRune(rune(v))
	}
	return n + skip, true
}
