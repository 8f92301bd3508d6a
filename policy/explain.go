package policy

import (
	"strings"

	"github.com/autosession/autosession"
)

// Explanation shows how a command was judged: its parts as a tree, what each
// resolved to, and the rule that decided.
type Explanation struct {
	Command string              `json:"command"`
	Verdict autosession.Verdict `json:"verdict"`
	Parts   []*Part             `json:"parts"`
}

// Part is one part of a command. A loop over known words has its body once for
// each word.
type Part struct {
	Kind    string   `json:"kind"`              // "command", "assignment", "subshell", "if", "$( )", ...
	Text    string   `json:"text,omitempty"`    // as it was written
	Program string   `json:"program,omitempty"` // of a command
	Args    []string `json:"args,omitempty"`    // of a command, expanded; what is unknown stands as <unknown>
	Allow   bool     `json:"allow"`             // nothing is wrong with the part, or with those below it
	Rule    string   `json:"rule,omitempty"`    // that judged it
	Reason  string   `json:"reason,omitempty"`  // why it is denied
	Parts   []*Part  `json:"parts,omitempty"`
}

// Explain judges a command as [Policy.Command] does, goes on after a denial,
// and shows every part.
func (p *Policy) Explain(command string, kind autosession.Kind) (e Explanation) {
	e.Command = command
	defer failClosed(&e.Verdict)
	root := &Part{}
	tr := &tracer{stack: []*Part{root}}
	e.Verdict = verdict(p.judgeText(command, kind, tr), "P2")
	mark(root)
	e.Parts = root.Parts
	return e
}

// mark denies every part that holds a denied one.
func mark(p *Part) bool {
	p.Allow = p.Reason == ""
	for _, q := range p.Parts {
		p.Allow = mark(q) && p.Allow
	}
	return p.Allow
}

// String is the explanation as text, one line per part.
func (e Explanation) String() string {
	var b strings.Builder
	if e.Verdict.Allow {
		b.WriteString("allowed\n")
	} else {
		b.WriteString("denied: " + e.Verdict.Reason + "\n")
	}
	for _, p := range e.Parts {
		p.write(&b, 1)
	}
	return b.String()
}

func (p *Part) write(b *strings.Builder, depth int) {
	indent := strings.Repeat("  ", depth)
	sign := "ok  "
	if !p.Allow {
		sign = "NO  "
	}
	line := p.Kind
	switch {
	case p.Program != "":
		line = p.Program + " " + strings.Join(p.Args, " ")
	case p.Text != "":
		line = p.Kind + " " + p.Text
	}
	b.WriteString(indent + sign + cut(strings.TrimSpace(line)))
	if p.Rule != "" && p.Reason == "" {
		b.WriteString("  (" + p.Rule + ")")
	}
	b.WriteString("\n")
	if p.Reason != "" {
		b.WriteString(indent + "    " + p.Reason + "\n")
	}
	for _, q := range p.Parts {
		q.write(b, depth+1)
	}
}

// tracer collects the parts while a command is judged.
type tracer struct {
	stack []*Part
}

func (t *tracer) top() *Part { return t.stack[len(t.stack)-1] }

func (t *tracer) push(p *Part) {
	top := t.top()
	top.Parts = append(top.Parts, p)
	t.stack = append(t.stack, p)
}

// refuse notes a refusal at the part that is being judged.
func (t *tracer) refuse(r refusal) {
	top := t.top()
	if len(t.stack) == 1 {
		t.push(&Part{Kind: "text", Text: r.part, Rule: r.rule, Reason: r.reason()})
		t.stack = t.stack[:1]
		return
	}
	if top.Reason == "" {
		top.Rule, top.Reason = r.rule, r.reason()
	}
}

// open begins a part that holds others.
func (j *judge) open(kind string) {
	if j.explain != nil {
		j.explain.push(&Part{Kind: kind, Rule: "P2"})
	}
}

// close ends what open or noteCall began.
func (j *judge) close() {
	if j.explain != nil {
		j.explain.stack = j.explain.stack[:len(j.explain.stack)-1]
	}
}

// note adds a part that holds no others.
func (j *judge) note(kind, text string) {
	if j.explain != nil {
		j.open(kind)
		j.explain.top().Text, j.explain.top().Rule = text, "P4"
		j.close()
	}
}

// noteCall begins the part of a simple command.
func (j *judge) noteCall(c *call, args []Arg) {
	if j.explain == nil {
		return
	}
	p := &Part{Kind: "command", Text: c.part, Program: args[0].String(), Rule: "P3"}
	for _, a := range args[1:] {
		p.Args = append(p.Args, a.String())
	}
	if r := j.p.rules[c.name]; r != nil {
		p.Rule = r.number()
	}
	j.explain.push(p)
}
