package git

import "strings"

// wildmatch says whether a pattern of an ignore file matches text, by git's
// rules. In a path (pathname) only ** crosses a slash.
func wildmatch(pattern, text string, pathname bool) bool {
	m := matcher{pattern: pattern, text: text, pathname: pathname}
	if strings.Count(pattern, "*") > 2 {
		m.failed = make(map[[2]int]int)
	}
	return m.match(0, 0)
}

// matcher remembers, for patterns with many stars, from where on the rest after
// a star did not match: no pattern takes more than its length times that of the
// text.
type matcher struct {
	pattern, text string
	pathname      bool
	failed        map[[2]int]int // by what follows the star, and how far that star reaches
}

// match matches one character after the other up to the first star.
func (m *matcher) match(p, t int) bool {
	for ; p < len(m.pattern); p, t = p+1, t+1 {
		c := m.pattern[p]
		if c == '*' {
			return m.star(p, t)
		}
		if t == len(m.text) {
			return false
		}
		switch c {
		case '?':
			if m.pathname && m.text[t] == '/' {
				return false
			}
		case '[':
			end, ok := bracket(m.pattern, p, m.text[t])
			if !ok || m.pathname && m.text[t] == '/' {
				return false
			}
			p = end
		case '\\':
			p++
			if p == len(m.pattern) || m.pattern[p] != m.text[t] {
				return false
			}
		default:
			if c != m.text[t] {
				return false
			}
		}
	}
	return t == len(m.text)
}

// star matches from the star at p on.
func (m *matcher) star(p, t int) bool {
	first := p
	for p < len(m.pattern) && m.pattern[p] == '*' {
		p++
	}
	rest := m.pattern[p:]
	crosses := !m.pathname
	if p-first > 1 && m.pathname && (first == 0 || m.pattern[first-1] == '/') &&
		(rest == "" || rest[0] == '/' || strings.HasPrefix(rest, `\/`)) {
		if rest != "" && rest[0] == '/' && m.match(p+1, t) {
			return true // **/ is also no directory at all
		}
		crosses = true
	}
	if rest == "" {
		return crosses || !strings.Contains(m.text[t:], "/")
	}
	end := len(m.text)
	if slash := strings.IndexByte(m.text[t:], '/'); slash >= 0 && !crosses {
		end = t + slash + 1
	}
	return m.somewhere(p, t, end)
}

// somewhere says whether the pattern from p on matches the text from t on, or
// from any place after it that is before end.
func (m *matcher) somewhere(p, t, end int) bool {
	key, stop := [2]int{p, end}, end
	if from, ok := m.failed[key]; ok {
		stop = from
	}
	for i := t; i < stop; i++ {
		if m.match(p, i) {
			return true
		}
	}
	if m.failed != nil {
		m.failed[key] = min(t, stop)
	}
	return false
}

// bracket matches c against the set that begins at p, and returns where the
// set ends. A set without an end matches nothing.
func bracket(pattern string, p int, c byte) (end int, ok bool) {
	p++
	negated := p < len(pattern) && (pattern[p] == '!' || pattern[p] == '^')
	if negated {
		p++
	}
	matched := false
	for first, from := true, byte(0); ; first, p = false, p+1 {
		if p >= len(pattern) {
			return p, false
		}
		low := pattern[p]
		switch {
		case low == ']' && !first:
			return p, matched != negated
		case low == '-' && from != 0 && p+1 < len(pattern) && pattern[p+1] != ']':
			p++
			if pattern[p] == '\\' {
				p++
			}
			if p >= len(pattern) {
				return p, false
			}
			matched = matched || from <= c && c <= pattern[p]
			from = 0
			continue
		case low == '[' && p+1 < len(pattern) && pattern[p+1] == ':':
			stop := strings.IndexByte(pattern[p+2:], ']')
			if stop < 0 {
				return p, false
			}
			if name, found := strings.CutSuffix(pattern[p+2:p+2+stop], ":"); found {
				member, known := classes[name]
				if !known {
					return p, false
				}
				matched = matched || member(c)
				p += 2 + stop
				from = 0
				continue
			}
		case low == '\\':
			if p++; p >= len(pattern) {
				return p, false
			}
			low = pattern[p]
		}
		matched = matched || low == c
		from = low
	}
}

func between(low, high byte) func(byte) bool {
	return func(c byte) bool { return low <= c && c <= high }
}

func either(of ...func(byte) bool) func(byte) bool {
	return func(c byte) bool {
		for _, f := range of {
			if f(c) {
				return true
			}
		}
		return false
	}
}

// classes are the named sets of characters, in ASCII.
var classes = map[string]func(byte) bool{
	"lower":  between('a', 'z'),
	"upper":  between('A', 'Z'),
	"digit":  between('0', '9'),
	"alpha":  either(between('a', 'z'), between('A', 'Z')),
	"alnum":  either(between('a', 'z'), between('A', 'Z'), between('0', '9')),
	"xdigit": either(between('a', 'f'), between('A', 'F'), between('0', '9')),
	"blank":  either(between(' ', ' '), between('\t', '\t')),
	"space":  either(between(' ', ' '), between('\t', '\r')),
	"cntrl":  either(between(0, 31), between(127, 127)),
	"graph":  between('!', '~'),
	"print":  between(' ', '~'),
	"punct":  either(between('!', '/'), between(':', '@'), between('[', '`'), between('{', '~')),
}
