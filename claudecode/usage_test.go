package claudecode

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/autosession/autosession"
)

// TestUsageNeverFalls counts frames in any order: several share one message,
// sub-agents interleave, the program's totals come late, as zero or not at
// all.
func TestUsageNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMeter()
		count := rapid.Int64Range(0, 50)
		use := func() *tokens {
			return &tokens{count.Draw(t, "in"), count.Draw(t, "out"), count.Draw(t, "read"), count.Draw(t, "write")}
		}
		parents := rapid.SampledFrom([]string{"", "a", "b"})
		ids := rapid.SampledFrom([]string{"", "m1", "m2", "m3"})
		for range rapid.IntRange(1, 40).Draw(t, "frames") {
			before := m.usage()
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0, 1:
				m.message(parents.Draw(t, "parent"), &message{ID: ids.Draw(t, "id"), Model: "m", Usage: use()})
			case 2:
				m.spent(parents.Draw(t, "parent"), use())
			case 3:
				m.forget(parents.Draw(t, "parent"))
			case 4:
				m.total(float64(count.Draw(t, "cost")), map[string]modelUsage{"m": {Input: count.Draw(t, "total"), ContextWindow: 10}})
			}
			after := m.usage()
			a, b := before.Tokens, after.Tokens
			if b.Input < a.Input || b.Output < a.Output || b.CacheRead < a.CacheRead || b.CacheWrite < a.CacheWrite ||
				after.CostUSD < before.CostUSD || after.Turns < before.Turns {
				t.Fatalf("%+v became %+v", before, after)
			}
			if c := m.context(); c < 0 || c > 1 {
				t.Fatalf("context %v", c)
			}
		}
	})
}

// TestUsage has one message in many frames, a sub-agent, and the totals of a
// program that goes on counting where a resumed conversation stopped.
func TestUsage(t *testing.T) {
	m := newMeter()
	m.total(1.5, map[string]modelUsage{"big[1m]": {Input: 100, Output: 50}})
	m.start()
	if u := m.usage(); u != (autosession.Usage{}) {
		t.Errorf("at the start: %+v", u)
	}
	for range 3 {
		m.message("", &message{ID: "m1", Model: "big", Usage: &tokens{Input: 10, Output: 1}})
	}
	m.spent("", &tokens{Output: 9})
	m.message("sub", &message{ID: "s1", Model: "small", Usage: &tokens{Input: 5, Output: 2}})
	m.message("", &message{ID: "x", Model: synthetic, Usage: &tokens{Input: 1000}})
	want := autosession.Usage{Turns: 1, Tokens: autosession.Tokens{Input: 15, Output: 11}}
	if u := m.usage(); u != want {
		t.Errorf("by messages: %+v, want %+v", u, want)
	}
	if m.context() != 0 {
		t.Error("the context is known without its size")
	}
	m.total(1.75, map[string]modelUsage{
		"big[1m]": {Input: 111, Output: 60, ContextWindow: 190}, "small": {Input: 5, Output: 2, ContextWindow: 7},
	})
	want = autosession.Usage{Turns: 1, Tokens: autosession.Tokens{Input: 16, Output: 12}, CostUSD: 0.25}
	if u := m.usage(); u != want {
		t.Errorf("by totals: %+v, want %+v", u, want)
	}
	if m.context() != 0.1 {
		t.Errorf("context = %v, want 19 of 190", m.context())
	}
	m.total(0, nil)
	if u := m.usage(); u != want {
		t.Errorf("after a crash's zeros: %+v, want %+v", u, want)
	}
}
