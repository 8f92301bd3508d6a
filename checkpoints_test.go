package autosession_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// TestOldCheckpointsAreDropped sees what is left of the checkpoints of a run,
// and that a person's own and what the oldest proof needs are among it.
func TestOldCheckpointsAreDropped(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Kind == autosession.Init {
			return makeList(t)
		}
		t.Write("hello", fmt.Sprint("hello ", t.Task.Number))
		if t.Task.Number == 3 {
			claim(t, "F1")
		}
		return done
	})
	labels := func() string {
		list, err := autosession.Checkpoints(t.Context(), b.cfg)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range list {
			out = append(out, c.Label)
		}
		slices.Reverse(out)
		return strings.Join(out, ", ")
	}
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	if _, err := autosession.SaveCheckpoint(t.Context(), b.cfg, "mine"); err != nil {
		t.Fatal(err)
	}
	b.cfg.RunMax.Sessions = 2
	b.stops("limit-iterations")
	if all := labels(); !strings.Contains(all, "open 1") || !strings.Contains(all, "open 3") {
		t.Errorf("too early: %s", all)
	}
	b.cfg.RunMax.Sessions, b.cfg.Checks.Budget = 5, time.Nanosecond // F1 is not proven again
	b.stops("limit-iterations")
	// The oldest proof is of session 3: its tree, and what sessions ended with since, are needed.
	const want = "manual: mine, left 3, closed 3, open 4, left 4, left 5, open 6, left 6, open 7, left 7, open 8, left 8"
	if got := labels(); got != want {
		t.Errorf("kept are\n%s, want\n%s", got, want)
	}
}
