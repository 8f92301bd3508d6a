package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession/git"
)

// destroy does for good away with what no ref of a repository reaches.
func destroy(t *testing.T, dir string) {
	t.Helper()
	runGit(t, dir, "reflog", "expire", "--expire=now", "--all")
	runGit(t, dir, "gc", "-q", "--prune=now")
}

// TestHiddenCommits has a session hide commits from git, so that the next one,
// or git itself, can drop them.
func TestHiddenCommits(t *testing.T) {
	for name, do := range map[string]struct {
		hide func(t *testing.T, dir string)
		want []string
	}{
		"borrowed from nowhere": {func(t *testing.T, dir string) {
			write(t, dir+"/.git/objects/info/alternates", "../../nothing\n")
		}, []string{".git/objects/info/alternates"}},
		"borrowed from the project": {func(t *testing.T, dir string) {
			for _, part := range []string{"pack", "info"} {
				if err := errors.Join(os.MkdirAll(dir+"/lent", 0o755), os.Rename(dir+"/.git/objects/"+part, dir+"/lent/"+part)); err != nil {
					t.Fatal(err)
				}
			}
			write(t, dir+"/.git/objects/info/alternates", dir+"/lent\n")
		}, append(slices.Clone(everything), ".git/objects/info/alternates")},
		"shallow tip": {func(t *testing.T, dir string) {
			write(t, dir+"/.git/shallow", runGit(t, dir, "rev-parse", "HEAD"))
		}, []string{".git/shallow"}},
		"shallow tip, and pruned": {func(t *testing.T, dir string) {
			write(t, dir+"/.git/shallow", runGit(t, dir, "rev-parse", "HEAD", "topic", "stash"))
			destroy(t, dir)
		}, []string{".git/shallow"}},
		"shallow above": {func(t *testing.T, dir string) {
			runGit(t, dir, "commit", "-q", "--allow-empty", "-m", "one")
			runGit(t, dir, "commit", "-q", "--allow-empty", "-m", "two")
			write(t, dir+"/.git/shallow", runGit(t, dir, "rev-parse", "HEAD"))
		}, []string{"refs/heads/work", ".git/shallow"}},
		"grafts": {func(t *testing.T, dir string) {
			write(t, dir+"/.git/info/grafts", runGit(t, dir, "rev-parse", "HEAD"))
		}, []string{".git/info/grafts"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, r, c := aged(t, "sha1")
			runGit(t, dir, "gc", "-q")
			commits, root := runGit(t, dir, "rev-list", "--all"), mustLook(t, r).RootCommit
			do.hide(t, dir)
			mustSave(t, r, "left")
			if lost := mustLose(t, r, c); !slices.Equal(lost, do.want) {
				t.Errorf("Lost = %v, want %v", lost, do.want)
			}
			mustLook(t, r)
			bringBack(t, r, dir, c)
			destroy(t, dir)
			reached := runGit(t, dir, "rev-list", "--all")
			for id := range strings.FieldsSeq(commits) {
				if !strings.Contains(reached, id) {
					t.Errorf("commit %s is not reached", id)
				}
			}
			if got := mustLook(t, r).RootCommit; got != root {
				t.Errorf("the first commit is %s, and was %s", got, root)
			}
			// The next session destroys what the last one could have hidden.
			next := mustSave(t, r, "the next session")
			if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
				t.Fatal(err)
			}
			if lost := mustLose(t, r, next); !slices.Contains(lost, "refs/heads/work") {
				t.Errorf("Lost without a repository = %v", lost)
			}
		})
	}
}

// TestBorrowed keeps the history of a clone that shares the objects of another
// repository, which a person made.
func TestBorrowed(t *testing.T) {
	base := t.TempDir()
	origin, dir := filepath.Join(base, "origin"), filepath.Join(base, "clone")
	write(t, filepath.Join(origin, "x"), "1")
	committed(t, origin, "sha1")
	runGit(t, base, "clone", "-q", "--shared", origin, dir)
	store := filepath.Join(base, "store")
	r := openRepo(t, git.Options{Dir: dir, Store: store})
	for range 2 { // the second time it is asked what was known
		c, log := mustSave(t, r, "open"), runGit(t, dir, "log")
		if out, err := r.LeftOut(t.Context(), c.ID); err != nil || len(out) > 0 {
			t.Fatalf("LeftOut = %q, %v", out, err)
		}
		runGit(t, dir, "commit", "-q", "--allow-empty", "-m", "of the session")
		if lost := mustLose(t, r, c); len(lost) > 0 {
			t.Fatalf("Lost of an honest session = %v", lost)
		}
		r = openRepo(t, git.Options{Dir: dir, Store: store})
		runGit(t, dir, "reset", "-q", "--hard", "HEAD~1")
		mustSave(t, r, "left")
		os.RemoveAll(filepath.Join(dir, ".git"))
		bringBack(t, r, dir, c)
		if got := runGit(t, dir, "log"); got != log {
			t.Errorf("the log is %s, want %s", got, log)
		}
		os.RemoveAll(dir)
		runGit(t, base, "clone", "-q", "--shared", origin, dir)
		r = openRepo(t, git.Options{Dir: dir, Store: store})
		mustSave(t, r, "closed")
	}
}

// TestForeignObjects borrows, in a session, from a repository that the session
// could not read.
func TestForeignObjects(t *testing.T) {
	secret := t.TempDir()
	committed(t, secret, "sha1")
	runGit(t, secret, "commit", "-q", "--amend", "-m", "secret")
	id := runGit(t, secret, "rev-parse", "HEAD")
	dir, r, c := aged(t, "sha1")
	write(t, dir+"/.git/objects/info/alternates", secret+"/.git/objects\n")
	write(t, dir+"/.git/refs/heads/secret", id)
	left := mustSave(t, r, "left")
	out, err := r.LeftOut(t.Context(), left.ID)
	if err != nil || len(out) != 1 || out[0].Path != ".git/refs/heads/secret" {
		t.Errorf("LeftOut = %q, %v", out, err)
	}
	if lost := mustLose(t, r, c); !slices.Contains(lost, ".git/objects/info/alternates") {
		t.Errorf("Lost = %v", lost)
	}
	if err := r.RestoreHistory(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if gitCommand(dir, "cat-file", "-e", strings.TrimSpace(id)).Run() == nil {
		t.Error("what the session could not read is there")
	}
}

// TestTipThatIsNotKept has a session leave a commit that no checkpoint can
// hold, and the next one destroy what was there before it.
func TestTipThatIsNotKept(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	committed(t, dir, "sha1")
	log := runGit(t, dir, "log")
	mustSave(t, openRepo(t, git.Options{Dir: dir, Store: store}), "open 1")
	write(t, filepath.Join(dir, "large"), strings.Repeat("0123456789abcdef", 1<<10))
	runGit(t, dir, "add", "-A")
	runGit(t, dir, "commit", "-q", "-m", "large")
	r := openRepo(t, git.Options{Dir: dir, Store: store, HistorySize: 10})
	c := mustSave(t, r, "open 2")
	if out, err := r.LeftOut(t.Context(), c.ID); err != nil || len(out) != 1 {
		t.Fatalf("LeftOut = %q, %v", out, err)
	}
	if lost := mustLose(t, r, c); len(lost) > 0 {
		t.Errorf("Lost before anything is = %v", lost)
	}
	os.RemoveAll(filepath.Join(dir, ".git"))
	if lost := mustLose(t, r, c); !slices.Equal(lost, []string{"refs/heads/work"}) {
		t.Errorf("Lost = %v", lost)
	}
	bringBack(t, r, dir, c)
	if got := runGit(t, dir, "log"); got != log {
		t.Errorf("the log is %s, want %s", got, log)
	}
}
