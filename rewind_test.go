package autosession_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/git"
)

// builds writes the files that the features of twoFeatures want and claims
// them all.
func builds(t *autosessiontest.Turn) autosession.Outcome {
	t.Write("hello", "hello")
	t.Write("bye", "goodbye")
	data, err := os.ReadFile(t.Task.Dir + "/" + autosession.ListFile)
	if err != nil {
		panic(err)
	}
	t.Write(autosession.ListFile, strings.ReplaceAll(string(data), `"passes": false`, `"passes": true`))
	return done
}

// checkpoint makes one, and rollback goes back to it.
func (b *bench) checkpoint(name string) string {
	b.t.Helper()
	c, err := autosession.SaveCheckpoint(b.t.Context(), b.cfg, name)
	if err != nil {
		b.t.Fatal(err)
	}
	return c.ID
}

// labelled is the id of the checkpoint with a label.
func (b *bench) labelled(label string) string {
	b.t.Helper()
	list, err := autosession.Checkpoints(b.t.Context(), b.cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range list {
		if c.Label == label {
			return c.ID
		}
	}
	b.t.Fatalf("there is no checkpoint %q: %v", label, list)
	return ""
}

func (b *bench) rollback(id string) {
	b.t.Helper()
	if _, err := autosession.Rollback(b.t.Context(), b.cfg, id); err != nil {
		b.t.Fatal(err)
	}
	s := b.snapshot()
	if _, err := autosession.VerifyHistory(b.t.Context(), b.store, s.Project.Head); err != nil {
		b.t.Error(err)
	}
}

func (b *bench) features(want string) {
	b.t.Helper()
	got := "none"
	if l := b.snapshot().Ledger; l != nil && len(l.Entries) > 0 {
		got = states(l)
	}
	if got != want {
		b.t.Errorf("the features are %s, want %s\n%s", got, want, b.story())
	}
}

// TestRollbackKeepsNoProofOfAnotherCheck has a person change a check after a
// checkpoint: back there, its feature is open, and complete is far.
func TestRollbackKeepsNoProofOfAnotherCheck(t *testing.T) {
	t.Parallel()
	b := newBench(t, builds)
	b.write(autosession.ListFile, twoFeatures)
	b.stops("complete")
	good := b.checkpoint("good")
	b.write(autosession.ListFile, strings.ReplaceAll(strings.ReplaceAll(twoFeatures, "test -f hello", "test -f more"), "false", "true"))
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	b.features("open proven")
	b.rollback(good)
	b.features("open proven")
	b.stops("limit-iterations")
	b.features("open proven")
	if list := b.read(autosession.ListFile); !strings.Contains(list, "test -f more") {
		t.Errorf("the person's change is gone:\n%s", list)
	}
}

// TestRollbackGivesNoProofAway has a person put a feature in front of others
// that have no ids: it does not get what belongs to the one that stood there.
func TestRollbackGivesNoProofAway(t *testing.T) {
	t.Parallel()
	b := newBench(t, builds)
	nameless := strings.NewReplacer(`"id": "F1", `, "", `"id": "F2", `, "").Replace(twoFeatures)
	b.write(autosession.ListFile, nameless)
	b.stops("complete")
	good := b.checkpoint("good")
	list := strings.ReplaceAll(nameless, "false", "true")
	b.write(autosession.ListFile, strings.Replace(list, "[", `[{"description": "never", "verify": "test -e never", "passes": false},`, 1))
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	b.features("open proven proven")
	b.rollback(good)
	b.features("open proven proven")
	for _, e := range b.snapshot().Ledger.Entries {
		if e.State == autosession.FeatureProven && e.Proof.Command != e.Feature.Verify {
			t.Errorf("%q is proven by %q", e.Feature.Description, e.Proof.Command)
		}
	}
}

// late is a Repo of a time when the clock was wrong.
type late struct {
	*git.Repo
	by map[string]time.Duration // by label
}

func (l late) Checkpoints(ctx context.Context) ([]autosession.Checkpoint, error) {
	list, err := l.Repo.Checkpoints(ctx)
	for i := range list {
		list[i].At = list[i].At.Add(l.by[list[i].Label])
	}
	return list, err
}

// TestRollbackDoesNotTrustTheClock makes a checkpoint while the clock is a day
// ahead, and one while it is a day behind. What was proven between them is not
// proven at the first one, and is at the second one.
func TestRollbackDoesNotTrustTheClock(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(*autosessiontest.Turn) autosession.Outcome { return done })
	b.cfg.Repo = late{b.cfg.Repo.(*git.Repo), map[string]time.Duration{"manual: before": 24 * time.Hour, "manual: after": -24 * time.Hour}}
	b.write(autosession.ListFile, twoFeatures)
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	before := b.checkpoint("before")
	b.cfg.Agent = &autosessiontest.Agent{Play: builds}
	b.stops("complete")
	after := b.checkpoint("after")
	b.rollback(before)
	b.features("open open")
	b.rollback(after)
	b.features("proven proven")
}

// TestRollbackToBeforeTheLedgerWasReset brings back the ledger that a person
// had forgotten, with its proofs.
func TestRollbackToBeforeTheLedgerWasReset(t *testing.T) {
	t.Parallel()
	b := newBench(t, builds)
	b.write(autosession.ListFile, twoFeatures)
	b.stops("complete")
	good := b.checkpoint("good")
	if err := os.Remove(b.path(autosession.ListFile)); err != nil {
		t.Fatal(err)
	}
	if err := autosession.Reset(t.Context(), b.cfg); err != nil {
		t.Fatal(err)
	}
	b.features("none")
	b.rollback(good)
	b.features("proven proven")
	b.cfg.Agent = &autosessiontest.Agent{Play: func(*autosessiontest.Turn) autosession.Outcome { panic("there is nothing to do") }}
	b.stops("complete")
}

// TestRollbackToBeforeTheList goes back to where there was no list: there is
// none, no ledger, and the next session is init. From there one can go forward.
func TestRollbackToBeforeTheList(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Kind == autosession.Init {
			return makeList(t)
		}
		return builds(t)
	})
	b.stops("complete")
	first, last := b.labelled("open 1"), b.labelled("closed 2")
	for range 2 {
		b.rollback(first)
		b.features("none")
		if _, err := os.Lstat(b.path(autosession.ListFile)); !os.IsNotExist(err) {
			t.Errorf("there is a list: %v", err)
		}
		if d, err := autosession.Detect(b.cfg.Dir, b.snapshot().Ledger); err != nil || d.Kind != autosession.Init {
			t.Errorf("the next session is %s (%s): %v", d.Kind, d.Reason, err)
		}
		b.rollback(last)
		b.features("proven proven")
	}
	told := ""
	for h, err := range b.store.Chain(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		told += h.Feature + " " + h.What + ", "
	}
	if want := " rolled back, F1 removed, F2 removed,  rolled back,  accepted, F1 proven, F2 proven, "; !strings.HasSuffix(told, want+want) {
		t.Errorf("the history ends with %q", told)
	}
}

// TestRollbackToBeforeWeSawIt goes back to the list that a person had made
// before the first run. What it says passes is a claim.
func TestRollbackToBeforeWeSawIt(t *testing.T) {
	t.Parallel()
	b := newBench(t, builds)
	b.write("hello", "hello")
	b.write(autosession.ListFile, strings.Replace(twoFeatures, "false", "true", 1))
	start := b.checkpoint("start")
	b.stops("complete")
	b.rollback(start)
	b.features("claimed open")
	if e := b.snapshot().Ledger.Entries[0]; !e.Pending {
		t.Errorf("the claim is %+v, and its check is due", e)
	}
}

// forgetful is a store that does not know what the ledger was, as one that an
// older version wrote.
type forgetful struct {
	autosession.Store
	autosession.Archive
}

// TestRollbackOfOldRecords falls back to the history and the clock: what passed
// then, and was not changed since, is checked again.
func TestRollbackOfOldRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t, builds)
	b.cfg.Store = forgetful{b.store, b.store}
	b.write(autosession.ListFile, twoFeatures)
	b.stops("complete")
	good := b.checkpoint("good")
	b.write(autosession.ListFile, strings.ReplaceAll(strings.ReplaceAll(twoFeatures, "test -f hello", "test -f more"), "false", "true"))
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	b.rollback(good)
	b.features("open claimed")
	if e := b.snapshot().Ledger.Entries[1]; !e.Pending {
		t.Errorf("the claim is %+v, and its check is due", e)
	}
	b.stops("limit-iterations")
	b.features("open proven")
}
