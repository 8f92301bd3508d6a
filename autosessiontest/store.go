package autosessiontest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

// OpenStore opens a new, empty store for a test and closes it when the test
// ends. reopen gives what a new process would get that finds the same records
// after this one ended, without a clean end; the old store is not used again.
type OpenStore func(t testing.TB) (store autosession.Store, reopen func() autosession.Store)

// TestStore checks that a store keeps the contract of [autosession.Store],
// and those of [autosession.Archive] and [autosession.Rewinder] if it is one.
func TestStore(t *testing.T, open OpenStore) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, open OpenStore)
	}{
		{"NewStoreIsEmpty", testEmpty},
		{"RecordsSurvive", testRecordsSurvive},
		{"ChangeIsAppliedOnce", testAppliedOnce},
		{"ChangeIsWholeOrNothing", testChangeAtomic},
		{"ChangeWithoutIDIsRefused", testIDs},
		{"EndedContextStopsWrites", testEndedContext},
		{"LedgerIsReplacedWholeOrByEntry", testLedger},
		{"TextSurvivesLetterForLetter", testLetters},
		{"SessionsAreBounded", testSessionsBounded},
		{"PhasesDecideWhatCounts", testPhases},
		{"NumbersAreUnique", testNumbers},
		{"SpentFollowsReplacedRecords", testSpent},
		{"RunningSessionsTellTheirUsage", testRunningUsage},
		{"LastRunAndDecision", testLast},
		{"EventsAreNumbered", testEventsNumbered},
		{"EventsAreSavedTogether", testEventsAtomic},
		{"EventsFrom", testEventsFrom},
		{"EventsStopEarly", testEventsStop},
		{"EventsLarge", testEventsLarge},
		{"EventsKeepEveryField", testEventFields},
		{"EventsEndWithTheContext", testEventsContext},
		{"ManyAtOnce", testManyAtOnce},
		{"Archive", testArchive},
		{"LedgerAsItWas", testLedgerAt},
		{"Model", testModel},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

// noon is when things happen in these tests.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)

// apply makes a change that must succeed.
func apply(t testing.TB, store autosession.Store, c autosession.Change) {
	t.Helper()
	if err := store.Apply(t.Context(), c); err != nil {
		t.Fatalf("Apply(%s): %v", c.ID, err)
	}
}

// load loads what must be loadable.
func load(t testing.TB, store autosession.Store) autosession.Snapshot {
	t.Helper()
	snapshot, err := store.Load(t.Context())
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return snapshot
}

// events reads all events of a session from a number on.
func events(t testing.TB, store autosession.Store, session string, from int64) []autosession.Event {
	t.Helper()
	var out []autosession.Event
	for e, err := range store.Events(t.Context(), session, from) {
		if err != nil {
			t.Fatalf("Events(%s, %d): %v", session, from, err)
		}
		out = append(out, e)
	}
	return out
}

// same fails the test when two values are not the same as JSON.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := text(t, got), text(t, want); g != w {
		t.Fatalf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func text(t testing.TB, v any) string {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// session makes a record of a session that runs, as if each took a minute.
func session(number int, phase autosession.Phase) autosession.SessionRecord {
	started := noon.Add(time.Duration(number) * time.Hour)
	r := autosession.SessionRecord{
		ID:       fmt.Sprintf("session-%d", number),
		Run:      "run-1",
		Number:   number,
		Kind:     autosession.Continue,
		Phase:    phase,
		Info:     autosession.Info{Agent: "scripted", Model: "a-model"},
		Prepared: started.Add(-time.Second),
		Started:  started,
		Usage: autosession.Usage{
			Turns:   3,
			Tokens:  autosession.Tokens{Input: 1, Output: 2, CacheRead: 3, CacheWrite: 4},
			CostUSD: 0.25,
		},
	}
	if phase == autosession.PhaseEnded {
		r.Ended, r.Active = started.Add(time.Minute), time.Minute
		r.Outcome = autosession.Outcome{Class: autosession.OutcomeDone}
	}
	return r
}

// saveSession makes the change that saves a record.
func saveSession(t testing.TB, store autosession.Store, r autosession.SessionRecord) {
	t.Helper()
	apply(t, store, autosession.Change{ID: fmt.Sprintf("%s %s %d", r.ID, r.Phase, r.Step), At: noon, Session: &r})
}

// entry makes an entry of a ledger.
func entry(description string, state autosession.FeatureState) autosession.LedgerEntry {
	return autosession.LedgerEntry{
		Feature: autosession.Feature{Category: "core", Description: description, Passes: state != autosession.FeatureOpen},
		State:   state,
	}
}
