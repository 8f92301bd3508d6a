package autosessiontest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

// testArchive checks a store that is an Archive; others pass by having none.
func testArchive(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	if _, ok := store.(autosession.Archive); !ok {
		return
	}
	for i := range 5 {
		r := session(i+1, autosession.PhaseEnded)
		apply(t, store, autosession.Change{
			ID: fmt.Sprint("change ", i), At: noon, Session: &r,
			History: []autosession.HistoryEntry{
				{At: noon, Feature: "a", By: "agent", Session: i, What: "claimed"},
				{At: noon, Feature: "b", By: "person", Session: i, What: "reopened", Detail: "it broke"},
			},
			Checks: []autosession.CheckRun{
				{Feature: "a", Session: i, Command: "make test", Passed: i%2 == 0, At: noon, Output: "ok\n", Tree: "t"},
			},
		})
	}
	archive := reopen().(autosession.Archive)
	sessionsByNumber(t, archive)
	history, err := archive.History(t.Context(), "b", 2)
	if err != nil || len(history) != 2 || history[0].Session != 4 || history[1].Session != 3 || history[0].Detail != "it broke" {
		t.Errorf("History(b, 2) = %s, %v", text(t, history), err)
	}
	checks, err := archive.Checks(t.Context(), "a", 10)
	if err != nil || len(checks) != 5 || checks[0].Session != 4 || !checks[0].Passed || checks[1].Passed {
		t.Errorf("Checks(a, 10) = %s, %v", text(t, checks), err)
	}
	for _, n := range []int{0, -1} {
		checks, err := archive.Checks(t.Context(), "a", n)
		if err != nil || len(checks) != 0 {
			t.Errorf("Checks(a, %d) gives %d, %v", n, len(checks), err)
		}
	}
	var chain []string
	for h, err := range archive.Chain(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, fmt.Sprint(h.Feature, h.Session))
	}
	if got := strings.Join(chain, " "); got != "a0 b0 a1 b1 a2 b2 a3 b3 a4 b4" {
		t.Errorf("Chain yields %s", got)
	}
	none, err := archive.History(t.Context(), "nobody", 3)
	if err != nil || len(none) != 0 {
		t.Errorf("History(nobody, 3) gives %d, %v", len(none), err)
	}
}

func sessionsByNumber(t *testing.T, archive autosession.Archive) {
	t.Helper()
	for number := -1; number <= 6; number++ {
		r, found, err := archive.Session(t.Context(), number)
		if want := number >= 1 && number <= 5; err != nil || found != want || found && r.Number != number {
			t.Errorf("Session(%d) = number %d, %v, %v", number, r.Number, found, err)
		}
	}
}

// testLedgerAt checks a store that is a Rewinder; others pass by being none.
func testLedgerAt(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	if _, ok := store.(autosession.Rewinder); !ok {
		return
	}
	open1, claimed, proven := entry("a", autosession.FeatureOpen), entry("a", autosession.FeatureClaimed), entry("a", autosession.FeatureProven)
	ledger := func(entries ...autosession.LedgerEntry) *autosession.Ledger {
		return &autosession.Ledger{Entries: entries, Wrapper: []byte(`{"features":null}`)}
	}
	hour := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
	for i, c := range []autosession.Change{
		{Checkpoints: []string{"never seen"}, Ledger: &autosession.Ledger{}},
		{Checkpoints: []string{"empty", "empty too"}, Ledger: ledger(open1, open1)},
		{Checkpoints: []string{"open"}, Entries: map[int]autosession.LedgerEntry{1: claimed}},
		{Checkpoints: []string{"claimed"}, Entries: map[int]autosession.LedgerEntry{1: proven, 0: claimed}},
		{Checkpoints: []string{"proven"}},
		{Ledger: ledger(open1)},
	} {
		// The clock goes back: what a change names does not depend on it.
		c.ID, c.At = fmt.Sprint("change ", i), hour(-i)
		apply(t, store, c)
	}
	apply(t, store, autosession.Change{ID: "last", At: hour(9), Checkpoints: []string{"one"}, Ledger: ledger(proven)})
	store = reopen()
	for _, tt := range []struct {
		checkpoint autosession.Checkpoint
		want       *autosession.Ledger
		known      bool
	}{
		{autosession.Checkpoint{ID: "never seen", At: hour(9)}, nil, true},
		{autosession.Checkpoint{ID: "empty", At: hour(9)}, &autosession.Ledger{}, true},
		{autosession.Checkpoint{ID: "empty too"}, &autosession.Ledger{}, true},
		{autosession.Checkpoint{ID: "open", At: hour(9)}, ledger(open1, open1), true},
		{autosession.Checkpoint{ID: "claimed", At: hour(9)}, ledger(open1, claimed), true},
		{autosession.Checkpoint{ID: "proven", At: hour(9)}, ledger(claimed, proven), true},
		{autosession.Checkpoint{ID: "one", At: hour(9)}, ledger(open1), true},
		{autosession.Checkpoint{ID: "nobody named it", At: hour(8)}, ledger(open1), true},
		{autosession.Checkpoint{ID: "nobody named it", At: hour(9)}, ledger(proven), true},
		{autosession.Checkpoint{ID: "nobody named it", At: hour(-9)}, nil, false},
	} {
		got, known, err := store.(autosession.Rewinder).LedgerAt(t.Context(), tt.checkpoint)
		if err != nil || known != tt.known {
			t.Errorf("LedgerAt(%v) is known %v, %v", tt.checkpoint, known, err)
		}
		same(t, "LedgerAt("+tt.checkpoint.ID+")", got, tt.want)
	}
}
