package policy

import (
	"errors"
	"io"
	"strings"
	"time"

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
	unrolled   int  // statements judged again for a further item of a loop
	expanded   int  // words made by braces
	spent      int  // on expanding, about one for each byte
	arithmetic bool // something is evaluated as arithmetic

	last []Arg // the words of the simple command that was judged last
}

const (
	maxDepth    = 64   // of nesting
	maxUnrolled = 4096 // statements; a loop above that has an unknown variable
	maxSpent    = 1 << 20
	maxParse    = 30 * time.Millisecond
)

var errTooComplex = errors.New("it is too deeply nested")

// judgeText judges the text of one shell command.
func (p *Policy) judgeText(text string, kind autosession.Kind, tr *tracer) *refusal {
	if r := screen(text); r != nil {
		return r
	}
	if r := tooNested(text); r != nil {
		return r
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(newText(text), "")
	if spaced := spaceSubshells(text); err != nil && spaced != text {
		text = spaced
		file, err = syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(newText(text), "")
	}
	if err != nil {
		return &refusal{rule: "P1", why: "the command cannot be parsed as bash: " + cut(err.Error()), instead: "check quotes, brackets and keywords"}
	}
	j := &judge{p: p, src: text, init: kind == autosession.Init, explain: tr}
	j.oddities(file)
	st := state{cwd: []dir{{path: p.opt.Project}}}
	j.stmts(file.Stmts, st)
	if j.refused == nil && j.arithmetic && plantsArithmetic(file) {
		j.refuseArithm("quoted text with [ and $(")
	}
	return j.refused
}

// textReader hands the text to the parser in pieces, and ends the parsing of
// one that takes too long. The clock only ever denies.
type textReader struct {
	rest  string
	begun time.Time
}

func newText(s string) io.Reader {
	if len(s) < 1024 {
		return strings.NewReader(s)
	}
	return &textReader{rest: s, begun: time.Now()}
}

func (r *textReader) Read(b []byte) (int, error) {
	if r.rest == "" {
		return 0, io.EOF
	}
	if time.Since(r.begun) > maxParse {
		return 0, errTooComplex
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// maxOpen is how many brackets and keywords may be open in a row.
const maxOpen = 500

// tooNested refuses text that would send the parser too deep. It only counts
// what could open something, so that it never counts too little.
func tooNested(text string) *refusal {
	open := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '{', '[':
			if open++; open > maxOpen {
				return tooDeep("")
			}
		case ')', '}', ']':
			open = max(open-1, 0)
		}
	}
	return nil
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
func (j *judge) done() bool { return j.refused != nil && j.explain == nil }

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

// spend counts work that grows faster than the text. It is false, and the
// command refused, when that is too much.
func (j *judge) spend(n int) bool {
	if j.spent += n; j.spent <= maxSpent {
		return true
	}
	j.refuse(refusal{rule: "P1", why: "the command expands to more than can be judged", instead: "split it"})
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
