package policy

import "strings"

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
	val, _ := p.value("-i", "--in-place")
	suffix, ok := val.literal()
	if !ok || strings.ContainsAny(suffix, "/*") {
		c.refuse("P5", "names its backups with a path", "use -i or -i.bak")
		return
	}
	for _, f := range files {
		c.use(f, useRead)
		if inPlace {
			c.use(f, useWrite)
		}
		if suffix != "" {
			c.use(f.and(suffix), useWrite)
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
			case pieceText, pieceGlob, pieceLoose:
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
	open     bool // no bracket is closed from here on
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
		if s.until(d, false) {
			s.until(d, false)
		}
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
	if s.open {
		return false
	}
	k := s.i + 1
	if k < len(s.text) && s.text[k] == '^' {
		k++
	}
	if k < len(s.text) && s.text[k] == ']' {
		k++
	}
	for k < len(s.text) && s.text[k] != ']' && s.text[k] != '\n' && s.text[k] != sedUnknown {
		k += max(1, classLen(s.text[k:]))
	}
	if s.open = k == len(s.text); s.open || s.text[k] != ']' {
		return false
	}
	s.i = k + 1
	return true
}

// classLen is the length of the class that text begins with, as [:space:] in a
// bracket expression, or 0.
func classLen(text string) int {
	if len(text) < 2 || text[0] != '[' || strings.IndexByte(":.=", text[1]) < 0 {
		return 0
	}
	const longest = len("[:xdigit:]")
	end := strings.Index(text[2:min(len(text), longest)], text[1:2]+"]")
	if end < 0 {
		return 0
	}
	return end + 4
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
