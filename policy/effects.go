package policy

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// effects is what statements may change around them.
type effects struct {
	names  map[string]bool // whether it only gets numbers
	cd     bool            // the directory changes
	leaves bool            // break, continue or exit
	work   int             // of judging them once, about
}

func (j *judge) forget(st state, lists ...[]*syntax.Stmt) state {
	for _, l := range lists {
		st = j.forgetEffects(st, j.effectsOf(l))
	}
	return st
}

func (j *judge) forgetEffects(st state, e effects) state {
	for name, numeric := range e.names {
		v := unknownValue()
		if old, ok := st.lookup(name); ok && numeric && old.isNumber() {
			v = value{args: []Arg{kindArg(pieceDigits)}}
		}
		if !st.bind(name, v) {
			j.refuse(refusal{rule: "P1", part: name, why: "is one variable too many for one command", instead: "split the command"})
		}
	}
	st.lost = st.lost || e.cd
	return st
}

func (j *judge) effectsOf(list []*syntax.Stmt) effects {
	e := effects{names: map[string]bool{}}
	for _, s := range list {
		e.work += span(s)
		j.spend(span(s))
		syntax.Walk(s, e.see)
	}
	return e
}

func (e *effects) set(name string, numeric bool) {
	old, seen := e.names[name]
	e.names[name] = numeric && (old || !seen)
}

// isArithm says that a word is $(( )) and nothing else.
func isArithm(w *syntax.Word) bool {
	if len(w.Parts) != 1 {
		return false
	}
	_, ok := w.Parts[0].(*syntax.ArithmExp)
	return ok
}

func (e *effects) see(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.Stmt:
		e.work += stmtWork
	case *syntax.Assign:
		if n.Name != nil {
			e.set(n.Name.Value, n.Value != nil && n.Index == nil && !n.Append && isArithm(n.Value))
		}
		if n.Naked && n.Value != nil {
			e.seeWord(n.Value)
		}
	case *syntax.WordIter:
		e.set(n.Name.Value, false)
	case *syntax.ParamExp:
		if n.Param != nil && n.Exp != nil && (n.Exp.Op == syntax.AssignUnset || n.Exp.Op == syntax.AssignUnsetOrNull) {
			e.set(n.Param.Value, false)
		}
	case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.CStyleLoop:
		syntax.Walk(n, e.seeArithm)
	case *syntax.Redirect:
		if n.N != nil {
			e.set(strings.Trim(n.N.Value, "{}"), true)
		}
	case *syntax.CallExpr:
		e.seeCall(n)
	}
	return true
}

// seeArithm takes every name in arithmetic as assigned: it costs nothing, since
// the result is a number.
func (e *effects) seeArithm(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.Lit:
		if isName(n.Value) {
			e.set(n.Value, true)
		}
	case *syntax.ParamExp:
		if n.Param != nil && n.Index != nil {
			e.set(n.Param.Value, true)
		}
	}
	return true
}

func (e *effects) seeCall(c *syntax.CallExpr) {
	if len(c.Args) == 0 {
		return
	}
	var f fields
	name, plainWord := plain(c.Args[0])
	if !plainWord {
		for _, p := range c.Args[0].Parts {
			switch p := p.(type) {
			case *syntax.Lit:
				f.unquoted(p.Value)
			case *syntax.SglQuoted:
				f.add(pieceText, p.Value)
			case *syntax.DblQuoted:
				if len(p.Parts) == 1 {
					if l, ok := p.Parts[0].(*syntax.Lit); ok {
						f.add(pieceText, inDouble(l.Value))
					}
				}
			}
		}
		name = unglob(f.arg())
	}
	switch name {
	case "cd":
		e.cd = true
	case "break", "continue", "exit", "return":
		e.leaves = true
	case "read", "export", "local":
		for _, w := range c.Args[1:] {
			e.seeWord(w)
		}
	}
}

func (e *effects) seeWord(w *syntax.Word) {
	if s, ok := plain(w); ok {
		s, _, _ = strings.Cut(s, "=")
		if isName(s) {
			e.set(s, false)
		}
	}
}
