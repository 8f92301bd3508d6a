package policy

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// redirects judges the redirections of a statement: what they write (P5), what
// they read (P7), and the commands in their words and here-documents.
func (j *judge) redirects(s *syntax.Stmt, st *state) {
	assigned := map[string]bool{}
	if c, ok := s.Cmd.(*syntax.CallExpr); ok && len(s.Redirs) > 0 {
		for _, a := range c.Assigns {
			if a.Name != nil {
				assigned[a.Name.Value] = true
			}
		}
	}
	for _, r := range s.Redirs {
		in := *st
		j.spend(span(r) + stmtWork*len(assigned))
		for name := range assigned {
			in.bind(name, unknownValue()) // before or after the assignment: not told apart
		}
		j.redirect(r, &in)
		if len(assigned) == 0 {
			*st = in
		}
	}
}

func (j *judge) redirect(r *syntax.Redirect, st *state) {
	part := j.text(r)
	if r.N != nil && strings.HasPrefix(r.N.Value, "{") {
		j.assign(strings.Trim(r.N.Value, "{}"), value{args: []Arg{kindArg(pieceDigits)}}, st, part)
	}
	switch r.Op {
	case syntax.Hdoc, syntax.DashHdoc:
		if r.Hdoc != nil {
			j.body2(r.Hdoc, st)
		}
		return
	case syntax.WordHdoc:
		j.value(r.Word, st)
		return
	}
	targets := j.word(nil, r.Word, st)
	if len(targets) != 1 {
		j.refuse(refusal{rule: "P5", part: part, why: "does not name exactly one file", instead: "name one file"})
		return
	}
	a := targets[0]
	if r.Op == syntax.DplIn || r.Op == syntax.DplOut {
		if s, ok := a.literal(); ok && descriptor(s) {
			return
		}
		if a.is(pieceDigits) {
			return
		}
		if s, ok := a.literal(); !ok || !plainFile.MatchString(s) {
			j.refuse(refusal{rule: "P5", part: part, why: "names a file after >&, which bash expands twice", instead: "use > FILE 2>&1"})
			return
		}
	}
	switch r.Op {
	case syntax.RdrIn, syntax.DplIn:
		j.use(st, a, useRead, part)
	case syntax.RdrInOut:
		j.use(st, a, useRead, part)
		j.use(st, a, useWrite, part)
	case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll, syntax.DplOut:
		j.use(st, a, useWrite, part)
	default:
		j.refuse(refusal{rule: "P1", part: part, why: "is a redirection that plain bash does not have", instead: "use > or >>"})
	}
}

// descriptor says that the word after >& is a number or a minus, not a file.
func descriptor(s string) bool {
	s = strings.TrimSuffix(s, "-")
	return strings.Trim(s, "0123456789") == ""
}

// body2 judges what an unquoted here-document expands.
func (j *judge) body2(w *syntax.Word, st *state) {
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
		case *syntax.ParamExp:
			j.quotesInQuotes(p)
			j.param(p, st)
		case *syntax.CmdSubst:
			j.substitution(p, st)
		case *syntax.ArithmExp:
			j.arithm(p.X, st)
		default:
			var f fields
			j.part(&f, p, st)
		}
	}
}

// use judges what a command does with a path, from every place where it may
// stand (P5, P6, P7).
func (j *judge) use(st *state, a Arg, u use, part string) {
	if r := j.judgeUse(st, a, u); r != nil {
		r.part = part
		j.refuse(*r)
	}
}

// Work on a path, from one directory.
const (
	useWork  = 16 // besides that on its bytes
	linkWork = 20 // on one component, which may be a link
)

// maxPath is how long a path may be, in bytes.
const maxPath = 4096

// judgeUse returns why a path may not be used so, or nil. The part is left out.
func (j *judge) judgeUse(st *state, a Arg, u use) *refusal {
	if a.has(pieceProc) {
		return nil
	}
	text, g, known := a.pattern()
	if len(text) > maxPath {
		return &refusal{rule: ruleOf(u), why: "is longer than any path", instead: "name a file"}
	}
	if !j.spend(len(st.cwd) * (useWork + len(text) + linkWork*strings.Count(text, "/"))) {
		return nil // refused
	}
	if r := rawPath(a, text, u); r != nil {
		return r
	}
	if !known {
		return j.unknownPath(st, a, u)
	}
	if text == "" {
		return nil // no such file
	}
	if strings.HasPrefix(text, "/") {
		return j.place(locate("/", text, g), u, false)
	}
	if st.lost && (u != useRead || strings.Contains(text, "..")) {
		return &refusal{rule: ruleOf(u), why: "is relative to a directory that is not known here",
			instead: "change the directory once with cd DIR && ..., or use a path from the project's root after cd " + j.p.opt.Project}
	}
	for _, d := range st.cwd {
		if r := j.place(locate(d.path, text, g), u, d.soft); r != nil {
			return r
		}
	}
	return nil
}

func ruleOf(u use) string {
	if u == useRead {
		return "P7"
	}
	return "P5"
}

func (j *judge) place(pl place, u use, soft bool) *refusal {
	why, instead, fix := j.p.judgePlace(pl, u, j.init)
	if why == "" {
		return nil
	}
	rule := ruleOf(u)
	if u != useRead && fix == (Setting{}) {
		rule = "P6"
	}
	if soft {
		if rule != "P6" {
			return nil // the cd before it failed, and what follows fails or is outside
		}
		why += " if the cd before it fails"
		instead = "join them: cd DIR && ..."
	}
	return &refusal{rule: rule, why: "(" + pl.String() + ") " + why, instead: instead, fix: fix}
}

// rawPath refuses paths that must not be cleaned before they are judged.
func rawPath(a Arg, text string, u use) *refusal {
	head := a.head()
	if text == "" {
		text = head
	}
	for _, dev := range []string{"/dev/tcp", "/dev/udp"} {
		if strings.HasPrefix(head, dev) {
			return &refusal{rule: "P5", why: "opens a network connection", instead: "use curl to localhost"}
		}
	}
	if strings.HasPrefix(strings.TrimLeft(head, "/"), "proc/") && strings.HasPrefix(head, "/") && !readable[text] {
		return &refusal{rule: "P7", why: "looks at other processes", instead: "read inside the project"}
	}
	return nil
}

// unknownPath judges a path of which a part is unknown.
func (j *judge) unknownPath(st *state, a Arg, u use) *refusal {
	if u != useRead {
		return &refusal{rule: "P5", why: "is a write target that cannot be resolved", instead: "write the path out"}
	}
	head := a.head()
	if head == "" {
		return nil // left to the sandbox
	}
	dir := head[:strings.LastIndexByte(head, '/')+1]
	if !strings.HasPrefix(head, "/") && dir == "" {
		return nil
	}
	return j.judgeUse(st, literalArg(dir+"x"), useRead)
}
