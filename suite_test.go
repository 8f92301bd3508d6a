package autosession_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// TestSuiteRunsOnce proves several features by one command for all, which runs
// once for each tree.
func TestSuiteRunsOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Kind == autosession.Init {
			t.Write(autosession.ListFile, `[{"id": "A", "description": "a", "passes": false}, {"id": "B", "description": "b", "passes": false}, {"id": "C", "description": "c", "passes": false}]`)
			return done
		}
		t.Write("works", "yes")
		for _, id := range []string{"A", "B", "C"} {
			claim(t, id)
		}
		return done
	})
	b.cfg.Checks.Command = `echo run >> "$HOME/runs"; test -e works`
	b.stops("complete")
	data, err := os.ReadFile(filepath.Join(b.cfg.State, "home", "runs"))
	if err != nil || string(data) != "run\nrun\n" {
		t.Errorf("the suite ran %d times for two trees: %v", strings.Count(string(data), "run"), err)
	}
	for _, e := range b.snapshot().Ledger.Entries {
		if e.State != autosession.FeatureProven || !e.Proof.Suite {
			t.Errorf("%s is %s: %+v", e.Feature.ID, e.State, e.Proof)
		}
	}
}

const twoUnchecked = `[{"id": "A", "description": "a", "passes": false}, {"id": "B", "description": "b", "passes": false}]`

// TestAnotherSuiteMustBeSeenFailing swaps the suite for one that always passes:
// that another one failed before makes no proof of it.
func TestAnotherSuiteMustBeSeenFailing(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome { return done })
	b.write(autosession.ListFile, twoUnchecked)
	b.cfg.RunMax.Sessions, b.cfg.Checks.Command = 1, "false"
	b.stops("limit-iterations")
	b.cfg.Agent = &autosessiontest.Agent{Play: builds}
	b.cfg.Checks.Command = "true"
	b.stops("complete")
	b.features("claimed claimed")
}

// TestAnotherSuiteProvesAnew has a suite replaced after it proved all. What it
// proved holds no more, and nobody is said to have broken what fails now.
func TestAnotherSuiteProvesAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t, builds)
	b.write(autosession.ListFile, twoUnchecked)
	b.cfg.Checks.Command = "test -e hello"
	b.stops("complete")
	b.features("proven proven")
	b.cfg.RunMax.Sessions, b.cfg.Checks.Command = 1, "test -e more"
	b.cfg.Agent = &autosessiontest.Agent{Play: func(t *autosessiontest.Turn) autosession.Outcome {
		t.Write("more", "more")
		return builds(t)
	}}
	b.stops("complete")
	b.features("proven proven")
	if b.count(autosession.EventBroken) > 0 || b.count(autosession.EventDisproved) != 2 {
		t.Errorf("the proofs of the old suite were taken back like this:\n%s", b.story())
	}
	b.cfg.Checks.Command = ""
	b.write("more", "another tree")
	b.stops("complete")
	b.features("claimed claimed")
}

// TestClaimsAreCheckedWhenACheckComes claims features that no check can tell
// of. A suite that is set later can, and does before the run is complete.
func TestClaimsAreCheckedWhenACheckComes(t *testing.T) {
	t.Parallel()
	b := newBench(t, builds)
	b.write(autosession.ListFile, twoUnchecked)
	b.stops("complete")
	b.features("claimed claimed")
	if _, err := autosession.Verify(t.Context(), b.cfg); err != nil {
		t.Fatal(err)
	}
	b.features("claimed claimed")
	b.cfg.RunMax.Sessions, b.cfg.Checks.Command = 1, "test -e more"
	b.stops("limit-iterations")
	b.features("open open")
	b.cfg.Checks.Command = "true"
	b.cfg.Agent = &autosessiontest.Agent{Play: builds}
	b.stops("complete")
	b.features("claimed claimed")
}

// TestAllIsProvenBeforeComplete breaks a feature when nobody looks. The run is
// not complete before that is found and mended.
func TestAllIsProvenBeforeComplete(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		switch t.Task.Number {
		case 1:
			return makeList(t)
		case 2:
			t.Write("hello", "hello")
			claim(t, "F1")
		case 3:
			t.Bash("rm hello; echo goodbye > bye")
			claim(t, "F2")
		case 4:
			t.Write("hello", "hello")
			claim(t, "F1")
		}
		return done
	})
	b.cfg.RunMax.Sessions = 2
	b.stops("limit-iterations")
	b.cfg.RunMax.Sessions, b.cfg.Checks.Budget = 0, time.Nanosecond
	b.stops("complete")
	if got := b.outcomes(); got != "1 init done, 2 continue done, 3 continue done, 4 continue done" {
		t.Errorf("sessions: %s\n%s", got, b.story())
	}
	if r := b.snapshot().Sessions[2]; r.Broken != 1 {
		t.Errorf("the session that broke F1: %+v", r)
	}
}

// TestNotesAreBounded has notes grow beyond all measure. Nothing of them is
// lost, and the next session sees the newest.
func TestNotesAreBounded(t *testing.T) {
	t.Parallel()
	var prompts []string
	long := ""
	for i := range 9000 {
		long += fmt.Sprintf("note %d\n", i)
	}
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		prompts = append(prompts, t.Prompt)
		switch t.Task.Number {
		case 1:
			return makeList(t)
		case 2:
			t.Write(autosession.DefaultNotes, long)
		}
		return done
	})
	b.cfg.RunMax.Sessions = 3
	b.stops("limit-iterations")
	notes := b.read(autosession.DefaultNotes)
	if len(notes) > 33<<10 || !strings.Contains(prompts[2], "note 8999") {
		t.Errorf("%d bytes of notes; the next session is told:\n%s", len(notes), prompts[2])
	}
	archived, err := os.ReadFile(filepath.Join(b.cfg.State, "notes", "000002-claude-progress.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, recent, _ := strings.Cut(notes, "\n\n")
	if string(archived)+recent != long {
		t.Error("old and recent notes are not what was written")
	}
	for _, r := range b.snapshot().Sessions {
		if r.Violations > 0 {
			t.Errorf("session %d is blamed: %q", r.Number, r.Notes)
		}
	}
}
