package policy

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// arithm judges arithmetic, in which bash evaluates text as code: the value of
// a variable, and the subscripts in it (P4). It returns what the result is.
func (j *judge) arithm(x syntax.ArithmExpr, st *state) pieceKind {
	if !j.spend(1) {
		return pieceDigits
	}
	switch x := x.(type) {
	case nil:
	case *syntax.Word:
		j.arithmWord(x, st)
	case *syntax.BinaryArithm:
		j.arithm(x.X, st)
		j.arithm(x.Y, st)
		if assigns(x.Op) {
			j.arithmAssign(x.X, st)
		}
	case *syntax.UnaryArithm:
		j.arithm(x.X, st)
		if x.Op == syntax.Inc || x.Op == syntax.Dec {
			j.arithmAssign(x.X, st)
		}
	case *syntax.ParenArithm:
		j.arithm(x.X, st)
	default:
		j.refuse(refusal{rule: "P4", part: j.text(x), why: "is arithmetic that plain bash does not have", instead: "write it in a simpler way"})
	}
	return pieceDigits
}

func assigns(op syntax.BinAritOperator) bool {
	switch op {
	case syntax.Assgn, syntax.AddAssgn, syntax.SubAssgn, syntax.MulAssgn, syntax.QuoAssgn, syntax.RemAssgn,
		syntax.AndAssgn, syntax.OrAssgn, syntax.XorAssgn, syntax.ShlAssgn, syntax.ShrAssgn:
		return true
	}
	return false
}

func (j *judge) arithmAssign(x syntax.ArithmExpr, st *state) {
	w, ok := x.(*syntax.Word)
	if !ok || len(w.Parts) == 0 {
		return
	}
	name := ""
	switch p := w.Parts[0].(type) {
	case *syntax.Lit:
		name = p.Value
	case *syntax.ParamExp:
		if p.Param != nil {
			name = p.Param.Value
		}
	}
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i]
	}
	if !isName(name) {
		j.refuse(refusal{rule: "P4", part: j.text(x), why: "assigns to a name that is not literal", instead: "name the variable"})
		return
	}
	j.assign(name, value{args: []Arg{kindArg(pieceDigits)}}, st, j.text(x))
}

// arithmWord judges one operand. The literal text of it, and of what it
// expands to, is evaluated by bash, so it may hold nothing that runs.
func (j *judge) arithmWord(w *syntax.Word, st *state) {
	j.arithmetic = true
	a := j.value(w, st)
	j.arithmText(a, j.text(w))
	if s, ok := a.literal(); ok && isName(s) {
		for _, held := range j.variable(s, st).args {
			j.arithmText(held, j.text(w))
		}
	}
}

func (j *judge) arithmText(a Arg, part string) {
	if runsInArithmetic(a.text) {
		j.refuseArithm(part)
	}
	for _, p := range a.pieces {
		if runsInArithmetic(p.text) {
			j.refuseArithm(part)
		}
	}
}

func runsInArithmetic(s string) bool { return strings.Contains(s, "$(") || strings.Contains(s, "`") }

func (j *judge) refuseArithm(part string) {
	j.refuse(refusal{rule: "P4", part: part, why: "holds $( or a backtick where bash evaluates text as arithmetic",
		instead: "run the command first and use its output"})
}
