package policy

import (
	"regexp"
	"strings"
)

// scriptRules are sed and awk: programs whose first operand is a program.
var scriptRules = []rule{
	{names: "sed", operands: "data...", check: checkSed,
		options: `-n -E -r -s -u -z --quiet --silent --regexp-extended --separate --unbuffered --null-data --posix --debug --sandbox --help --version flag
			-e --expression -l --line-length value
			-i --in-place maybe
			-f --file --follow-symlinks never`,
		allow: []string{"sed -n '1,20p' x", "sed -i 's/foo/bar/g' src/config.js", "sed -i.bak -e 's|a|b|' -e '/x/d' x", `sed 's/write/we/; s,r,w,' x`, "sed -E 's/(a)/\\1w/' x",
			"sed -i '/old/c\\new w e' src/x", "sed '$!d' x", "sed -n '/start/,/end/{p;}' x", "sed -i '5a\\  text here; w x' src/x", "sed 'y/abc/xyz/' x", `sed "s/a/$(date +%s)/" x`, `N=$((2+3)); sed -n "${N}p" x`},
		deny: []string{"sed '1e id' x", "sed 's/a/b/e' x", "sed 's/a/b/w out' x", "sed '1,1w/etc/x' x", "sed -n 'w x' y", "sed '1r /etc/passwd' x", "sed -f x y", "sed -i s/a/b/ feature_list.json",
			"sed -ni p /etc/hosts", "sed --in-plac s/a/b/ /etc/x", "sed -e e x", "sed 's/a/b/;e' x", "sed '{e\n}' x", "sed -i s/a/b/ *", "sed '0~3W x' y", "sed 'R x' y", "sed 's/a/b/gIw x' y", "sed -s --expression=1e x"}},
	{names: "awk gawk mawk", operands: "data...", stop: true, check: checkAwk,
		options: "-F -v --field-separator --assign value\n-f -i -l -e -E -o -p -d -D -n -S --file --include --load --source --exec --pretty-print --profile --dump-variables --debug never",
		allow:   []string{"awk '{print $1}' x", "awk -F: '$3 > 10 {print $1}' x", "awk 'NR==1, /x|y/ { print \"a > b | c\" }' x", "awk -v n=3 '$1 >= n || /a|b/' x", "awk 'BEGIN { printf \"%d\\n\", 3 / 2 }'"},
		deny: []string{"awk 'BEGIN{system(\"id\")}'", "awk 'BEGIN{\"id\"|getline x}'", "awk '{print > \"x\"}' y", "awk '{print | \"sh\"}' x", "awk -f x y", "awk \"$P\" x", "awk '@load \"x\"'",
			"awk '{print}' /etc/passwd", "awk 'BEGIN{while((getline l < \"/etc/passwd\")>0) print l}'", "awk '{printf \"a\" >> \"f\"}' x", "awk '{ print $1, $2 > $3 }' x", "awk 'BEGIN { f = \"sys\" \"tem\"; @f(\"id\") }'"}},
}

func checkSed(c *call, p *parsed) {
	var scripts []Arg
	for _, o := range p.opts {
		if o.name == "-e" || o.name == "--expression" {
			scripts = append(scripts, o.val)
		}
	}
	files := p.operands
	if len(scripts) == 0 && len(files) > 0 {
		scripts, files = files[:1], files[1:]
	}
	inPlace := p.has("-i", "--in-place")
	for _, s := range scripts {
		if why := judgeSed(s); why != "" {
			c.refuse("P9", "has a sed script that "+why, "use s, p, d, a, i, c and addresses; redirect the output to a file")
			return
		}
	}
	for _, f := range files {
		c.use(f, useRead)
		if inPlace {
			c.use(f, useWrite)
		}
	}
	for _, o := range p.opts {
		if (o.name == "-i" || o.name == "--in-place") && o.has && strings.ContainsAny(o.val.String(), "/*<") {
			c.refuse("P5", "names its backups with a path", "use -i or -i.bak")
		}
	}
}

// judgeSed reads a sed script and tells what it may not do. An unknown part
// may stand where only text can be: it is refused where a command could be.
func judgeSed(a Arg) string {
	text := a.text
	if a.pieces != nil {
		var b strings.Builder
		for _, p := range a.pieces {
			switch p.kind {
			case pieceText, pieceGlob:
				b.WriteString(p.text)
			case pieceDigits:
				b.WriteByte('1')
			case pieceWord:
				b.WriteByte('_')
			default:
				b.WriteByte(sedUnknown)
			}
		}
		text = b.String()
	}
	// Some programs let a delimiter stand between [ and ], some do not.
	strict := sedScript{text: text, brackets: true}
	plain := sedScript{text: text}
	if why := strict.judge(); why != "" {
		return why
	}
	if why := plain.judge(); plain.acts {
		return why
	}
	return ""
}

// sedUnknown stands for unknown text: it can be a command, a delimiter, a line end.
const sedUnknown = 0

type sedScript struct {
	text     string
	i        int
	why      string
	brackets bool // a bracket expression may hold the delimiter
	acts     bool // what is wrong is that something is run, written or read
}

func (s *sedScript) judge() string {
	for s.i < len(s.text) && s.why == "" {
		s.command()
	}
	return s.why
}

func (s *sedScript) peek() byte {
	if s.i < len(s.text) {
		return s.text[s.i]
	}
	return '\n'
}

func (s *sedScript) skip(chars string) {
	for s.i < len(s.text) && strings.IndexByte(chars, s.text[s.i]) >= 0 {
		s.i++
	}
}

// command reads one command with its addresses.
func (s *sedScript) command() {
	s.skip(" \t\n;")
	if s.i >= len(s.text) {
		return
	}
	if !s.address() {
		return
	}
	s.skip(" \t")
	if s.peek() == ',' {
		s.i++
		s.skip(" \t")
		if !s.address() {
			return
		}
	}
	s.skip(" \t!")
	c := s.peek()
	s.i++
	switch c {
	case '{', '}', '=', 'd', 'D', 'g', 'G', 'h', 'H', 'n', 'N', 'p', 'P', 'x', 'z', 'F':
		s.end(c)
	case 'l', 'L', 'q', 'Q':
		s.skip(" \t0123456789")
		s.end(c)
	case 'a', 'i', 'c':
		s.textLine()
	case 'b', 't', 'T', ':', '#', 'v':
		s.restOfLine(c)
	case 'y':
		d := s.delimiter()
		_ = s.until(d, false) && s.until(d, false)
		s.end(c)
	case 's':
		s.substitute()
	case 'e', 'w', 'W', 'r', 'R':
		s.acts = true
		s.why = "has the command " + string(c) + ", which runs, writes or reads something"
	case sedUnknown:
		s.why = "is not known where a command stands"
	default:
		s.why = "has something that is not understood: " + cut(string(rune(c)))
	}
}

// end wants the end of a command.
func (s *sedScript) end(c byte) {
	s.skip(" \t")
	if s.why != "" || s.i >= len(s.text) || c == '{' || c == '}' && s.peek() != sedUnknown {
		return
	}
	switch s.peek() {
	case ';', '\n', '}', '#':
	default:
		s.why = "has something that is not understood after " + string(rune(c))
	}
}

func (s *sedScript) address() bool {
	switch c := s.peek(); {
	case c >= '0' && c <= '9' || c == '+' || c == '~':
		s.skip("0123456789~+")
	case c == '$':
		s.i++
	case c == '/':
		s.i++
		if !s.until('/', true) {
			return false
		}
		s.skip("IM")
	case c == '\\':
		s.i++
		if !s.until(s.delimiter(), true) {
			return false
		}
		s.skip("IM")
	default:
		return true
	}
	s.skip(" \t")
	if s.peek() == '~' {
		s.skip("~0123456789")
	}
	return s.why == ""
}

func (s *sedScript) delimiter() byte {
	d := s.peek()
	if d == sedUnknown || d == '\n' || d == '\\' {
		s.why = "has a delimiter that is not known"
	}
	s.i++
	return d
}

// until skips to the delimiter that ends a pattern or a replacement.
// Unknown text in it could hold the delimiter.
func (s *sedScript) until(d byte, pattern bool) bool {
	for s.why == "" && s.i < len(s.text) {
		switch c := s.text[s.i]; {
		case c == sedUnknown:
			s.why = "holds text that is not known, which could end it and go on with a command"
		case c == '\\':
			s.i++
		case c == '[' && pattern && s.brackets && s.bracket():
			continue
		case c == d:
			s.i++
			return true
		}
		s.i++
	}
	if s.why == "" {
		s.why = "is not complete"
	}
	return false
}

// bracket skips a bracket expression, in which a delimiter is plain text, and
// says whether there was one.
func (s *sedScript) bracket() bool {
	k := s.i + 1
	if k < len(s.text) && s.text[k] == '^' {
		k++
	}
	end := strings.IndexByte(s.text[min(k+1, len(s.text)):], ']')
	if end < 0 || strings.IndexByte(s.text[s.i:k+1+end], '\n') >= 0 || strings.IndexByte(s.text[s.i:k+1+end], sedUnknown) >= 0 {
		return false
	}
	s.i = k + 1 + end + 1
	return true
}

func (s *sedScript) substitute() {
	d := s.delimiter()
	if !s.until(d, true) || !s.until(d, false) {
		return
	}
	for s.i < len(s.text) {
		switch c := s.text[s.i]; {
		case c == 'e' || c == 'w':
			s.acts = true
			s.why = "has the flag " + string(c) + " of s, which runs or writes something"
			return
		case strings.IndexByte("gpiIMm0123456789", c) >= 0:
			s.i++
		default:
			s.end('s')
			return
		}
	}
}

// textLine skips the text of a, i and c: to the end of the line, and on after
// a backslash.
func (s *sedScript) textLine() {
	for s.i < len(s.text) {
		switch s.text[s.i] {
		case '\\':
			s.i++
		case '\n':
			return
		case sedUnknown:
			s.why = "holds text that is not known, which could have lines of its own"
			return
		}
		s.i++
	}
}

// restOfLine skips a label or a comment.
func (s *sedScript) restOfLine(c byte) {
	for s.i < len(s.text) && s.text[s.i] != '\n' && (s.text[s.i] != ';' || c == '#') {
		if s.text[s.i] == sedUnknown || s.text[s.i] == '}' && c != '#' {
			if s.text[s.i] == '}' {
				return
			}
			s.why = "holds text that is not known"
			return
		}
		s.i++
	}
}

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
var awkJoined = regexp.MustCompile(`(,|&&|\|\||\bdo|\belse)[ \t]*\n`)

// judgeAwk scans an awk program: strings and patterns are skipped; what runs,
// pipes or redirects is refused. An output redirection is told from a
// comparison by standing in a print statement outside of parentheses.
func judgeAwk(s string) string {
	s = awkJoined.ReplaceAllString(strings.ReplaceAll(s, "\\\n", " "), "$1 ")
	if hasWord(s, "ARGV") {
		return "names files by ARGV"
	}
	if strings.ContainsAny(s, "@") && strings.Contains(noAwkText(s), "@") {
		return "has @, which loads or calls by name"
	}
	code := noAwkText(s)
	for _, w := range []string{"system", "getline", "close", "fflush"} {
		if hasWord(code, w) && w != "close" && w != "fflush" {
			return "uses " + w
		}
	}
	if strings.Contains(strings.ReplaceAll(code, "||", ""), "|") {
		return "has a pipe"
	}
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

// noAwkText replaces strings and patterns of an awk program by spaces.
func noAwkText(s string) string {
	var b strings.Builder
	last := byte(';') // the last character that was not blank
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '/' && strings.IndexByte("(,{};!~&|=\n?:", last) >= 0:
			n := quotedLen(s[i:], c)
			b.WriteString(" _ ")
			i += n
			last = '_'
			continue
		case c == '#':
			for i < len(s) && s[i] != '\n' {
				i++
			}
			continue
		}
		b.WriteByte(c)
		if c != ' ' && c != '\t' {
			last = c
		}
		i++
	}
	return b.String()
}

// quotedLen is the length of the text that s begins with, in q. A pattern that
// is not closed on its line is no pattern.
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
