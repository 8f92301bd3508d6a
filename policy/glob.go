package policy

import (
	"strings"
	"unicode/utf8"
)

const patternChars = `*?[\`

// isPattern says that a pattern text matches more than one string.
func isPattern(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// escapePattern makes a pattern that matches only s.
func escapePattern(s string) string {
	if !strings.ContainsAny(s, patternChars) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(patternChars, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unescapePattern undoes escapePattern.
func unescapePattern(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// overlap says whether a string could match both patterns. Case is not told
// apart, since some file systems do not. When it cannot be told it says yes.
func overlap(a, b string) bool {
	switch {
	case !isPattern(a) && !isPattern(b):
		return strings.EqualFold(unescapePattern(a), unescapePattern(b))
	case !isPattern(a):
		return match(strings.ToLower(b), strings.ToLower(unescapePattern(a)))
	case !isPattern(b):
		return match(strings.ToLower(a), strings.ToLower(unescapePattern(b)))
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	pa, pb := literalHead(a), literalHead(b)
	if !strings.HasPrefix(pa, pb) && !strings.HasPrefix(pb, pa) {
		return false
	}
	sa, sb := literalTail(a), literalTail(b)
	return strings.HasSuffix(sa, sb) || strings.HasSuffix(sb, sa)
}

func literalHead(p string) string {
	if i := strings.IndexAny(p, patternChars); i >= 0 {
		return p[:i]
	}
	return p
}

func literalTail(p string) string {
	if strings.ContainsAny(p, `[\`) {
		return ""
	}
	return p[strings.LastIndexAny(p, patternChars)+1:]
}

// match says whether s matches the shell pattern. A bracket expression that is
// not understood matches any character.
func match(pattern, s string) bool {
	// Only the last star is tried again: the usual linear walk.
	var star, mark = -1, 0
	i, k := 0, 0
	for k < len(s) {
		if i < len(pattern) && pattern[i] == '*' {
			star, mark = i, k
			i++
			continue
		}
		if i < len(pattern) {
			if np, ns, ok := matchOne(pattern[i:], s[k:]); ok {
				i += np
				k += ns
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, size := utf8.DecodeRuneInString(s[mark:])
		mark += size
		i, k = star+1, mark
	}
	for i < len(pattern) && pattern[i] == '*' {
		i++
	}
	return i == len(pattern)
}

// matchOne matches the first element of a pattern, no star, with the first
// character of s, and returns the lengths of both.
func matchOne(pattern, s string) (np, ns int, ok bool) {
	r, size := utf8.DecodeRuneInString(s)
	switch pattern[0] {
	case '?':
		return 1, size, true
	case '\\':
		if len(pattern) > 1 {
			pr, psize := utf8.DecodeRuneInString(pattern[1:])
			return 1 + psize, size, pr == r
		}
	case '[':
		if n, ok, closed := matchBracket(pattern, r); closed {
			return n, size, ok
		}
	}
	pr, psize := utf8.DecodeRuneInString(pattern)
	return psize, size, pr == r
}

// matchBracket matches r with the bracket expression that pattern begins with.
func matchBracket(pattern string, r rune) (n int, ok, closed bool) {
	body := pattern[1:]
	negated := strings.HasPrefix(body, "!") || strings.HasPrefix(body, "^")
	if negated {
		body = body[1:]
	}
	end := strings.IndexByte(body[min(1, len(body)):], ']')
	if end < 0 {
		return 0, false, false
	}
	end += min(1, len(body))
	set := body[:end]
	n = len(pattern) - len(body) + end + 1
	if strings.ContainsAny(set, `[\`) {
		if strings.Contains(set, "[") { // a class such as [:alpha:] may hold its own bracket
			if more := strings.Index(pattern[n:], "]"); more == 0 {
				n++
			}
		}
		return n, true, true
	}
	if negated || strings.Contains(set, "-") && !plainRange(set) {
		return n, true, true
	}
	rs := []rune(set)
	for i := 0; i < len(rs); i++ {
		if i+2 < len(rs) && rs[i+1] == '-' {
			ok = ok || rs[i] <= r && r <= rs[i+2]
			i += 2
			continue
		}
		ok = ok || rs[i] == r
	}
	return n, ok, true
}

// plainRange says that a set is nothing but one range whose meaning does not
// depend on the locale.
func plainRange(set string) bool {
	return len(set) == 3 && set[1] == '-' && set[0] <= set[2] &&
		(set[0] >= '0' && set[2] <= '9' || set[0] >= 'a' && set[2] <= 'z')
}
