package fakemodel

import (
	"fmt"
	"hash/fnv"
	"sync"
)

// stage knows all conversations and says what comes next in each of them.
type stage struct {
	scenario Scenario

	mu            sync.Mutex
	taken         []int // how often each session was begun
	conversations []*conversation
	byTool        map[string]*conversation // by the ids of tool calls that we made
	played        map[string]int           // by the path of a step
	asides        int
}

// cue is what the model does with one request.
type cue struct {
	conversation *conversation // nil for a question aside
	name         string        // of the session; "" for none
	number       int           // of the step; 0 for a default answer
	step         step
	messageID    string
	toolIDs      []string
	usage        usage
}

func newStage(s Scenario) *stage {
	return &stage{
		scenario: s,
		taken:    make([]int, len(s.sessions)),
		byTool:   map[string]*conversation{},
		played:   map[string]int{},
	}
}

// cue takes the next step for a request.
func (s *stage) cue(a ask) cue {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.side() {
		s.asides++
		c := cue{step: aside(), messageID: fmt.Sprintf("msg_played_aside_%d", s.asides)}
		c.usage = a.price(0, c.step.size())
		return c
	}
	conv := s.find(a)
	if conv == nil {
		conv = s.begin(a)
	}
	c := cue{conversation: conv, name: conv.session.name, step: nothingLeft()}
	if st := conv.next(a); st != nil {
		c.step, c.number = *st, st.number
		s.played[st.path]++
	}
	s.number(&c, a)
	return c
}

// number gives a reply its ids and its usage.
func (s *stage) number(c *cue, a ask) {
	conv := c.conversation
	c.messageID = fmt.Sprintf("msg_played_%d_%d", conv.number, a.turns()+1)
	for range c.step.calls {
		conv.tools++
		id := fmt.Sprintf("toolu_played_%08x_%d_%d", hash(conv.fingerprint), conv.number, conv.tools)
		c.toolIDs = append(c.toolIDs, id)
		s.byTool[id] = conv
	}
	c.usage = a.price(conv.cached, c.step.size())
	if c.step.usage != nil {
		c.usage = *c.step.usage
	}
	if c.step.status == 0 && c.step.broken == "" {
		_, conv.cached = a.sizes()
		conv.answered++
	}
}

// lost takes back that a reply reached its client.
func (s *stage) lost(c cue) {
	if c.conversation == nil || c.step.status != 0 || c.step.broken != "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.conversation.answered--
}

// find returns the conversation that a request belongs to, or nil for a new
// one.
func (s *stage) find(a ask) *conversation {
	for _, id := range a.toolUses() {
		if c := s.byTool[id]; c != nil {
			return c
		}
	}
	turns, print := a.turns(), a.fingerprint()
	var near *conversation
	for i := len(s.conversations) - 1; i >= 0; i-- {
		c := s.conversations[i]
		if c.fingerprint != print {
			continue
		}
		if turns == 0 {
			if s.unanswered(c, a) {
				return c
			}
			continue
		}
		if c.answered == turns {
			return c
		}
		if near == nil {
			near = c // an interrupted client keeps half a reply, or drops one
		}
	}
	return near
}

// unanswered says that a may be the next try of the first request of c: no
// reply has reached the client, and there is more to play or nobody else to
// play it. A step without an end does not hold another client.
func (s *stage) unanswered(c *conversation, a ask) bool {
	switch {
	case c.answered > 0:
		return false
	case s.fit(a) < 0:
		return true
	}
	return c.left(a) && (c.client == a.Metadata.UserID || !c.stuck())
}

// fit returns the first session that is free and fits, or -1.
func (s *stage) fit(a ask) int {
	for i, se := range s.scenario.sessions {
		if (se.again || s.taken[i] < se.times) && se.match.fits(a.opening()) {
			return i
		}
	}
	return -1
}

// begin starts a conversation with the session that fits, else with the
// default.
func (s *stage) begin(a ask) *conversation {
	c := &conversation{
		number:      len(s.conversations) + 1,
		fingerprint: a.fingerprint(),
		client:      a.Metadata.UserID,
		counts:      map[int]int{},
		entered:     -1,
	}
	if i := s.fit(a); i >= 0 {
		s.taken[i]++
		c.session = s.scenario.sessions[i]
	} else if s.scenario.fallback != nil {
		st := *s.scenario.fallback
		st.again = true
		c.session = session{steps: []step{st}}
	}
	s.conversations = append(s.conversations, c)
	return c
}

// unplayed lists the sessions and steps that were never played. Of several
// alternatives one is enough.
func (s *stage) unplayed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for i, se := range s.scenario.sessions {
		line := s.scenario.lines.line(se.path)
		if n := s.taken[i]; n == 0 || (!se.again && n < se.times) {
			list = append(list, fmt.Sprintf("session %q (line %d): begun %d of %d times", se.name, line, n, se.times))
		}
		if s.taken[i] > 0 {
			list = append(list, s.unplayedSteps(se)...)
		}
	}
	return list
}

func (s *stage) unplayedSteps(se session) []string {
	var list []string
	for from := 0; from < len(se.steps); {
		end := chainEnd(se.steps, from)
		count, want := 0, se.steps[from].times
		for _, st := range se.steps[from:end] {
			count += s.played[st.path]
			want = min(want, st.times)
		}
		if count < want {
			st := se.steps[from]
			list = append(list, fmt.Sprintf("session %q: step %d (line %d): played %d of %d times",
				se.name, st.number, s.scenario.lines.line(st.path), count, want))
		}
		from = end
	}
	return list
}

// aside answers a question aside.
func aside() step { return step{say: "This answer is played, not thought."} }

// nothingLeft answers when a conversation has no step left.
func nothingLeft() step {
	return step{say: "The model is played, and its scenario has no step left for this conversation."}
}

func hash(text string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32()
}
