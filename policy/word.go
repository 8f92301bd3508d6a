package policy

import (
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// words expands words as bash does before it runs a command: braces, tilde,
// variables, substitutions, splitting. Everything that runs on the way is
// judged.
func (j *judge) words(ws []*syntax.Word, st *state) []Arg {
	out := make([]Arg, 0, len(ws))
	for _, w := range ws {
		out = j.word(out, w, st)
	}
	return out
}

func (j *judge) word(out []Arg, w *syntax.Word, st *state) []Arg {
	size := span(w)
	if !j.spend(size) {
		return out
	}
	if s, ok := plain(w); ok {
		return append(out, Arg{text: s, quoted: true})
	}
	opens := braces(w)
	if opens == 0 {
		return j.fieldsOf(out, w, st)
	}
	if !j.spend(opens * (opens + len(w.Parts))) { // each may be open to the end
		return out
	}
	braced := *w // the tree itself stays as it was parsed
	if !syntax.SplitBraces(&braced) {
		return j.fieldsOf(out, w, st)
	}
	for each, err := range expand.BracesSeq(nil, &braced) {
		if j.expanded++; err != nil || j.expanded > maxExpanded {
			j.refuse(refusal{rule: "P1", part: j.text(w), why: "expands to too many words", instead: "name fewer"})
			break
		}
		if !j.spend(4 * size) { // a word is made of many small ones
			break
		}
		out = j.fieldsOf(out, joined(each), st)
	}
	return out
}

// joined is a word whose literal parts are one where they touch, as braces left
// them: what they make may be a ~ with its slash, or an escape.
func joined(w *syntax.Word) *syntax.Word {
	out := &syntax.Word{}
	for _, p := range w.Parts {
		lit, ok := p.(*syntax.Lit)
		if n := len(out.Parts); ok && n > 0 {
			if last, ok := out.Parts[n-1].(*syntax.Lit); ok {
				both := *last
				both.Value += lit.Value
				out.Parts[n-1] = &both
				continue
			}
		}
		out.Parts = append(out.Parts, p)
	}
	return out
}

// maxExpanded is how many words all the braces of a command may make.
const maxExpanded = 4096

// plain is the quick way for words without anything to expand.
func plain(w *syntax.Word) (string, bool) {
	if len(w.Parts) != 1 {
		return "", false
	}
	switch p := w.Parts[0].(type) {
	case *syntax.Lit:
		if !strings.ContainsAny(p.Value, `\*?[]{~`) {
			return p.Value, true
		}
	case *syntax.SglQuoted:
		return p.Value, !p.Dollar
	case *syntax.DblQuoted:
		if len(p.Parts) == 1 {
			if l, ok := p.Parts[0].(*syntax.Lit); ok {
				return inDouble(l.Value), true
			}
		}
	}
	return "", false
}

// braces is how many brace expansions a word may begin.
func braces(w *syntax.Word) int {
	n := 0
	for _, p := range w.Parts {
		if l, ok := p.(*syntax.Lit); ok {
			n += strings.Count(l.Value, "{")
		}
	}
	return n
}

func (j *judge) fieldsOf(out []Arg, w *syntax.Word, st *state) []Arg {
	f := fields{out: out}
	for i, p := range w.Parts {
		if l, ok := p.(*syntax.Lit); ok && i == 0 && strings.HasPrefix(l.Value, "~") {
			f.unquoted(j.tilde(&f, l.Value, len(w.Parts) == 1, st))
			continue
		}
		if l, ok := p.(*syntax.Lit); ok && laterTilde(l.Value) {
			f.add(pieceUnknown, "") // bash expands it in words that look like assignments
			continue
		}
		j.part(&f, p, st)
	}
	f.end()
	return f.out
}

// tilde adds what a leading ~ stands for and returns the rest of the literal.
func (j *judge) tilde(f *fields, s string, whole bool, st *state) (rest string) {
	i := strings.IndexByte(s, '/')
	if i < 0 && !whole {
		return s // ~$x is no tilde expansion
	}
	if i < 0 {
		i = len(s)
	}
	home := unknownArg()
	switch s[:i] {
	case "~":
		home = j.variable("HOME", st).args[0]
	case "~+":
		home = j.variable("PWD", st).args[0]
	default:
		// ~name and ~- are other people's homes or a place that is not tracked.
		f.add(pieceText, "/~")
	}
	f.addArg(home)
	return s[i:]
}

// laterTilde says that bash may expand a tilde that is not at the start.
func laterTilde(s string) bool {
	name, val, ok := strings.Cut(s, "=")
	return ok && isName(strings.TrimSuffix(name, "+")) && (strings.HasPrefix(val, "~") || strings.Contains(val, ":~"))
}

func (j *judge) part(f *fields, p syntax.WordPart, st *state) {
	switch p := p.(type) {
	case *syntax.Lit:
		f.unquoted(p.Value)
	case *syntax.SglQuoted:
		f.cur.quoted = true
		f.add(pieceText, j.single(p))
	case *syntax.DblQuoted:
		j.double(f, p, st)
	case *syntax.ParamExp:
		f.built = true
		v := j.param(p, st)
		for i, a := range v.args {
			if i > 0 {
				f.end()
			}
			f.addSplit(a)
		}
	case *syntax.CmdSubst:
		f.built = true
		f.addSplit(j.substitution(p, st))
	case *syntax.ArithmExp:
		f.add(j.arithm(p.X, st), "")
	case *syntax.ProcSubst:
		j.subshell(p.Stmts, *st, "process substitution")
		f.add(pieceProc, "")
	default:
		j.refuse(refusal{rule: "P1", part: j.text(p), why: "is syntax that plain bash does not have", instead: "write it in a simpler way"})
	}
}

func (j *judge) single(p *syntax.SglQuoted) string {
	if !p.Dollar {
		return p.Value
	}
	s, ok := ansiC(p.Value)
	if !ok {
		j.refuse(refusal{rule: "P1", part: j.text(p), why: "holds an escape that gives a control character", instead: "use printf with plain escapes"})
	}
	return s
}

func (j *judge) double(f *fields, p *syntax.DblQuoted, st *state) {
	f.cur.quoted, f.open = true, true
	for _, q := range p.Parts {
		switch q := q.(type) {
		case *syntax.Lit:
			f.add(pieceText, inDouble(q.Value))
		case *syntax.ParamExp:
			f.built = true
			j.quotesInQuotes(q)
			v := j.param(q, st)
			for i, a := range v.args {
				if i > 0 {
					f.end()
					f.cur.quoted, f.open = true, true
				}
				f.addArg(a)
			}
		case *syntax.CmdSubst:
			f.built = true
			a := j.substitution(q, st)
			a.many = false
			f.addArg(a)
		case *syntax.ArithmExp:
			f.add(j.arithm(q.X, st), "")
		default:
			j.part(f, q, st)
		}
	}
}

// value expands a word where bash neither splits it nor matches file names: an
// assignment, a case word, a redirection's text. The result is one argument.
func (j *judge) value(w *syntax.Word, st *state) Arg {
	if w == nil {
		return Arg{quoted: true}
	}
	if s, ok := plain(w); ok {
		return Arg{text: s, quoted: true}
	}
	if !j.spend(span(w)) {
		return unknownArg()
	}
	var f fields
	f.cur.quoted, f.open = true, true
	for i, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			s := p.Value
			if i == 0 && strings.HasPrefix(s, "~") {
				s = j.tilde(&f, s, len(w.Parts) == 1, st)
			}
			if strings.Contains(s, ":~") {
				f.add(pieceUnknown, "")
				continue
			}
			var g fields
			g.unquoted(s)
			f.add(pieceText, unglob(g.arg()))
		case *syntax.ParamExp:
			v := j.param(p, st)
			if len(v.args) != 1 {
				f.add(pieceUnknown, "")
				continue
			}
			f.addArg(v.args[0])
		case *syntax.CmdSubst:
			a := j.substitution(p, st)
			a.many = false
			f.addArg(a)
		case *syntax.ExtGlob:
			j.extGlob(p)
			f.add(pieceUnknown, "")
		default:
			j.part(&f, p, st)
		}
	}
	f.cur.many = false
	return f.arg()
}

// extGlob is a pattern such as !(x) where bash always understands it.
func (j *judge) extGlob(p *syntax.ExtGlob) {
	if strings.ContainsAny(p.Pattern.Value, "$`<>") {
		j.refuse(refusal{rule: "P2", part: j.text(p), why: "expands inside a pattern", instead: "use a plain pattern"})
	}
}

// unglob is the text of an argument whose pattern characters are inactive.
func unglob(a Arg) string {
	if a.pieces == nil {
		return a.text
	}
	var b strings.Builder
	for _, p := range a.pieces {
		b.WriteString(p.text)
	}
	return b.String()
}
