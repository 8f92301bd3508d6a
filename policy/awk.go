package policy

import (
	"regexp"
	"strings"
)

func checkAwk(c *call, p *parsed) {
	if len(p.operands) == 0 {
		return
	}
	prog, ok := p.operands[0].literal()
	if !ok {
		c.refuse("P9", "has a program that is not known", "write the awk program literally; give values with -v")
		return
	}
	if why := judgeAwk(prog); why != "" {
		c.refuse("P9", "has an awk program that "+why, "print, and let the shell redirect or pipe")
		return
	}
	for _, a := range p.operands[1:] {
		if name, val, assigns := strings.Cut(a.head(), "="); assigns && isName(name) && val != "" {
			continue
		}
		c.use(a, useRead)
	}
}

// awkJoined is a line end after which a statement goes on.
var awkJoined = regexp.MustCompile(`(,|&&|\|\||\?|:|\bdo|\belse)[ \t\n]*\n`)

// judgeAwk scans an awk program: strings and patterns are skipped; what runs,
// pipes or redirects is refused. An output redirection is told from a
// comparison by standing in a print statement outside of parentheses.
func judgeAwk(s string) string {
	if hasWord(s, "ARGV") {
		return "names files by ARGV"
	}
	code, why := awkCode(s)
	if why != "" {
		return why
	}
	if strings.Contains(code, "@") {
		return "has @, which loads or calls by name"
	}
	for _, w := range []string{"system", "getline"} {
		if hasWord(code, w) {
			return "uses " + w
		}
	}
	if strings.Contains(strings.ReplaceAll(code, "||", ""), "|") {
		return "has a pipe"
	}
	code = awkJoined.ReplaceAllString(code, "$1 ")
	for _, st := range strings.FieldsFunc(code, func(r rune) bool { return strings.ContainsRune(";{}\n", r) }) {
		st = strings.TrimSpace(st)
		i := wordIndex(st, "print")
		if k := wordIndex(st, "printf"); i < 0 || k >= 0 && k < i {
			i = k
		}
		if i >= 0 && strings.Contains(outsideParens(st[i:]), ">") {
			return "redirects what it prints"
		}
	}
	return ""
}

// awkKeywords may have a pattern after them, where a name has a division; and
// so may the brackets after those of awkControl.
var (
	awkKeywords = words("print printf return in else do case exit delete")
	awkControl  = words("if while for switch")
)

// awkCode replaces strings and patterns of an awk program by underscores, and
// leaves out comments, which end with their line in any case, and line ends
// after a backslash.
func awkCode(s string) (code, why string) {
	var b strings.Builder
	last := byte(';')     // the last character that was not blank; ; where a pattern may follow
	var brackets []string // open ones: the words before them
	word := ""
	for i := 0; i < len(s); {
		c, n := s[i], 1
		switch {
		case nameByte(c):
			for i+n < len(s) && nameByte(s[i+n]) {
				n++
			}
			word = s[i : i+n]
			b.WriteString(word)
			if last = c; awkKeywords[word] {
				last = ';'
			}
			i += n
			continue
		case c == '(':
			brackets = append(brackets, word)
		case c == '#':
			if n = strings.IndexByte(s[i:], '\n'); n < 0 {
				n = len(s) - i
			}
			c = ' '
		case strings.HasPrefix(s[i:], "\\\n"):
			for n = 2; strings.HasPrefix(s[i+n:], "\\\n"); n += 2 {
			}
			if i > 0 && nameByte(s[i-1]) && i+n < len(s) && nameByte(s[i+n]) {
				return "", "has a word on two lines"
			}
			c = ' '
		case c == '"', c == '/' && strings.IndexByte("(,{};!~&|=\n?:<>+-*%^/", last) >= 0:
			if n = quotedLen(s[i:], c); n < 2 {
				return "", "has text in " + string(c) + " that does not end"
			}
			c = '_'
		}
		b.WriteByte(c)
		i += n
		if c == ' ' || c == '\t' {
			continue
		}
		switch last, word = c, ""; {
		case c == ')' && len(brackets) > 0:
			if awkControl[brackets[len(brackets)-1]] {
				last = ';'
			}
			brackets = brackets[:len(brackets)-1]
		case (c == '+' || c == '-') && i > 1 && s[i-2] == c:
			last = '_' // x++ is followed by an operator
		}
	}
	return b.String(), ""
}

// quotedLen is the length of the text that s begins with, in q, or 1 when it
// does not end on its line.
func quotedLen(s string, q byte) int {
	class := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '\n':
			return 1
		case q == '/' && s[i] == '[':
			class = true
		case s[i] == ']':
			class = false
		case s[i] == q && !class:
			return i + 1
		}
	}
	return 1
}

func hasWord(s, w string) bool { return wordIndex(s, w) >= 0 }

func wordIndex(s, w string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], w)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(w)
		if (i == 0 || !nameByte(s[i-1])) && (end == len(s) || !nameByte(s[end])) {
			return i
		}
		from = i + 1
	}
}

func nameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func outsideParens(s string) string {
	var b strings.Builder
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		default:
			if depth <= 0 {
				b.WriteByte(s[i])
			}
		}
	}
	return b.String()
}
