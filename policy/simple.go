package policy

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// simple judges one simple command: assignments, words, and the program.
func (j *judge) simple(c *syntax.CallExpr, st state) (ok, failed state) {
	args := j.words(c.Args, &st)
	if j.done() {
		return st, st
	}
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			j.assignment(a, &st)
		}
		j.note("assignment", j.text(c))
		return st, st
	}
	env := st
	name, word := "", ""
	if len(args) > 0 {
		name, _ = args[0].literal()
		word = j.text(c.Args[0])
	}
	for _, a := range c.Assigns {
		if name == "read" && a.Name != nil && a.Name.Value == "IFS" && a.Array == nil {
			j.value(a.Value, &env) // how this one read splits its line changes nothing else
			continue
		}
		j.assignment(a, &env)
	}
	if len(args) == 0 || args[0].pieces != nil || args[0].many || !literalWord(c.Args[0]) {
		j.refuse(refusal{rule: "P3", part: j.text(c.Args[0]), why: "is a program word that is not written out",
			instead: "write the name of the program literally"})
		return st, st
	}
	call := &call{j: j, st: &st, failed: st, name: name, args: args[1:], part: j.text(c), word: word}
	j.noteCall(call, args)
	call.run()
	j.close()
	j.last = args
	st.dead = st.dead || call.ends
	return st, call.failed
}

// literalWord says that a program word, with its braces as they were written,
// holds no variable and no substitution.
func literalWord(w *syntax.Word) bool {
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit, *syntax.SglQuoted:
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				if _, ok := q.(*syntax.Lit); !ok {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

// assignment judges NAME=value in all its forms.
func (j *judge) assignment(a *syntax.Assign, st *state) {
	if a.Name == nil {
		return
	}
	name := a.Name.Value
	var v value
	switch {
	case a.Array != nil:
		v.array = true
		for _, e := range a.Array.Elems {
			if e.Index != nil {
				j.arithm(e.Index, st)
				v.args = append(v.args, Arg{pieces: []piece{{kind: pieceUnknown}}, many: true})
			}
			if e.Value != nil {
				v.args = j.word(v.args, e.Value, st)
			}
		}
	case a.Value != nil:
		v.args = []Arg{j.value(a.Value, st)}
	default:
		v.args = []Arg{literalArg("")}
	}
	if a.Index != nil {
		j.arithm(a.Index, st)
		v = value{args: []Arg{{pieces: []piece{{kind: pieceUnknown}}, many: true}}, array: true}
	}
	if a.Append {
		v = appended(j, name, v, st)
	}
	j.assign(name, v, st, j.text(a))
}

// appended is what name+=value gives.
func appended(j *judge, name string, v value, st *state) value {
	old, ok := st.lookup(name)
	if !j.spend(old.size() + v.size()) {
		return unknownValue()
	}
	switch {
	case !ok:
		return value{args: []Arg{{pieces: []piece{{kind: pieceUnknown}}, many: v.array}}, array: v.array}
	case v.array && old.array:
		return value{args: append(append([]Arg(nil), old.args...), v.args...), array: true}
	case v.array || old.array:
		return value{args: []Arg{{pieces: []piece{{kind: pieceUnknown}}, many: true}}, array: true}
	}
	var f fields
	f.addArg(old.args[0])
	f.addArg(v.args[0])
	return value{args: []Arg{f.arg()}}
}

// declare judges export and local; what else declares is refused.
func (j *judge) declare(c *syntax.DeclClause, st state) (ok, failed state) {
	name := c.Variant.Value
	if name != "export" && name != "local" {
		j.refuse(refusal{rule: "P3", part: j.text(c), why: "is " + name + ", which evaluates what it declares", instead: "use NAME=value or export"})
		return st, st
	}
	j.note(name, j.text(c))
	for _, a := range c.Args {
		if a.Name == nil {
			for _, w := range j.word(nil, a.Value, &st) {
				j.exportWord(name, w, &st, j.text(c))
			}
			continue
		}
		if a.Naked {
			j.exportWord(name, literalArg(a.Name.Value), &st, j.text(c))
			continue
		}
		j.assignment(a, &st)
	}
	return st, st
}

// exportWord judges one operand of export or local that is not plain
// NAME=value syntax.
func (j *judge) exportWord(builtin string, w Arg, st *state, part string) {
	if s, ok := w.literal(); ok {
		name, val, assigns := strings.Cut(s, "=")
		switch {
		case s == "--", builtin == "export" && (s == "-p" || s == "-n"), builtin == "local" && s == "-r":
			return
		case isName(name) && !assigns:
			if harmfulName(name) && name != "PATH" && name != "HOME" && name != "PWD" {
				break
			}
			return
		case isName(name):
			j.assign(name, value{args: []Arg{literalArg(val)}}, st, part)
			return
		}
	} else if name, _, assigns := strings.Cut(w.head(), "="); assigns && isName(name) {
		j.assign(name, unknownValue(), st, part)
		return
	}
	j.refuse(refusal{rule: "P4", part: part, why: "does not name a harmless variable literally", instead: "write export NAME=value"})
}

// test judges [[ ]]: its words, its files, and the text that it evaluates.
func (j *judge) test(x syntax.TestExpr, st *state) {
	switch x := x.(type) {
	case *syntax.Word:
		j.value(x, st)
	case *syntax.ParenTest:
		j.test(x.X, st)
	case *syntax.UnaryTest:
		j.testUnary(x, st)
	case *syntax.BinaryTest:
		j.testBinary(x, st)
	default:
		j.refuse(refusal{rule: "P1", part: j.text(x), why: "is a test that cannot be judged", instead: "use [ ]"})
	}
}

func (j *judge) testUnary(x *syntax.UnaryTest, st *state) {
	w, ok := x.X.(*syntax.Word)
	if !ok {
		j.test(x.X, st)
		return
	}
	a := j.value(w, st)
	switch x.Op {
	case syntax.TsVarSet, syntax.TsRefVar:
		j.refuse(refusal{rule: "P4", part: j.text(x), why: "evaluates a variable's name as code", instead: `use [ -n "$NAME" ]`})
	case syntax.TsNot, syntax.TsEmpStr, syntax.TsNempStr, syntax.TsOptSet, syntax.TsFdTerm, syntax.TsParen:
	default:
		j.use(st, a, useRead, j.text(x))
	}
}

func (j *judge) testBinary(x *syntax.BinaryTest, st *state) {
	wx, okx := x.X.(*syntax.Word)
	wy, oky := x.Y.(*syntax.Word)
	if !okx || !oky {
		j.test(x.X, st)
		j.test(x.Y, st)
		return
	}
	switch x.Op {
	case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
		j.arithmWord(wx, st)
		j.arithmWord(wy, st)
	case syntax.TsNewer, syntax.TsOlder, syntax.TsDevIno:
		j.use(st, j.value(wx, st), useRead, j.text(x))
		j.use(st, j.value(wy, st), useRead, j.text(x))
	default:
		j.value(wx, st)
		j.value(wy, st)
	}
}
