package policy

import (
	"errors"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/autosession/autosession"
)

// judge walks one command. Its methods return what is known after a part and
// collect what is wrong in refused: the first refusal stands.
type judge struct {
	p       *Policy
	src     string
	init    bool // an init session: feature_list.json may be made
	refused *refusal
	explain *tracer // nil: only the verdict is wanted

	depth      int  // of statements in statements
	loops      int  // of loops around this point
	unrolled   int  // work on judging statements again for a further item of a loop
	expanded   int  // words made by braces
	spent      int  // work, about one for each byte that was looked at
	arithmetic bool // something is evaluated as arithmetic

	last []Arg // the words of the simple command that was judged last
}

const (
	maxDepth    = 64           // of nesting
	maxSpent    = 1 << 20      // work on one command
	maxUnrolled = maxSpent / 4 // of that in loops; in a loop above it the variable is unknown
	stmtWork    = 16           // of a statement, besides that on its bytes
)

// judgeText judges the text of one shell command.
func (p *Policy) judgeText(text string, kind autosession.Kind, tr *tracer) *refusal {
	_, r := p.judgeCounted(text, kind, tr)
	return r
}

// judgeCounted also tells how much work it was, after parsing.
func (p *Policy) judgeCounted(text string, kind autosession.Kind, tr *tracer) (work int, r *refusal) {
	if r := screen(text); r != nil {
		return 0, r
	}
	file, text, err := p.parsers.parse(text)
	switch {
	case errors.Is(err, errTooDeep):
		return 0, tooDeep("")
	case err != nil:
		return 0, &refusal{rule: "P1", why: "the command cannot be parsed as bash: " + cut(err.Error()), instead: "check quotes, brackets and keywords"}
	}
	j := &judge{p: p, src: text, init: kind == autosession.Init, explain: tr}
	j.oddities(file)
	st := state{cwd: []dir{{path: p.opt.Project}}}
	j.stmts(file.Stmts, st)
	if j.refused == nil && j.arithmetic && plantsArithmetic(file) {
		j.refuseArithm("quoted text with [ and $(")
	}
	return j.spent, j.refused
}

func tooDeep(part string) *refusal {
	return &refusal{rule: "P1", part: part, why: "is nested too deeply to be judged", instead: "split the command"}
}

// plantsArithmetic says that quoted text has a subscript that would run a
// command if it came into arithmetic.
func plantsArithmetic(file *syntax.File) bool {
	found := false
	var see func(n syntax.Node) bool
	see = func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Redirect:
			if n.Hdoc == nil {
				break
			}
			for _, p := range n.Hdoc.Parts {
				if _, text := p.(*syntax.Lit); !text {
					syntax.Walk(p, see)
				}
			}
			return false
		case *syntax.SglQuoted:
			found = found || plantedText(n.Value)
		case *syntax.Lit:
			found = found || plantedText(strings.ReplaceAll(n.Value, `\`, ""))
		}
		return !found
	}
	syntax.Walk(file, see)
	return found
}

func plantedText(s string) bool {
	i := strings.IndexByte(s, '[')
	return i >= 0 && runsInArithmetic(s[i:])
}

func (j *judge) refuse(r refusal) {
	if j.explain != nil {
		j.explain.refuse(r)
	}
	if j.refused == nil {
		j.refused = &r
	}
}

// done says that a verdict is reached and nobody wants to know more.
func (j *judge) done() bool {
	return j.refused != nil && (j.explain == nil || j.spent > maxSpent)
}

// span is how many bytes of the command a part takes.
func span(n syntax.Node) int { return max(0, int(n.End().Offset())-int(n.Pos().Offset())) }

// text is a part of the command as it was written.
func (j *judge) text(n syntax.Node) string {
	if n == nil {
		return ""
	}
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	if from < 0 || to > len(j.src) || from >= to {
		return ""
	}
	return j.src[from:to]
}

// spend counts work: a byte of text that is expanded, a node that is visited.
// It is false, and the command refused, when that is too much. Work does not
// depend on the clock, so that a verdict does not either.
func (j *judge) spend(n int) bool {
	if j.spent += n; j.spent <= maxSpent {
		return true
	}
	j.spent = maxSpent + 1
	j.refuse(refusal{rule: "P1", why: "the command is more work than can be judged", instead: "split it"})
	return false
}

// size is what a value costs to copy.
func (v value) size() int {
	n := 64 * len(v.args)
	for _, a := range v.args {
		n += len(a.text)
		for _, p := range a.pieces {
			n += 16 + len(p.text)
		}
	}
	return n
}
