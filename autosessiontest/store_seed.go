package autosessiontest

import (
	"context"
	"fmt"
	"time"

	"github.com/autosession/autosession"
)

// Seed fills an empty store with a project, a ledger and n sessions that
// ended, numbered from 1, with a few events, a check and a change of a feature
// each: what a long run leaves. The same n gives the same records.
func Seed(ctx context.Context, store autosession.Store, n int) error {
	if err := store.Apply(ctx, seedProject()); err != nil {
		return err
	}
	for number := 1; number <= n; number++ {
		c := seedSession(number)
		if err := store.Append(ctx, c.Session.ID, seedEvents(*c.Session)); err != nil {
			return err
		}
		if err := store.Apply(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

const seedFeatures = 50

func seedProject() autosession.Change {
	ledger := autosession.Ledger{}
	for i := range seedFeatures {
		ledger.Entries = append(ledger.Entries, autosession.LedgerEntry{
			Feature: autosession.Feature{
				ID: fmt.Sprintf("feature-%02d", i), Category: "functional",
				Description: fmt.Sprintf("The program does what chapter %d of the spec asks for", i),
				Steps:       []string{"Start the program", "Use it", "See that it did"},
				Verify:      fmt.Sprintf("make check-%02d", i),
			},
			State: autosession.FeatureOpen, SeenFailing: true, Tried: true,
		})
	}
	return autosession.Change{
		ID: "seed project", At: seedTime(0),
		Project: &autosession.ProjectRecord{Dir: "/home/ann/project", RootCommit: "4b825dc6", Seen: seedTime(0)},
		Run:     &autosession.RunRecord{ID: "seed-run", Started: seedTime(0), PID: 1, Host: "here", Confined: "bubblewrap"},
		Ledger:  &ledger,
	}
}

// seedTime is when a session began: they take a quarter of an hour each.
func seedTime(number int) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(number) * 15 * time.Minute)
}

func seedSession(number int) autosession.Change {
	at, position := seedTime(number), number%seedFeatures
	feature := fmt.Sprintf("feature-%02d", position)
	class := autosession.OutcomeDone
	if number%7 == 0 {
		class = autosession.OutcomeTurnLimit
	}
	return autosession.Change{
		ID: fmt.Sprintf("seed session %d", number), At: at.Add(14 * time.Minute),
		Session: &autosession.SessionRecord{
			ID: fmt.Sprintf("seed-session-%d", number), Run: "seed-run", Number: number,
			Kind: autosession.Continue, Phase: autosession.PhaseEnded,
			Info:     autosession.Info{ID: fmt.Sprintf("conversation-%d", number), Agent: "scripted", Model: "a-model", Lane: "played"},
			Prepared: at.Add(-3 * time.Second), Started: at, Ended: at.Add(14 * time.Minute),
			Outcome: autosession.Outcome{Class: class},
			Usage:   seedUsage(40 + number%30),
			Opened:  fmt.Sprintf("open-%d", number), Left: fmt.Sprintf("left-%d", number), Closed: fmt.Sprintf("closed-%d", number),
			Claimed: 1, Proven: 1, Changed: true, Said: "The feature works and its check passes.",
		},
		Checks: []autosession.CheckRun{{
			Feature: feature, Session: number, Command: "make check", Passed: true,
			Output: "ok\n", Tree: fmt.Sprintf("tree-%d", number), At: at, Took: time.Second,
		}},
		History: []autosession.HistoryEntry{{At: at, Feature: feature, By: "check", Session: number, What: "proven"}},
	}
}

func seedUsage(turns int) autosession.Usage {
	n := int64(turns)
	return autosession.Usage{
		Turns:   turns,
		Tokens:  autosession.Tokens{Input: 12 * n, Output: 350 * n, CacheRead: 30_000 * n, CacheWrite: 900 * n},
		CostUSD: 0.018 * float64(turns),
	}
}

func seedEvents(r autosession.SessionRecord) []autosession.Event {
	var out []autosession.Event
	for turn := range 5 {
		at := r.Started.Add(time.Duration(turn) * time.Minute)
		id := fmt.Sprintf("call-%d", turn)
		out = append(out,
			autosession.Event{Time: at, Type: autosession.EventToolCall, Session: r.Number, Usage: seedUsage(turn),
				Call: &autosession.ToolCall{ID: id, Tool: "Bash", Input: []byte(`{"command":"make test"}`)}},
			autosession.Event{Time: at.Add(time.Second), Type: autosession.EventToolResult, Session: r.Number, Usage: seedUsage(turn),
				Call: &autosession.ToolCall{ID: id, Tool: "Bash"}, Result: &autosession.ToolResult{Text: "ok\n", Bytes: 3}},
		)
	}
	return append(out, autosession.Event{
		Time: r.Ended, Type: autosession.EventClosed, Session: r.Number, Usage: r.Usage, Outcome: &r.Outcome,
	})
}
