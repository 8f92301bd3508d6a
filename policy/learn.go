package policy

import (
	"slices"

	"github.com/autosession/autosession"
)

// Lesson is what would allow a call that was denied.
type Lesson struct {
	Call   autosession.ToolCall `json:"call"`
	Reason string               `json:"reason"`          // why this policy denies it; "" when it does not
	Lines  []Setting            `json:"lines,omitempty"` // the fewest additions to the configuration that allow it
	Never  bool                 `json:"never,omitempty"` // no configuration does
}

// maxLines is how many additions a lesson proposes at most. A call that needs
// more is better written in another way.
const maxLines = 5

// Learn finds, for calls that were denied, the smallest configuration that
// would allow each. It changes nothing.
func Learn(o Options, denied []autosession.ToolCall) ([]Lesson, error) {
	p, err := New(o)
	if err != nil {
		return nil, err
	}
	out := make([]Lesson, len(denied))
	for i, c := range denied {
		out[i] = p.learn(c)
	}
	return out, nil
}

func (p *Policy) learn(c autosession.ToolCall) Lesson {
	l := Lesson{Call: c}
	for range maxLines + 1 {
		r := p.judgeCall(c)
		if r == nil {
			return l
		}
		if l.Reason == "" {
			l.Reason = r.reason()
		}
		if r.fix == (Setting{}) || slices.Contains(l.Lines, r.fix) {
			break
		}
		wider, err := New(p.opt.with(r.fix))
		if err != nil {
			break // it is on the list of what can never be allowed
		}
		p = wider
		l.Lines = append(l.Lines, r.fix)
	}
	l.Lines, l.Never = nil, true
	return l
}

// with is the options with one addition.
func (o Options) with(s Setting) Options {
	add := func(list []string) []string { return append(slices.Clone(list), s.Value) }
	switch s.Key {
	case "allow":
		o.Allow = add(o.Allow)
	case "allow_paths":
		o.AllowPaths = add(o.AllowPaths)
	case "read_paths":
		o.ReadPaths = add(o.ReadPaths)
	case "permit":
		o.Permit = add(o.Permit)
	case "tools":
		o.Tools = add(o.Tools)
	}
	return o
}
