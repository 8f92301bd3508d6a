package autosessiontest

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/autosession/autosession"
)

// testModel makes up sequences of calls, some of them twice, some of them
// wrong, with ends of the process between them, and compares the store with a
// Memory, call by call.
func testModel(t *testing.T, open OpenStore) {
	rapid.Check(t, func(r *rapid.T) {
		scope := &iteration{TB: t}
		defer scope.end()
		m := &modelled{t: r, model: NewMemory(), next: map[string]int{}}
		m.store, m.reopen = open(scope)
		for range rapid.IntRange(1, 12).Draw(r, "calls") {
			m.step(scope)
		}
		m.compare(scope)
	})
}

// iteration is the test that one made-up sequence runs in. What it opens is
// closed at the end of the sequence, not of the test.
type iteration struct {
	testing.TB
	cleanups []func()
}

func (i *iteration) Cleanup(f func()) { i.cleanups = append(i.cleanups, f) }

func (i *iteration) TempDir() string {
	dir, err := os.MkdirTemp(i.TB.TempDir(), "")
	if err != nil {
		i.Fatal(err)
	}
	i.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (i *iteration) end() {
	for _, f := range slices.Backward(i.cleanups) {
		f()
	}
}

// modelled is a store beside its model.
type modelled struct {
	t      *rapid.T
	store  autosession.Store
	model  *Memory
	reopen func() autosession.Store
	past   []autosession.Change
	next   map[string]int
}

func (m *modelled) step(t testing.TB) {
	switch rapid.SampledFrom([]string{"apply", "apply", "apply", "again", "append", "append", "reopen", "compare"}).Draw(m.t, "call") {
	case "apply":
		c := m.change()
		m.past = append(m.past, c)
		m.apply(t, c)
	case "again":
		if len(m.past) > 0 {
			m.apply(t, rapid.SampledFrom(m.past).Draw(m.t, "past"))
		}
	case "append":
		session := rapid.SampledFrom([]string{"a", "b"}).Draw(m.t, "session")
		batch := said(rapid.IntRange(0, 4).Draw(m.t, "events"))
		appendTo(t, m.store, session, batch...)
		appendTo(t, m.model, session, batch...)
	case "reopen":
		m.store = m.reopen()
	case "compare":
		m.compare(t)
	}
}

// apply makes a change in both; they must agree whether it can be made.
func (m *modelled) apply(t testing.TB, c autosession.Change) {
	got, want := m.store.Apply(t.Context(), c), m.model.Apply(t.Context(), c)
	if (got == nil) != (want == nil) {
		m.t.Fatalf("Apply(%s): %v, the model: %v", text(t, c), got, want)
	}
}

// change makes one up: any parts, few ids, so that records are replaced.
func (m *modelled) change() autosession.Change {
	m.next["change"]++
	c := autosession.Change{ID: fmt.Sprint("change ", m.next["change"]), At: noon}
	has := func(part string) bool { return rapid.Bool().Draw(m.t, part) }
	if has("project") {
		c.Project = &autosession.ProjectRecord{Dir: rapid.String().Draw(m.t, "dir"), Paused: has("paused"), Seen: noon}
	}
	if has("session") {
		r := session(rapid.IntRange(0, 4).Draw(m.t, "number"), rapid.SampledFrom([]autosession.Phase{
			autosession.PhasePrepared, autosession.PhaseRunning, autosession.PhaseClosing,
			autosession.PhaseEnded, autosession.PhaseEnded, autosession.PhaseDiscarded,
		}).Draw(m.t, "phase"))
		r.ID = rapid.SampledFrom([]string{"s0", "s1", "s2", "s3"}).Draw(m.t, "id")
		r.Usage.CostUSD, r.Usage.Tokens.Input = rapid.Float64Range(0, 5).Draw(m.t, "cost"), rapid.Int64Range(0, 1e9).Draw(m.t, "input")
		c.Session = &r
	}
	if has("run") {
		c.Run = &autosession.RunRecord{ID: rapid.SampledFrom([]string{"r0", "r1"}).Draw(m.t, "run id"), Failures: m.next["change"]}
	}
	if has("ledger") {
		c.Ledger = &autosession.Ledger{}
		for i := range rapid.IntRange(0, 4).Draw(m.t, "features") {
			c.Ledger.Entries = append(c.Ledger.Entries, entry(fmt.Sprint("does ", i), autosession.FeatureOpen))
		}
	}
	if has("entries") {
		position := rapid.IntRange(-1, 4).Draw(m.t, "position")
		c.Entries = map[int]autosession.LedgerEntry{position: entry(rapid.String().Draw(m.t, "text"), autosession.FeatureProven)}
	}
	if has("decision") {
		c.Decision = &autosession.Decision{Action: autosession.ActionStart, Detail: c.ID}
	}
	return c
}

// compare looks at everything that can be seen.
func (m *modelled) compare(t testing.TB) {
	got, want := load(t, m.store), load(t, m.model)
	if math.Abs(got.Spent.CostUSD-want.Spent.CostUSD) > 1e-9 {
		m.t.Fatalf("cost is %v, the model says %v", got.Spent.CostUSD, want.Spent.CostUSD)
	}
	got.Spent.CostUSD = want.Spent.CostUSD
	if g, w := text(t, got), text(t, want); g != w {
		m.t.Fatalf("Load:\n got %s\nmodel %s", g, w)
	}
	for _, session := range []string{"a", "b"} {
		from := rapid.Int64Range(0, 6).Draw(m.t, "from")
		got, want := events(t, m.store, session, from), events(t, m.model, session, from)
		if g, w := text(t, got), text(t, want); g != w {
			m.t.Fatalf("Events(%s, %d):\n got %s\nmodel %s", session, from, g, w)
		}
	}
}
