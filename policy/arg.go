package policy

import "strings"

// Arg is one argument of a command as far as it is known: a literal text, or
// pieces of which some are not literal.
type Arg struct {
	text   string
	pieces []piece // nil: the argument is text, literally
	many   bool    // it may become any number of arguments, none included
	quoted bool    // some part was quoted, so that an empty text is an argument
	built  bool    // some part came from a variable or a substitution
}

type piece struct {
	kind pieceKind
	text string // literal text, or the pattern of pieceGlob
}

type pieceKind uint8

const (
	pieceText    pieceKind = iota
	pieceGlob              // a pattern that matches file names
	pieceLoose             // such a pattern where something was cut off: names that begin with a dot too
	pieceUnknown           // any text
	pieceWord              // letters, digits, dot, minus, underscore; no slash, no minus at its start
	pieceRef               // what git and go list print: no space, no minus at its start
	pieceDigits            // a number that is not negative
	piecePid               // $! of this text
	pieceProc              // a process substitution: its command is judged on its own
	pieceDeep              // what find found: any path below
)

func literalArg(s string) Arg { return Arg{text: s} }

func unknownArg() Arg { return Arg{pieces: []piece{{kind: pieceUnknown}}} }

func kindArg(k pieceKind) Arg { return Arg{pieces: []piece{{kind: k}}} }

// literal returns the text of an argument of which everything is known.
func (a Arg) literal() (string, bool) { return a.text, a.pieces == nil && !a.many }

// head is the literal text that the argument begins with.
func (a Arg) head() string {
	if a.pieces == nil {
		return a.text
	}
	if a.pieces[0].kind == pieceText {
		return a.pieces[0].text
	}
	return ""
}

func (a Arg) has(k pieceKind) bool {
	for _, p := range a.pieces {
		if p.kind == k {
			return true
		}
	}
	return false
}

// is says that the argument is one piece of this kind and nothing else.
func (a Arg) is(k pieceKind) bool { return len(a.pieces) == 1 && a.pieces[0].kind == k }

// String shows the argument to a person.
func (a Arg) String() string {
	if a.pieces == nil {
		return a.text
	}
	var b strings.Builder
	for _, p := range a.pieces {
		switch p.kind {
		case pieceText, pieceGlob, pieceLoose:
			b.WriteString(p.text)
		case pieceDigits:
			b.WriteString("<number>")
		case piecePid:
			b.WriteString("$!")
		case pieceProc:
			b.WriteString("<( )")
		case pieceDeep:
			b.WriteString("**")
		default:
			b.WriteString("<unknown>")
		}
	}
	return b.String()
}

// globbing is what *, ?, [ and \ are in the text of a path.
type globbing uint8

const (
	plainText globbing = iota
	shellGlob          // a pattern of bash: at the start of a name it matches no dot
	looseGlob          // a pattern that matches any name
)

// pattern returns the argument as a pattern of file names. ok is false when
// a part is unknown.
func (a Arg) pattern() (text string, g globbing, ok bool) {
	if a.many && !a.has(pieceGlob) && !a.has(pieceLoose) && !a.has(pieceDigits) {
		return "", plainText, false
	}
	if a.pieces == nil {
		return a.text, plainText, true
	}
	g = shellGlob
	var b strings.Builder
	for _, p := range a.pieces {
		switch p.kind {
		case pieceText:
			b.WriteString(escapePattern(p.text))
		case pieceGlob:
			b.WriteString(p.text)
		case pieceLoose:
			b.WriteString(p.text)
			g = looseGlob
		case pieceDigits, piecePid:
			b.WriteByte('*')
		case pieceWord:
			b.WriteByte('*')
			g = looseGlob
		case pieceDeep:
			b.WriteString("**")
			g = looseGlob
		default:
			return "", plainText, false
		}
	}
	return b.String(), g, true
}

// globArg is an argument that is a pattern.
func globArg(text string, g globbing) Arg {
	switch {
	case g == plainText:
		return literalArg(text)
	case !isPattern(text):
		return literalArg(unescapePattern(text))
	case g == shellGlob:
		return Arg{pieces: []piece{{pieceGlob, text}}}
	}
	return Arg{pieces: []piece{{pieceLoose, text}}}
}

// above is what find was started at, of a path that it found.
func (a Arg) above() Arg {
	var f fields
	for _, p := range a.pieces {
		if p.kind == pieceDeep {
			break
		}
		f.add(p.kind, p.text)
	}
	return f.arg()
}

// from returns the argument without its first n literal bytes.
func (a Arg) from(n int) Arg {
	if a.pieces == nil {
		a.text = a.text[n:]
		return a
	}
	ps := append([]piece(nil), a.pieces...)
	cut := ps[0].text[:n]
	ps[0].text = ps[0].text[n:]
	if ps[0].text == "" && len(ps) > 1 {
		if a.pieces = ps[1:]; !strings.HasSuffix(cut, "/") {
			return a.loose()
		}
		return a
	}
	a.pieces = ps
	return a
}

// and is the argument with literal text after it.
func (a Arg) and(text string) Arg {
	var f fields
	f.addArg(a)
	f.add(pieceText, text)
	return f.arg()
}

// loose is the argument after something was cut off that may have kept a dot
// from the start of a name.
func (a Arg) loose() Arg {
	ps := append([]piece(nil), a.pieces...)
	for i := range ps {
		if ps[i].kind == pieceGlob {
			ps[i].kind = pieceLoose
		}
	}
	a.pieces = ps
	return a
}

// fields collects the arguments that one word expands to.
type fields struct {
	out  []Arg
	cur  Arg
	open bool   // cur holds something
	tail []byte // what the text or the last piece of cur goes on with

	built bool // the word holds a variable or a substitution
}

func (f *fields) add(k pieceKind, text string) {
	f.open = true
	switch {
	case k == pieceText && f.cur.pieces == nil:
		if f.cur.text == "" {
			f.cur.text = text
		} else {
			f.tail = append(f.tail, text...)
		}
	case k == pieceText && text == "":
	default:
		if n := len(f.cur.pieces); n > 0 && f.cur.pieces[n-1].kind == k && (k == pieceText || k == pieceGlob || k == pieceLoose) {
			f.tail = append(f.tail, text...)
			return
		}
		f.flush()
		if f.cur.pieces == nil && f.cur.text != "" {
			f.cur.pieces = append(f.cur.pieces, piece{pieceText, f.cur.text})
			f.cur.text = ""
		}
		f.cur.pieces = append(f.cur.pieces, piece{k, text})
	}
}

// flush joins the tail to what it continues.
func (f *fields) flush() {
	if len(f.tail) == 0 {
		return
	}
	if n := len(f.cur.pieces); n > 0 {
		f.cur.pieces[n-1].text += string(f.tail)
	} else {
		f.cur.text += string(f.tail)
	}
	f.tail = f.tail[:0]
}

// arg is the current argument, as it is.
func (f *fields) arg() Arg {
	f.flush()
	return f.cur
}

func (f *fields) addArg(a Arg) {
	if a.pieces == nil {
		f.add(pieceText, a.text)
	}
	for _, p := range a.pieces {
		f.add(p.kind, p.text)
	}
	f.cur.many = f.cur.many || a.many
}

// end finishes the current argument. An empty one counts only when quoted.
func (f *fields) end() {
	f.flush()
	if f.open && (f.cur.pieces != nil || f.cur.text != "" || f.cur.quoted) {
		f.cur.built = f.built
		f.out = append(f.out, f.cur)
	}
	f.cur, f.open = Arg{}, false
}

// addSplit adds what an unquoted expansion gave: literal text is split at
// blanks and its pattern characters become active.
func (f *fields) addSplit(a Arg) {
	if a.pieces == nil {
		f.addSplitText(a.text)
	}
	for _, p := range a.pieces {
		switch p.kind {
		case pieceText:
			f.addSplitText(p.text)
		case pieceUnknown:
			f.add(p.kind, p.text)
			f.cur.many = true
		default:
			f.add(p.kind, p.text)
		}
	}
	f.cur.many = f.cur.many || a.many
}

func (f *fields) addSplitText(s string) {
	for s != "" {
		i := strings.IndexAny(s, " \t\n")
		switch {
		case i < 0:
			f.addGlobbed(s)
			return
		case i > 0:
			f.addGlobbed(s[:i])
			fallthrough
		default:
			f.end()
			s = s[i+1:]
		}
	}
}

// addGlobbed adds unquoted text in which pattern characters are active and a
// backslash is not an escape.
func (f *fields) addGlobbed(s string) {
	if strings.ContainsAny(s, `*?[`) {
		f.add(pieceGlob, strings.ReplaceAll(s, `\`, `\\`))
		return
	}
	f.add(pieceText, s)
}
