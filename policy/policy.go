package policy

import (
	"context"

	"github.com/autosession/autosession"
)

// Policy judges tool calls. It holds no state but its options and is used by
// many goroutines at once. [New] makes one.
type Policy struct {
	opt       Options
	rules     map[string]*rule
	allowed   map[string]bool // programs and "program subcommand" that configuration adds
	denied    map[string]bool
	permits   map[string]bool
	areas     []area
	protected []shield
	granted   [][]string // components of protected paths that may be changed
	parsers   *parsers
}

var _ autosession.Gate = (*Policy)(nil)

// Judge allows or denies one tool call. Verdict.Rule is the rule that decided,
// P1 to P10, "deny" for what configuration denies or "tool" for tools that are
// judged by name. It does not block, and a cancelled ctx denies.
func (p *Policy) Judge(ctx context.Context, c autosession.ToolCall) (v autosession.Verdict) {
	defer failClosed(&v)
	p = p.granting(c.Granted)
	if err := ctx.Err(); err != nil {
		return autosession.Verdict{Rule: "P1", Reason: "cannot judge this call: " + err.Error()}
	}
	rule := "P2"
	if c.Tool != "Bash" {
		rule = toolRule(c.Tool)
	}
	return verdict(p.judgeCall(c), rule)
}

// granting is the policy with paths that a person lets a session change.
func (p *Policy) granting(paths []string) *Policy {
	if len(paths) == 0 {
		return p
	}
	q := *p
	for _, path := range paths {
		q.granted = append(q.granted, split(path, nil))
	}
	return &q
}

// judgeCall tells why a call is denied, or nil.
func (p *Policy) judgeCall(c autosession.ToolCall) *refusal {
	if c.Tool != "Bash" {
		return p.judgeTool(c)
	}
	command, refused := stringField(c.Input, "command")
	if refused != nil {
		return refused
	}
	return p.judgeText(command, c.Kind, nil)
}

// Command judges the text of one shell command, as Judge does for the tool
// "Bash" in a session of this kind.
func (p *Policy) Command(command string, kind autosession.Kind) (v autosession.Verdict) {
	defer failClosed(&v)
	return verdict(p.judgeText(command, kind, nil), "P2")
}

// failClosed turns a panic into a denial.
func failClosed(v *autosession.Verdict) {
	if r := recover(); r != nil {
		*v = autosession.Verdict{Rule: "P1", Reason: "cannot judge this call: the policy failed; write it in a simpler way"}
	}
}

func verdict(r *refusal, rule string) autosession.Verdict {
	if r == nil {
		return autosession.Verdict{Allow: true, Rule: rule}
	}
	return autosession.Verdict{Rule: r.rule, Reason: r.reason()}
}
