package policy

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// param expands ${...} (P4). The operators that evaluate text or reach other
// variables are refused.
func (j *judge) param(p *syntax.ParamExp, st *state) value {
	if p.Param == nil || p.Excl || p.Names != 0 || p.Width || p.IsSet || p.Flags != nil || p.NestedParam != nil || len(p.Modifiers) > 0 ||
		p.Split != 0 || p.GlobSubst != 0 || p.RcExpand != 0 {
		return j.refuseParam(p, "reaches a variable that the text does not name")
	}
	if p.Exp != nil || p.Repl != nil {
		j.oddExpansion(p)
	}
	name := p.Param.Value
	v := j.variable(name, st)
	if !j.spend(useWork + v.size()) {
		return unknownValue()
	}
	if p.Index != nil {
		v = j.element(p, v, st)
	} else if v.array && len(v.args) > 0 {
		v = value{args: v.args[:1]}
	}
	switch {
	case p.Length:
		return value{args: []Arg{kindArg(pieceDigits)}}
	case p.Slice != nil:
		j.arithm(p.Slice.Offset, st)
		j.arithm(p.Slice.Length, st)
		return unknownLike(v)
	case p.Repl != nil:
		return j.replace(p.Repl, v, st)
	case p.Exp != nil:
		return j.operator(p, v, st)
	}
	return v
}

func (j *judge) refuseParam(p *syntax.ParamExp, why string) value {
	j.refuse(refusal{rule: "P4", part: j.text(p), why: why, instead: "use a plain $NAME"})
	return unknownValue()
}

func unknownLike(v value) value {
	if v.array || len(v.args) != 1 {
		return value{args: []Arg{{pieces: []piece{{kind: pieceUnknown}}, many: true}}}
	}
	return unknownValue()
}

// variable is what $name holds.
func (j *judge) variable(name string, st *state) value {
	one := func(a Arg) value { return value{args: []Arg{a}} }
	if v, ok := st.lookup(name); ok {
		return v
	}
	switch name {
	case "HOME":
		if j.p.opt.Home != "" {
			return one(literalArg(j.p.opt.Home))
		}
	case "PWD":
		if dir, ok := st.here(); ok {
			return one(literalArg(dir))
		}
	case "!":
		return one(kindArg(piecePid))
	case "?", "#", "$", "RANDOM", "SECONDS", "LINENO", "UID", "EUID", "PPID", "BASHPID", "SRANDOM", "EPOCHSECONDS", "SHLVL":
		return one(kindArg(pieceDigits))
	case "@", "*":
		return one(Arg{pieces: []piece{{kind: pieceUnknown}}, many: true})
	}
	if s, ok := j.p.opt.Env[name]; ok {
		return one(literalArg(s))
	}
	return unknownValue()
}

// element is ${name[index]}.
func (j *judge) element(p *syntax.ParamExp, v value, st *state) value {
	if w, ok := p.Index.(*syntax.Word); ok {
		if lit := w.Lit(); lit == "@" || lit == "*" {
			if v.array {
				return value{args: v.args, array: true}
			}
			return unknownLike(value{array: true})
		} else if i, ok := smallNumber(lit); ok && v.array && i < len(v.args) && !manyIn(v.args[:i+1]) {
			return value{args: v.args[i : i+1]}
		}
	}
	j.arithm(p.Index, st)
	return unknownValue()
}

func manyIn(args []Arg) bool {
	for _, a := range args {
		if a.many || a.has(pieceGlob) {
			return true
		}
	}
	return false
}

func smallNumber(s string) (int, bool) {
	if len(s) == 0 || len(s) > 3 {
		return 0, false
	}
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, false
		}
		n = n*10 + int(r-'0')
	}
	return n, true
}

// replace is ${x/a/b}.
func (j *judge) replace(r *syntax.Replace, v value, st *state) value {
	orig, with := j.value(r.Orig, st), Arg{}
	if r.With != nil {
		with = j.value(r.With, st)
	}
	if len(v.args) == 1 && !v.array {
		s, ok1 := v.args[0].literal()
		o, ok2 := orig.literal()
		w, ok3 := with.literal()
		if ok1 && ok2 && ok3 && o != "" && !strings.ContainsAny(o, patternChars+"#%") && !strings.ContainsAny(w, `&\`) {
			n := 1
			if r.All {
				n = -1
			}
			return value{args: []Arg{literalArg(strings.Replace(s, o, w, n))}}
		}
	}
	return unknownLike(v)
}

// operator is ${x:-y}, ${x%y} and their like.
func (j *judge) operator(p *syntax.ParamExp, v value, st *state) value {
	op := p.Exp.Op
	word := j.value(p.Exp.Word, st)
	known := len(v.args) == 1 && !v.array
	switch op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull:
		if s, ok := v.args1(); ok && s != "" {
			return v
		}
	case syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if s, ok := v.args1(); ok && s != "" {
			return v
		}
		j.assign(p.Param.Value, unknownValue(), st, j.text(p))
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if s, ok := v.args1(); ok && s != "" {
			return value{args: []Arg{word}}
		}
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return v
	case syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		if known {
			return value{args: []Arg{j.cutSuffix(v.args[0], word, op == syntax.RemLargeSuffix)}}
		}
	case syntax.RemSmallPrefix, syntax.RemLargePrefix:
		if known {
			return value{args: []Arg{j.cutPrefix(v.args[0], word, op == syntax.RemLargePrefix)}}
		}
	case syntax.UpperFirst, syntax.UpperAll, syntax.LowerFirst, syntax.LowerAll:
		return unknownLike(v)
	default:
		return j.refuseParam(p, "is evaluated as more than text")
	}
	return unknownLike(v)
}

func (v value) args1() (string, bool) {
	if len(v.args) != 1 || v.array {
		return "", false
	}
	return v.args[0].literal()
}

// cutSuffix is ${x%pattern}, for what agents write: an extension, or /* for the
// directory. Anything else is unknown.
func (j *judge) cutSuffix(a, pattern Arg, large bool) Arg {
	pat, ok := pattern.literal()
	if !ok {
		return unknownArg()
	}
	if s, ok := a.literal(); ok {
		if !j.spend(len(s) * len(s) * (1 + len(pat)) / 16) {
			return unknownArg()
		}
		return literalArg(trimSuffix(s, pat, large))
	}
	n := len(a.pieces)
	last := &a.pieces[n-1]
	if n > 0 && last.kind == pieceText && !strings.ContainsAny(pat, patternChars) && strings.HasSuffix(last.text, pat) {
		var f fields
		f.addArg(Arg{pieces: a.pieces[:n-1]})
		f.add(pieceText, strings.TrimSuffix(last.text, pat))
		return shortened(f.arg(), pat)
	}
	if last.kind == pieceGlob && pat == ".*" && !large && strings.Contains(last.text, ".") {
		return Arg{pieces: append(append([]piece(nil), a.pieces[:n-1]...), piece{pieceGlob, last.text[:strings.LastIndexByte(last.text, '.')] + "*"})}
	}
	if pat == "/*" && !large {
		return dirOf(a)
	}
	if (last.kind == pieceGlob || last.kind == pieceText) && !strings.ContainsAny(pat, patternChars+"/") {
		return globSuffix(a, pat)
	}
	return unknownArg()
}

// shortened is what is left of a pattern without a suffix. It may be empty, and
// what follows begin with a dot, if the suffix did not do so itself.
func shortened(a Arg, suffix string) Arg {
	if a.pieces == nil || strings.HasPrefix(suffix, ".") || strings.HasPrefix(suffix, "/") {
		return a
	}
	return a.loose()
}

// globSuffix takes a literal suffix off a value that ends in a pattern.
func globSuffix(a Arg, suffix string) Arg {
	ps := append([]piece(nil), a.pieces...)
	last := &ps[len(ps)-1]
	if last.kind != pieceGlob || !strings.HasSuffix(last.text, suffix) {
		return unknownArg()
	}
	last.text = strings.TrimSuffix(last.text, suffix)
	return shortened(Arg{pieces: ps}, suffix)
}

func trimSuffix(s, pat string, large bool) string {
	best := -1
	for i := len(s); i >= 0; i-- {
		if match(pat, s[i:]) {
			best = i
			if !large {
				break
			}
		}
	}
	if best < 0 {
		return s
	}
	return s[:best]
}

// cutPrefix is ${x#pattern}: exact for literals, and ##*/ for the name.
func (j *judge) cutPrefix(a, pattern Arg, large bool) Arg {
	pat, ok := pattern.literal()
	if !ok {
		return unknownArg()
	}
	if s, ok := a.literal(); ok {
		if !j.spend(len(s) * len(s) * (1 + len(pat)) / 16) {
			return unknownArg()
		}
		best := -1
		for i := 0; i <= len(s); i++ {
			if match(pat, s[:i]) {
				best = i
				if !large {
					break
				}
			}
		}
		return literalArg(s[max(best, 0):])
	}
	if pat == "*/" && large {
		return nameOf(a)
	}
	if h := a.head(); !strings.ContainsAny(pat, patternChars) && strings.HasPrefix(h, pat) {
		return a.from(len(pat))
	}
	return unknownArg()
}

// nameOf is the last component of a path that is partly a pattern.
func nameOf(a Arg) Arg {
	text, g, ok := a.pattern()
	if !ok || strings.Contains(text, "**") {
		return unknownArg()
	}
	return globArg(text[strings.LastIndexByte(text, '/')+1:], g)
}

// dirOf is a path without its last component.
func dirOf(a Arg) Arg {
	text, g, ok := a.pattern()
	i := strings.LastIndexByte(text, '/')
	if !ok || i <= 0 || strings.Contains(text, "**") {
		return unknownArg()
	}
	return globArg(text[:i], g)
}
