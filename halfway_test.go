package autosession_test

import (
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

const oneOfTwo = `[{"id": "F1", "description": "says hello", "verify": "test -f hello", "passes": false}]`

// TestInitThatDiesHalfWay ends an init session by each kind of failure with a
// sound list of fewer features than it would have made. It is done again, knows
// of the list, and what it makes then is the ledger.
func TestInitThatDiesHalfWay(t *testing.T) {
	t.Parallel()
	for _, class := range []autosession.OutcomeClass{
		autosession.OutcomeInterrupted, autosession.OutcomeCrashed, autosession.OutcomeNoResult, autosession.OutcomeIdle,
		autosession.OutcomeOverloaded, autosession.OutcomeNeedsPerson,
	} {
		t.Run(string(class), func(t *testing.T) {
			t.Parallel()
			var told []string
			b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
				told = append(told, t.Prompt)
				if t.Task.Number == 1 {
					t.Write(autosession.ListFile, oneOfTwo)
					return autosession.Outcome{Class: class}
				}
				return makeList(t)
			})
			b.cfg.RunMax.Sessions, b.cfg.Patience.BackoffBase = 1, 1
			b.run()
			b.features("none")
			if d, err := autosession.Detect(b.cfg.Dir, b.snapshot().Ledger); err != nil || d.Kind != autosession.Init {
				t.Errorf("the next session is %s (%s): %v", d.Kind, d.Reason, err)
			}
			if b.read(autosession.ListFile) != oneOfTwo {
				t.Error("what there is of the list is gone")
			}
			b.stops("limit-iterations")
			if got := b.outcomes(); got != "1 init "+string(class)+", 2 init done" {
				t.Errorf("sessions: %s", got)
			}
			if !strings.Contains(told[1], "before it was finished, with 1 features in it. See what is missing, and finish it.") {
				t.Errorf("the session that does it again is told:\n%s", told[1])
			}
			b.features("open open")
		})
	}
}

// TestHalfAListBecomesAPersons has a person change a list that an init session
// left half-way: then it is that person's list.
func TestHalfAListBecomesAPersons(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Number == 1 {
			t.Write(autosession.ListFile, oneOfTwo)
			return autosession.Outcome{Class: autosession.OutcomeCrashed}
		}
		return builds(t)
	})
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	b.write(autosession.ListFile, strings.Replace(oneOfTwo, "says hello", "says hello to all", 1))
	b.stops("complete")
	if got := b.outcomes(); got != "1 init crashed, 2 continue done" {
		t.Errorf("sessions: %s", got)
	}
}

// TestPersonEmptiesTheList restores it. Starting over is for features reset,
// and after that detect and run agree.
func TestPersonEmptiesTheList(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Kind == autosession.Init {
			return makeList(t)
		}
		return builds(t)
	})
	b.write(autosession.ListFile, twoFeatures)
	b.stops("complete")
	b.write(autosession.ListFile, "[]\n")
	b.stops("complete")
	b.features("proven proven")
	if list := b.read(autosession.ListFile); strings.Count(list, `"passes": true`) != 2 {
		t.Errorf("the list is not restored:\n%s", list)
	}
	b.write(autosession.ListFile, "[]\n")
	if err := autosession.Reset(t.Context(), b.cfg); err != nil {
		t.Fatal(err)
	}
	b.features("none")
	if d, err := autosession.Detect(b.cfg.Dir, b.snapshot().Ledger); err != nil || d.Kind != autosession.Init {
		t.Errorf("the next session is %s (%s): %v", d.Kind, d.Reason, err)
	}
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	b.features("open open")
}
