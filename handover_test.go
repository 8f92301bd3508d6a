package autosession_test

import (
	"context"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// TestClosedCheckpoint sees that a CLOSE that changes nothing needs no
// checkpoint of its own, and that one that writes the list has one.
func TestClosedCheckpoint(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		switch t.Task.Number {
		case 1:
			return makeList(t)
		case 2:
			t.Write("work", "done")
		case 3:
			claim(t, "F2") // its check fails, so the list is written again
		}
		return done
	})
	b.cfg.RunMax.Sessions = 3
	b.stops("limit-iterations")
	s := b.snapshot().Sessions
	if quiet := s[1]; quiet.Left == "" || quiet.Closed != quiet.Left {
		t.Errorf("a quiet session left %q and closed %q", quiet.Left, quiet.Closed)
	}
	busy := s[2]
	if busy.Closed == "" || busy.Closed == busy.Left {
		t.Errorf("a session that lied left %q and closed %q", busy.Left, busy.Closed)
	}
	changes, err := b.cfg.Repo.Diff(t.Context(), busy.Left, busy.Closed)
	if err != nil || len(changes) != 1 || changes[0].Path != autosession.ListFile {
		t.Errorf("CLOSE changed %v, %v", changes, err)
	}
}

// TestPromptIsInTime sees that OPEN begins before the delay is over and the
// prompt goes out when it is.
func TestPromptIsInTime(t *testing.T) {
	on(t, func(t *testing.T) {
		var ended time.Time
		var gap time.Duration
		b := timed(t, func(*autosessiontest.Turn) autosession.Outcome {
			gap = time.Since(ended)
			ended = time.Now()
			return done
		})
		b.cfg.RunMax.Sessions, b.cfg.Patience.ContinueDelay = 2, 3*time.Second
		b.cfg.Repo = slow{still{}}
		b.stops("limit-iterations")
		if gap != 3*time.Second {
			t.Errorf("the prompt goes out after %s, want 3 s", gap)
		}
	})
}

// slow is a Repo that takes its time to save.
type slow struct{ autosession.Repo }

func (r slow) Save(ctx context.Context, label string) (autosession.Checkpoint, error) {
	time.Sleep(20 * time.Millisecond) // on the clock of the test
	return r.Repo.Save(ctx, label)
}
