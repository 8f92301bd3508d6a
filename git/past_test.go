package git_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/autosession/autosession/git"
)

// TestLookFollowsHead lets HEAD go on, jump and come back, and compares what an
// old Repo says, which remembers, with a new one.
func TestLookFollowsHead(t *testing.T) {
	dir := t.TempDir()
	old := openRepo(t, git.Options{Dir: dir})
	same := func(what string) {
		t.Helper()
		fresh, err := openRepo(t, git.Options{Dir: dir}).Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := old.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.RootCommit != fresh.RootCommit || got.Head != fresh.Head || len(got.Log) != len(fresh.Log) || got.RootCommit == "" {
			t.Errorf("%s: it remembers %s from %s (%d commits), and there is %s from %s (%d commits)", what,
				got.Head, got.RootCommit, len(got.Log), fresh.Head, fresh.RootCommit, len(fresh.Log))
		}
	}
	commit := func(date string) {
		write(t, filepath.Join(dir, "a"), date)
		runGit(t, dir, "add", "-A")
		runGit(t, dir, "commit", "-q", "-m", "work", "--date="+date)
	}
	runGit(t, dir, "init", "-q", "-b", "main")
	commit("2026-01-02T00:00:00Z")
	same("the first commit")
	commit("2026-01-03T00:00:00Z")
	same("one more")
	runGit(t, dir, "checkout", "-q", "--orphan", "other")
	commit("2026-01-04T00:00:00Z")
	same("a history of its own")
	runGit(t, dir, "merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "join", "main")
	same("two histories joined")
	runGit(t, dir, "checkout", "-q", "main")
	same("back")
	for range 25 {
		runGit(t, dir, "commit", "-q", "--allow-empty", "-m", "more")
	}
	same("far on")
	runGit(t, dir, "commit", "-q", "--amend", "--allow-empty", "-m", "rewritten")
	same("the last commit rewritten")
}

// TestDiffRemembers compares what a Repo knows of checkpoints that it made with
// what git says of them.
func TestDiffRemembers(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	r := openRepo(t, git.Options{Dir: dir, Store: store})
	for name, text := range map[string]string{"a": "1", "a.b": "1", "a-b/c": "1", "gone": "1", "file": "1", "z/deep/er": "1"} {
		write(t, filepath.Join(dir, name), text)
	}
	one := mustSave(t, r, "one")
	write(t, filepath.Join(dir, "a-b/c"), "2")
	write(t, filepath.Join(dir, "a-b/d"), "2")
	for _, name := range []string{"gone", "file"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "file/now a directory"), "1")
	two := mustSave(t, r, "two")
	inMind, err := r.Diff(t.Context(), one.ID, two.ID)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := openRepo(t, git.Options{Dir: dir, Store: store}).Diff(t.Context(), one.ID, two.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(asked) != 5 || !slices.Equal(inMind, asked) {
		t.Errorf("in mind %v, git says %v", inMind, asked)
	}
	if none, err := r.Diff(t.Context(), two.ID, two.ID); err != nil || len(none) != 0 {
		t.Errorf("a checkpoint differs from itself: %v, %v", none, err)
	}
}
