package policy

import (
	"slices"

	"mvdan.cc/sh/v3/syntax"
)

// stmts judges statements that run one after the other, and returns what is
// known when the last one succeeded and when it failed.
func (j *judge) stmts(list []*syntax.Stmt, st state) (ok, failed state) {
	ok, failed = st, st
	for i, s := range list {
		if i > 0 {
			ok = merge(ok, failed)
		}
		if ok, failed = j.stmt(s, ok); j.done() {
			break
		}
	}
	return ok, failed
}

func (j *judge) seq(list []*syntax.Stmt, st state) state { return merge(j.stmts(list, st)) }

func (j *judge) stmt(s *syntax.Stmt, st state) (ok, failed state) {
	if j.depth++; j.depth > maxDepth {
		j.refuse(*tooDeep(""))
		j.depth--
		return st, st
	}
	defer func() { j.depth-- }()
	if !j.spend(stmtWork) {
		return st, st
	}
	if s.Coprocess || s.Disown {
		j.refuse(refusal{rule: "P3", part: j.text(s), why: "starts a process that bash has no plain word for", instead: "use &"})
	}
	before := st
	j.redirects(s, &st)
	ok, failed = st, st
	if s.Cmd != nil {
		ok, failed = j.command(s.Cmd, st)
	}
	if s.Negated {
		ok, failed = failed, ok
	}
	if s.Background {
		return before, before
	}
	return ok, failed
}

func (j *judge) command(c syntax.Command, st state) (ok, failed state) {
	switch c := c.(type) {
	case *syntax.CallExpr:
		return j.simple(c, st)
	case *syntax.BinaryCmd:
		return j.binary(c, st)
	case *syntax.Block:
		return j.stmts(c.Stmts, st)
	case *syntax.Subshell:
		j.subshell(c.Stmts, st, "subshell")
		return st, st
	case *syntax.IfClause:
		j.open("if")
		out := j.branch(c, st)
		j.close()
		return out, out
	case *syntax.WhileClause:
		return j.while(c, st)
	case *syntax.ForClause:
		return j.forLoop(c, st)
	case *syntax.CaseClause:
		return j.caseOf(c, st)
	case *syntax.TestClause:
		j.open("[[ ]]")
		j.test(c.X, &st)
		j.close()
		return st, st
	case *syntax.ArithmCmd:
		j.arithm(c.X, &st)
		return st, st
	case *syntax.DeclClause:
		return j.declare(c, st)
	case *syntax.TimeClause:
		if c.Stmt != nil {
			return j.stmt(c.Stmt, st)
		}
	}
	j.refuse(refusal{rule: "P3", part: j.text(c), why: "is " + nameOfCommand(c) + ", which is not allowed", instead: "write the commands out"})
	return st, st
}

func nameOfCommand(c syntax.Command) string {
	switch c.(type) {
	case *syntax.FuncDecl:
		return "a function"
	case *syntax.CoprocClause:
		return "a coprocess"
	case *syntax.LetClause:
		return "let"
	case *syntax.TimeClause:
		return "time without a command"
	}
	return "syntax"
}

// subshell judges statements whose variables and directory do not come back.
func (j *judge) subshell(list []*syntax.Stmt, st state, kind string) {
	loops := j.loops
	j.loops = 0
	j.open(kind)
	j.stmts(list, st)
	j.close()
	j.loops = loops
}

// binary judges a chain of &&, || and |, which the parser nests to the left and
// which may be long, from its first command on.
func (j *judge) binary(c *syntax.BinaryCmd, st state) (ok, failed state) {
	chain := []*syntax.BinaryCmd{c}
	for {
		left, ok := chain[len(chain)-1].X.Cmd.(*syntax.BinaryCmd)
		if x := chain[len(chain)-1].X; !ok || x.Negated || x.Background || len(x.Redirs) > 0 {
			break
		}
		chain = append(chain, left)
	}
	ok, failed = j.stmt(chain[len(chain)-1].X, st)
	for _, c := range slices.Backward(chain) {
		if ok, failed = j.link(c, st, ok, failed); j.done() {
			break
		}
	}
	return ok, failed
}

// link judges what follows && or || or |, after what stands before it.
func (j *judge) link(c *syntax.BinaryCmd, st, ok, failed state) (state, state) {
	switch c.Op {
	case syntax.AndStmt:
		yes, no := j.stmt(c.Y, ok)
		return yes, merge(no, failed)
	case syntax.OrStmt:
		yes, no := j.stmt(c.Y, failed)
		return merge(ok, yes), no
	}
	j.stmt(c.Y, st)
	return st, st
}

func (j *judge) branch(c *syntax.IfClause, st state) state {
	if len(c.Cond) == 0 { // else
		return j.seq(c.Then, st)
	}
	ok, failed := j.stmts(c.Cond, st)
	out := j.seq(c.Then, ok)
	if c.Else == nil {
		return merge(out, failed)
	}
	return merge(out, j.branch(c.Else, failed))
}

func (j *judge) caseOf(c *syntax.CaseClause, st state) (ok, failed state) {
	j.open("case")
	defer j.close()
	j.value(c.Word, &st)
	out, fall := st, state{dead: true}
	for _, item := range c.Items {
		for _, w := range item.Patterns {
			j.value(w, &st)
		}
		in := merge(st, fall)
		end := j.seq(item.Stmts, in)
		out, fall = merge(out, end), state{dead: true}
		if item.Op != syntax.Break {
			fall = end
		}
	}
	return out, out
}

func (j *judge) while(c *syntax.WhileClause, st state) (ok, failed state) {
	j.open("while")
	defer j.close()
	st = j.forget(st, c.Cond, c.Do)
	yes, no := j.stmts(c.Cond, st)
	if c.Until {
		yes, no = no, yes
	}
	j.body(c.Do, yes)
	out := merge(st, no)
	return out, out
}

func (j *judge) body(list []*syntax.Stmt, st state) state {
	j.loops++
	defer func() { j.loops-- }()
	return j.seq(list, st)
}

func (j *judge) forLoop(c *syntax.ForClause, st state) (ok, failed state) {
	j.open("for")
	defer j.close()
	if c.Select {
		j.refuse(refusal{rule: "P3", part: j.text(c), why: "is select, which asks a person", instead: "use for"})
	}
	switch l := c.Loop.(type) {
	case *syntax.CStyleLoop:
		st = j.forget(st, c.Do)
		for _, x := range []syntax.ArithmExpr{l.Init, l.Cond, l.Post} {
			if x != nil {
				j.arithm(x, &st)
			}
		}
		j.body(c.Do, st)
		return st, st
	case *syntax.WordIter:
		return j.forWords(c, l, st)
	}
	j.refuse(refusal{rule: "P1", part: j.text(c), why: "is a loop that cannot be judged", instead: "use a plain for"})
	return st, st
}

// forWords judges the body once for each word that is known. A body that
// leaves the loop early, or is too long for that, is judged once, for any word.
func (j *judge) forWords(c *syntax.ForClause, l *syntax.WordIter, st state) (ok, failed state) {
	items := []Arg{{pieces: []piece{{kind: pieceUnknown}}, many: true}}
	if l.InPos.IsValid() {
		items = j.words(l.Items, &st)
	}
	eff := j.effectsOf(c.Do)
	cost := len(items) * eff.work
	if j.unrolled+cost > maxUnrolled {
		items = []Arg{unknownArg()}
	} else {
		j.unrolled += cost
	}
	exact := !eff.leaves && !manyIn(items) && cost <= maxUnrolled
	if !exact {
		st = j.forgetEffects(st, eff)
	}
	for _, item := range items {
		it := st
		item.many = false
		j.assign(l.Name.Value, value{args: []Arg{item}}, &it, j.text(l.Name))
		out := j.body(c.Do, it)
		if exact {
			st = out
		}
		if j.done() {
			break
		}
	}
	if !exact {
		st.bind(l.Name.Value, unknownValue())
	}
	st.dead = false
	return st, st
}
