package policy

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// substitution judges $( ) and returns what it prints, as far as that is known.
func (j *judge) substitution(c *syntax.CmdSubst, st *state) Arg {
	j.oddBackticks(c)
	if c.TempFile || c.ReplyVar {
		j.refuse(refusal{rule: "P1", part: j.text(c), why: "is syntax that plain bash does not have", instead: "use $( )"})
	}
	j.last = nil
	j.subshell(c.Stmts, *st, "$( )")
	unknown := Arg{pieces: []piece{{kind: pieceUnknown}}, many: true}
	if len(c.Stmts) != 1 || j.done() {
		return unknown
	}
	s := c.Stmts[0]
	if packages(s) {
		return Arg{pieces: []piece{{kind: pieceRef}}, many: true}
	}
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 || len(call.Assigns) > 0 || !onlyErrors(s.Redirs) || s.Negated || s.Background {
		return unknown
	}
	if a, ok := j.printed(j.last, st); ok {
		return a
	}
	return unknown
}

// packages says that a command prints import paths: go list, perhaps with some
// of its lines left out.
func packages(s *syntax.Stmt) bool {
	if !onlyErrors(s.Redirs) || s.Negated || s.Background {
		return false
	}
	switch c := s.Cmd.(type) {
	case *syntax.BinaryCmd:
		return c.Op == syntax.Pipe && packages(c.X) && filters(c.Y)
	case *syntax.CallExpr:
		words, ok := plainWords(c)
		return ok && len(words) > 1 && words[0] == "go" && words[1] == "list" && !strings.Contains(strings.Join(words, " "), " -")
	}
	return false
}

// filters says that a command prints whole lines of its input.
func filters(s *syntax.Stmt) bool {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(s.Redirs) > 0 {
		return false
	}
	words, ok := plainWords(c)
	if !ok || len(words) == 0 {
		return false
	}
	letters := "u"
	switch words[0] {
	case "grep":
		letters = "vEFiwe"
	case "sort", "uniq":
	default:
		return false
	}
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "-") && strings.Trim(w[1:], letters) != "" {
			return false
		}
	}
	return words[0] == "grep" || len(words) <= 2
}

// plainWords are the words of a command, if all are literal.
func plainWords(c *syntax.CallExpr) ([]string, bool) {
	words := make([]string, len(c.Args))
	for i, w := range c.Args {
		var ok bool
		if words[i], ok = plain(w); !ok {
			return nil, false
		}
	}
	return words, len(c.Assigns) == 0
}

// onlyErrors says that redirections leave the standard output alone.
func onlyErrors(rs []*syntax.Redirect) bool {
	for _, r := range rs {
		if r.N == nil || r.N.Value != "2" || r.Op == syntax.DplOut {
			return false
		}
	}
	return true
}

// printed knows what a few programs print.
func (j *judge) printed(args []Arg, st *state) (Arg, bool) {
	lits := make([]string, len(args))
	all := true
	for i, a := range args {
		s, ok := a.literal()
		lits[i], all = s, all && ok
	}
	if len(args) == 0 {
		return Arg{}, false
	}
	switch {
	case lits[0] == "pwd" && len(args) == 1:
		if dir, ok := st.here(); ok {
			return literalArg(dir), true
		}
	case lits[0] == "dirname" && len(args) == 2:
		return dirname(args[1])
	case lits[0] == "basename" && len(args) >= 2:
		return j.basename(args[1:])
	case lits[0] == "date":
		return kindArg(pieceWord), all && plainDate(lits[1:])
	case lits[0] == "git" && all && len(lits) > 1:
		return j.printedByGit(lits[1:])
	case lits[0] == "seq":
		return Arg{pieces: []piece{{kind: pieceDigits}}, many: true}, all && !strings.Contains(strings.Join(lits[1:], " "), "-")
	case lits[0] == "echo" && all && len(args) == 2 && !strings.HasPrefix(lits[1], "-"):
		return literalArg(lits[1]), !strings.Contains(lits[1], `\`)
	}
	return Arg{}, false
}

// printedByGit knows the root of the work tree, and that the rest of what these
// print is a name of something in the repository.
func (j *judge) printedByGit(args []string) (Arg, bool) {
	switch line := strings.Join(args, " "); {
	case line == "rev-parse --show-toplevel":
		return literalArg(j.p.opt.Project), true
	case line == "branch --show-current", strings.HasPrefix(line, "rev-parse "), strings.HasPrefix(line, "describe"):
		return kindArg(pieceRef), true
	}
	return Arg{}, false
}

// plainDate says that date prints no slash and no space.
func plainDate(args []string) bool {
	ok := false
	for _, a := range args {
		switch {
		case a == "-u":
		case strings.HasPrefix(a, "+") && !strings.ContainsAny(a, "/ \t\n"):
			for _, c := range "cDxXnthrC+" {
				if strings.Contains(a[1:], "%"+string(c)) {
					return false
				}
			}
			ok = true
		default:
			return false
		}
	}
	return ok
}

func dirname(a Arg) (Arg, bool) {
	if s, ok := a.literal(); ok {
		s = strings.TrimRight(s, "/")
		i := strings.LastIndexByte(s, '/')
		switch {
		case i < 0:
			return literalArg("."), s != ""
		case i == 0:
			return literalArg("/"), true
		}
		return literalArg(s[:i]), true
	}
	if text, _, ok := a.pattern(); ok && !strings.Contains(text, "/") {
		return literalArg("."), true
	}
	d := dirOf(a)
	return d, !d.is(pieceUnknown)
}

func (j *judge) basename(args []Arg) (Arg, bool) {
	suffix := ""
	if len(args) == 2 {
		s, ok := args[1].literal()
		if !ok {
			return Arg{}, false
		}
		suffix = s
	}
	if strings.HasPrefix(args[0].head(), "-") || len(args) > 2 {
		return Arg{}, false
	}
	var name Arg
	if s, ok := args[0].literal(); ok {
		s = strings.TrimRight(s, "/")
		name = literalArg(s[strings.LastIndexByte(s, '/')+1:])
	} else {
		name = nameOf(args[0])
	}
	if suffix != "" {
		name = j.cutSuffix(name, literalArg(escapePattern(suffix)), false)
	}
	return name, !name.is(pieceUnknown)
}
