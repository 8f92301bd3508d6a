package claudecode

import (
	"strings"

	"github.com/autosession/autosession"
)

// synthetic is the model of messages that the program makes up by itself.
const synthetic = "<synthetic>"

// meter counts what a conversation spends. It has two sources: the program's
// own totals, exact but seldom, and the messages as they pass. Several frames
// share one message and repeat its usage, so that messages are counted by
// their id. The larger of both is the truth, so that nothing ever goes down.
type meter struct {
	base, last totals             // the program's: at the start, now
	passed     autosession.Tokens // by messages that are over
	now        map[string]*counted
	turns      int
	window     int64 // of the main model's context, in tokens; 0 is unknown
	filled     int64 // of it
	model      string
}

// totals is what the program itself says was spent.
type totals struct {
	tokens autosession.Tokens
	cost   float64
}

// counted is the message that is under way in the main conversation or in a
// sub-agent.
type counted struct {
	id     string
	tokens autosession.Tokens
}

func newMeter() *meter { return &meter{now: map[string]*counted{}} }

// usage is what was spent since the conversation's start.
func (m *meter) usage() autosession.Usage {
	sum := m.passed
	for _, c := range m.now {
		sum = sum.Add(c.tokens)
	}
	return autosession.Usage{
		Turns: m.turns,
		Tokens: most(sum, autosession.Tokens{
			Input:      m.last.tokens.Input - m.base.tokens.Input,
			Output:     m.last.tokens.Output - m.base.tokens.Output,
			CacheRead:  m.last.tokens.CacheRead - m.base.tokens.CacheRead,
			CacheWrite: m.last.tokens.CacheWrite - m.base.tokens.CacheWrite,
		}),
		CostUSD: m.last.cost - m.base.cost,
	}
}

// context is how full the main model's window is, 0 to 1; 0 is unknown.
func (m *meter) context() float64 {
	if m.window <= 0 {
		return 0
	}
	return min(1, float64(m.filled)/float64(m.window))
}

// message counts one frame of a message. parent names the sub-agent.
func (m *meter) message(parent string, msg *message) {
	if msg == nil || msg.ID == "" || msg.Model == synthetic {
		return
	}
	c := m.now[parent]
	if c == nil {
		c = &counted{}
		m.now[parent] = c
	}
	if c.id != msg.ID {
		m.passed = m.passed.Add(c.tokens)
		*c = counted{id: msg.ID}
		if parent == "" {
			m.turns++
			m.model = msg.Model
		}
	}
	m.spent(parent, msg.Usage)
}

// spent counts a newer usage of the message that is under way.
func (m *meter) spent(parent string, u *tokens) {
	c := m.now[parent]
	if c == nil || u == nil {
		return
	}
	c.tokens = most(c.tokens, autosession.Tokens{
		Input: u.Input, Output: u.Output, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite,
	})
	if parent == "" {
		m.filled = c.tokens.Total()
	}
}

// forget ends the count of a sub-agent that is over.
func (m *meter) forget(parent string) {
	if c := m.now[parent]; c != nil && parent != "" {
		m.passed = m.passed.Add(c.tokens)
		delete(m.now, parent)
	}
}

// total takes the program's own numbers.
func (m *meter) total(cost float64, models map[string]modelUsage) {
	var sum autosession.Tokens
	for name, u := range models {
		sum = sum.Add(autosession.Tokens{
			Input: u.Input, Output: u.Output, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite,
		})
		base, _, _ := strings.Cut(name, "[") // a variant of the model is in brackets
		if u.ContextWindow > 0 && (base == m.model || len(models) == 1) {
			m.window = u.ContextWindow
		}
	}
	m.last.tokens = most(m.last.tokens, sum)
	m.last.cost = max(m.last.cost, cost)
}

// start makes what the program's numbers are now the start of the count.
func (m *meter) start() { m.base = m.last }

func most(a, b autosession.Tokens) autosession.Tokens {
	return autosession.Tokens{
		Input:      max(a.Input, b.Input),
		Output:     max(a.Output, b.Output),
		CacheRead:  max(a.CacheRead, b.CacheRead),
		CacheWrite: max(a.CacheWrite, b.CacheWrite),
	}
}
