package autosessiontest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

func testEmpty(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	same(t, "Load of a new store", load(t, store), autosession.Snapshot{})
	if got := events(t, store, "nobody", 0); len(got) != 0 {
		t.Errorf("a session that never was has %d events", len(got))
	}
	same(t, "Load of a new store, opened again", load(t, reopen()), autosession.Snapshot{})
}

func testRecordsSurvive(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	project := autosession.ProjectRecord{
		Dir: "/home/ann/a project", RootCommit: "c0ffee", Seen: noon, Paused: true, Lane: "played",
		Trusted: "hash", Grants: []string{"tests/a_test.go"}, Rollback: "c1", Head: autosession.Link{N: 3, Hash: "h"},
	}
	running, ended := session(2, autosession.PhaseRunning), session(1, autosession.PhaseEnded)
	ended.Plan, ended.Notes, ended.Said = json.RawMessage(`{"step":[1,2]}`), []string{"undone"}, "good bye"
	run := autosession.RunRecord{
		ID: "run-1", Started: noon, PID: 42, Host: "here", Confined: "bubblewrap", Failures: 2,
		Parked: &autosession.Wait{Reason: "usage-limit", Since: noon, Until: noon.Add(time.Hour)},
	}
	ledger := autosession.Ledger{
		Entries: []autosession.LedgerEntry{entry("adds", autosession.FeatureOpen), entry("divides", autosession.FeatureProven)},
		Wrapper: json.RawMessage(`{"note":"kept"}`),
	}
	decision := autosession.Decision{Action: autosession.ActionStart, Reason: "continue", Until: noon, Kind: autosession.Continue}
	apply(t, store, autosession.Change{
		ID: "all", At: noon, Project: &project, Run: &run, Session: &ended, Ledger: &ledger, Decision: &decision,
	})
	saveSession(t, store, running)
	want := autosession.Snapshot{
		Project: project, Ledger: &ledger, Sessions: []autosession.SessionRecord{ended},
		Pending: []autosession.SessionRecord{running}, Counted: 2,
		Spent: autosession.Spent{Sessions: 1, CostUSD: 0.25, Tokens: 10, Active: time.Minute},
		Run:   &run, Decision: &decision,
	}
	same(t, "Load", load(t, store), want)
	same(t, "Load after opening again", load(t, reopen()), want)
}

func testAppliedOnce(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	first := session(1, autosession.PhaseEnded)
	c := autosession.Change{
		ID: "once", At: noon, Session: &first,
		Decision: &autosession.Decision{Action: autosession.ActionStop, Reason: "first"},
		History:  []autosession.HistoryEntry{{At: noon, Feature: "f", What: "claimed"}},
		Checks:   []autosession.CheckRun{{Feature: "f", At: noon}},
	}
	apply(t, store, c)
	want := load(t, store)
	again := c
	other := session(2, autosession.PhaseEnded)
	again.Session, again.Decision = &other, &autosession.Decision{Action: autosession.ActionStop, Reason: "second"}
	apply(t, store, c)
	apply(t, store, again)
	same(t, "Load after the change was applied again", load(t, store), want)
	store = reopen()
	apply(t, store, again)
	same(t, "Load after the change was applied again by another process", load(t, store), want)
	if archive, ok := store.(autosession.Archive); ok {
		history, err := archive.History(t.Context(), "f", 10)
		if err != nil || len(history) != 1 {
			t.Errorf("History gives %d entries, error %v; want 1", len(history), err)
		}
	}
}

func testChangeAtomic(t *testing.T, open OpenStore) {
	store, _ := open(t)
	apply(t, store, autosession.Change{ID: "list", At: noon, Ledger: &autosession.Ledger{
		Entries: []autosession.LedgerEntry{entry("adds", autosession.FeatureOpen)},
	}})
	want := load(t, store)
	one := session(1, autosession.PhaseEnded)
	c := autosession.Change{
		ID: "half", At: noon, Session: &one,
		Project:  &autosession.ProjectRecord{Dir: "/elsewhere"},
		Entries:  map[int]autosession.LedgerEntry{0: entry("adds", autosession.FeatureProven), 7: entry("nowhere", autosession.FeatureOpen)},
		Decision: &autosession.Decision{Action: autosession.ActionStart},
	}
	if err := store.Apply(t.Context(), c); err == nil {
		t.Fatal("Apply takes an entry for a position that the ledger does not have")
	}
	same(t, "Load after a change that failed", load(t, store), want)
	delete(c.Entries, 7)
	apply(t, store, c)
	if got := load(t, store); got.Counted != 1 || got.Ledger.Entries[0].State != autosession.FeatureProven {
		t.Errorf("a change that failed and was mended was not applied: %s", text(t, got))
	}
}

func testIDs(t *testing.T, open OpenStore) {
	store, _ := open(t)
	for name, c := range map[string]autosession.Change{
		"change":  {At: noon, Project: &autosession.ProjectRecord{Dir: "/x"}},
		"session": {ID: "a", At: noon, Session: &autosession.SessionRecord{Phase: autosession.PhasePrepared}},
		"run":     {ID: "b", At: noon, Run: &autosession.RunRecord{}},
	} {
		if err := store.Apply(t.Context(), c); err == nil {
			t.Errorf("Apply takes a %s without an id", name)
		}
	}
	if err := store.Append(t.Context(), "", []autosession.Event{{Type: autosession.EventText}}); err == nil {
		t.Error("Append takes events without a session")
	}
	same(t, "Load", load(t, store), autosession.Snapshot{})
}

func testEndedContext(t *testing.T, open OpenStore) {
	store, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := store.Apply(ctx, autosession.Change{ID: "late", Project: &autosession.ProjectRecord{Dir: "/x"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Apply with an ended context: %v", err)
	}
	err = store.Append(ctx, "s", []autosession.Event{{Type: autosession.EventText}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Append with an ended context: %v", err)
	}
	if _, err := store.Load(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Load with an ended context: %v", err)
	}
	same(t, "Load", load(t, store), autosession.Snapshot{})
	apply(t, store, autosession.Change{ID: "late", Project: &autosession.ProjectRecord{Dir: "/x"}})
	if got := load(t, store).Project.Dir; got != "/x" {
		t.Errorf("a change that was cut short cannot be tried again: project is %q", got)
	}
}

func testLedger(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	apply(t, store, autosession.Change{ID: "seen", Project: &autosession.ProjectRecord{Dir: "/x", Seen: noon}})
	if got := load(t, store).Ledger; got != nil {
		t.Fatalf("a project without a ledger has one: %s", text(t, got))
	}
	apply(t, store, autosession.Change{ID: "empty", Ledger: &autosession.Ledger{}})
	if got := load(t, store).Ledger; got == nil || len(got.Entries) != 0 {
		t.Fatalf("a ledger without entries comes back as %s", text(t, got))
	}
	var ledger autosession.Ledger
	for i := range 30 {
		ledger.Entries = append(ledger.Entries, entry(fmt.Sprint("does ", i), autosession.FeatureOpen))
	}
	apply(t, store, autosession.Change{ID: "thirty", Ledger: &ledger})
	ledger.Entries[4], ledger.Entries[29] = entry("four", autosession.FeatureClaimed), entry("last", autosession.FeatureProven)
	ledger.Entries[4].Proof = &autosession.CheckRun{Feature: "four", Passed: true, Took: time.Second, At: noon}
	apply(t, store, autosession.Change{ID: "two", Entries: map[int]autosession.LedgerEntry{4: ledger.Entries[4], 29: ledger.Entries[29]}})
	same(t, "the ledger", load(t, store).Ledger, ledger)
	ledger.Entries = ledger.Entries[3:5]
	apply(t, store, autosession.Change{ID: "fewer", Ledger: &ledger})
	same(t, "a shorter ledger", load(t, reopen()).Ledger, ledger)
}

func testLetters(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	var feature autosession.Feature
	const written = `{"note":"<b>&amp;</b>","description":"a \"quote\" and \u2028 é 🙂","category":"<x>","steps":[],"weight":1.50,"passes":false}`
	if err := json.Unmarshal([]byte(written), &feature); err != nil {
		t.Fatal(err)
	}
	apply(t, store, autosession.Change{ID: "letters'; DROP TABLE change; --", Ledger: &autosession.Ledger{
		Entries: []autosession.LedgerEntry{{Feature: feature, State: autosession.FeatureOpen}},
	}})
	got, err := load(t, reopen()).Ledger.Entries[0].Feature.MarshalJSON()
	if err != nil || string(got) != written {
		t.Errorf("the feature comes back as\n%s (%v), want\n%s", got, err, written)
	}
}

func testSessionsBounded(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	const extra = 7
	for n := range autosession.RecentSessions + extra {
		saveSession(t, store, session(n+1, autosession.PhaseEnded))
	}
	got := load(t, reopen())
	if len(got.Sessions) != autosession.RecentSessions {
		t.Fatalf("Load gives %d sessions, want %d", len(got.Sessions), autosession.RecentSessions)
	}
	for i, r := range got.Sessions {
		if want := extra + i + 1; r.Number != want {
			t.Fatalf("session %d of the snapshot has number %d, want %d", i, r.Number, want)
		}
	}
	if want := autosession.RecentSessions + extra; got.Spent.Sessions != want || got.Counted != want {
		t.Errorf("spent on %d, counted %d, want %d", got.Spent.Sessions, got.Counted, want)
	}
}

func testPhases(t *testing.T, open OpenStore) {
	store, _ := open(t)
	record := session(0, autosession.PhasePrepared)
	record.ID, record.Started = "discarded", time.Time{}
	saveSession(t, store, record)
	record.Phase = autosession.PhaseDiscarded
	saveSession(t, store, record)
	record.ID, record.Phase, record.Ended = "never prompted", autosession.PhaseEnded, noon
	saveSession(t, store, record)
	same(t, "Load with sessions that never ran", load(t, store), autosession.Snapshot{})

	record = session(0, autosession.PhasePrepared)
	record.ID = "the one"
	for _, step := range []struct {
		phase            autosession.Phase
		number           int
		counted, pending int
	}{
		{autosession.PhasePrepared, 0, 0, 1},
		{autosession.PhaseRunning, 1, 1, 1},
		{autosession.PhaseClosing, 1, 1, 1},
		{autosession.PhaseEnded, 1, 1, 0},
	} {
		record.Phase, record.Number = step.phase, step.number
		saveSession(t, store, record)
		got := load(t, store)
		if got.Counted != step.counted || len(got.Pending) != step.pending || len(got.Sessions) != 1-step.pending {
			t.Errorf("%s: counted %d, pending %d, ended %d", step.phase, got.Counted, len(got.Pending), len(got.Sessions))
		}
	}
}

func testNumbers(t *testing.T, open OpenStore) {
	store, _ := open(t)
	saveSession(t, store, session(1, autosession.PhaseEnded))
	twin := session(1, autosession.PhaseRunning)
	twin.ID = "twin"
	if err := store.Apply(t.Context(), autosession.Change{ID: "twin", Session: &twin}); err == nil {
		t.Error("two sessions can have the same number")
	}
	if got := load(t, store); len(got.Pending) != 0 || got.Counted != 1 {
		t.Errorf("the refused session was kept: %s", text(t, got))
	}
}

func testSpent(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	var want autosession.Spent
	for n := range 5 {
		r := session(n+1, autosession.PhaseEnded)
		saveSession(t, store, r)
		r.Step, r.Closed = 1, "checkpoint" // CLOSE goes on after its commit
		r.Usage.CostUSD, r.Usage.Tokens.Output = 0.1*float64(n+1), int64(n)
		saveSession(t, store, r)
		want = want.Add(r.Usage, time.Minute)
	}
	rescued := session(6, autosession.PhaseEnded)
	rescued.Ended = rescued.Started.Add(time.Hour) // long after its process had died
	saveSession(t, store, rescued)
	want = want.Add(rescued.Usage, rescued.Active)
	got := load(t, reopen()).Spent
	if math.Abs(got.CostUSD-want.CostUSD) > 1e-9 {
		t.Errorf("cost is %v, want %v", got.CostUSD, want.CostUSD)
	}
	got.CostUSD = want.CostUSD
	same(t, "spent", got, want)
}

func testLast(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	for i := range 3 {
		run := autosession.RunRecord{ID: fmt.Sprint("run-", i), Started: noon}
		decision := autosession.Decision{Action: autosession.ActionStart, Reason: fmt.Sprint("reason-", i)}
		apply(t, store, autosession.Change{ID: fmt.Sprint("begin ", i), Run: &run, Decision: &decision})
		run.Ended = noon.Add(time.Hour)
		apply(t, store, autosession.Change{ID: fmt.Sprint("end ", i), Run: &run})
	}
	got := load(t, reopen())
	if got.Run == nil || got.Run.ID != "run-2" || got.Run.Ended.IsZero() {
		t.Errorf("the last run is %s", text(t, got.Run))
	}
	if got.Decision == nil || got.Decision.Reason != "reason-2" {
		t.Errorf("the last decision is %s", text(t, got.Decision))
	}
}
