package autosession_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

// TestKilledAtEveryWriteOfClose kills the manager at each write of CLOSE, and
// sees that the next start ends in the same state as a CLOSE that was whole.
func TestKilledAtEveryWriteOfClose(t *testing.T) {
	dir, state := newDoomed(t)
	cfg, end, err := doomedProject(t.Context(), dir, state)
	if err != nil {
		t.Fatal(err)
	}
	cfg.RunMax.Sessions = 1
	_, err = autosession.Loop{Config: cfg}.Run(t.Context())
	end()
	if err != nil {
		t.Fatal(err)
	}
	atEveryWrite(t, dir, state, func(t *testing.T, cfg autosession.Config, after string, _ bool) {
		d, err := autosession.Loop{Config: cfg}.Run(t.Context())
		if err != nil || d.Reason != autosession.ReasonComplete {
			t.Fatalf("%s: it goes on to %s %s: %v", after, d.Reason, d.Detail, err)
		}
		inspect(t, cfg, after)
	})
}

// inspect checks what must hold whatever happened.
func inspect(t *testing.T, cfg autosession.Config, after string) {
	t.Helper()
	s, err := cfg.Store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Pending) > 0 || len(s.Sessions) != 3 || s.Spent.Sessions != 3 || s.Counted != 3 {
		t.Errorf("%s: %d sessions, %d pending, %d counted, %d spent", after, len(s.Sessions), len(s.Pending), s.Counted, s.Spent.Sessions)
	}
	for i, r := range s.Sessions {
		ended := r.Outcome.Class == autosession.OutcomeDone || r.Outcome.Class == autosession.OutcomeInterrupted && after == "killed before write 1"
		// What a session spent is on the disk within a second of the event that
		// told of it, and with the first write of CLOSE.
		spent := r.Usage.CostUSD == 0.25 || r.Usage.CostUSD == 0 && after == "killed before write 1"
		if r.Number != i+1 || !ended || !spent || r.Closed == "" {
			t.Errorf("%s: session %+v", after, r)
		}
	}
	if r := s.Sessions[1]; r.Claimed != 2 || r.Proven != 1 || r.Disproved != 1 || r.Violations != 5 {
		t.Errorf("%s: the session that cheated has claimed %d, proven %d, disproved %d, violations %d", after, r.Claimed, r.Proven, r.Disproved, r.Violations)
	}
	if tally := s.Ledger.Tally(); tally != (autosession.Tally{Total: 2, Proven: 2}) {
		t.Errorf("%s: tally %+v", after, tally)
	}
	if _, err := autosession.VerifyHistory(t.Context(), cfg.Store.(autosession.Archive), s.Project.Head); err != nil {
		t.Errorf("%s: %v", after, err)
	}
	restored := ""
	for h, err := range cfg.Store.(autosession.Archive).Chain(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if h.What == "restored" {
			restored += h.Feature + ": " + h.Detail + "; "
		}
	}
	if restored != "F1: feature F1 was deleted; F2: feature F2 was deleted; F2: feature F2 was edited; " {
		t.Errorf("%s: the history has restored %q", after, restored)
	}
	data, err := os.ReadFile(filepath.Join(cfg.Dir, "feature_list.json"))
	if err != nil || !strings.Contains(string(data), "says goodbye") || strings.Count(string(data), `"passes": true`) != 2 {
		t.Errorf("%s: the list is %s, %v", after, data, err)
	}
	if data, err := os.ReadFile(filepath.Join(cfg.Dir, "tests", "one")); err != nil || string(data) != "strict" {
		t.Errorf("%s: the protected test is %q, %v", after, data, err)
	}
	if log, err := exec.Command("git", "-C", cfg.Dir, "log", "--all", "--format=%s").CombinedOutput(); err != nil || !strings.Contains(string(log), "list the features") {
		t.Errorf("%s: a commit cannot be reached any more: %s %v", after, log, err)
	}
	for _, pattern := range []string{filepath.Join(cfg.Dir, ".autosession-*"), filepath.Join(cfg.Dir, "*.lock")} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("%s: left over: %q", after, left)
		}
	}
}
