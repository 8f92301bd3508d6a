package fakemodel

import "strconv"

// conversation is one that a client holds with the played model.
type conversation struct {
	number      int
	fingerprint string
	client      string // who asks, or ""
	session     session

	at       int         // the step, or the first of its alternatives, that is next
	counts   map[int]int // how often each step from at on was played
	entered  int         // the step that a prompt led to; -1 is none
	prompted string      // the prompt that led there, with its place
	answered int         // replies that the client has got whole
	cached   int         // bytes in the cache
	tools    int         // tool calls so far
}

// next returns the step that answers a, or nil when none is left.
func (c *conversation) next(a ask) *step {
	c.follow(a)
	news := a.news()
	for c.at < len(c.session.steps) {
		if c.session.steps[c.at].prompt != nil && c.entered != c.at {
			return nil // waits for its prompt
		}
		end := chainEnd(c.session.steps, c.at)
		if i := c.choose(end, news); i >= 0 {
			st := &c.session.steps[i]
			c.counts[i]++
			if !st.again && c.counts[i] >= st.times {
				c.move(end)
			}
			return st
		}
		c.move(end)
	}
	return nil
}

// left says that a step might still answer a, without playing it.
func (c *conversation) left(a ask) bool {
	try := *c
	try.counts = map[int]int{}
	for i, n := range c.counts {
		try.counts[i] = n
	}
	return try.next(a) != nil
}

// stuck says that the next step has no end.
func (c *conversation) stuck() bool {
	return c.at < len(c.session.steps) && c.session.steps[c.at].again
}

// follow goes to the step that a later prompt leads to, once for each prompt.
func (c *conversation) follow(a ask) {
	said := a.laterPrompts()
	key := strconv.Itoa(a.turns()) + " " + said
	if said == "" || key == c.prompted {
		return
	}
	for i, st := range c.session.steps {
		if st.prompt != nil && st.prompt.fits(said) {
			c.move(i)
			c.entered, c.prompted = i, key
			return
		}
	}
}

// choose returns the first alternative up to end that fits and was not played
// often enough, or -1.
func (c *conversation) choose(end int, news string) int {
	for i := c.at; i < end; i++ {
		st := c.session.steps[i]
		if !st.when.fits(news) {
			continue
		}
		if !st.again && c.counts[i] >= st.times {
			return -1
		}
		return i
	}
	return -1
}

func (c *conversation) move(to int) {
	c.at = to
	c.counts = map[int]int{}
}

// chainEnd returns where the alternatives that begin with a step end.
func chainEnd(steps []step, from int) int {
	end := from + 1
	for end < len(steps) && steps[end].otherwise {
		end++
	}
	return end
}
