package git_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/git"
)

// storied makes a project with branches, tags and a stash.
func storied(t *testing.T, dir, format string) {
	t.Helper()
	committed(t, dir, format)
	runGit(t, dir, "checkout", "-q", "-b", "topic")
	write(t, filepath.Join(dir, "topic/file"), "3\n")
	runGit(t, dir, "add", "-A")
	runGit(t, dir, "commit", "-q", "-m", "of the topic")
	runGit(t, dir, "tag", "-a", "-m", "annotated", "v1")
	runGit(t, dir, "tag", "light")
	runGit(t, dir, "checkout", "-q", "work")
	write(t, filepath.Join(dir, "a"), "stashed\n")
	runGit(t, dir, "stash", "-q")
	runGit(t, dir, "pack-refs", "--all")
	write(t, filepath.Join(dir, "d"), "4\n")
	runGit(t, dir, "add", "-A")
	runGit(t, dir, "commit", "-q", "-m", "third")
	// What is not committed, and what the repository's own list ignores.
	write(t, filepath.Join(dir, "a"), "uncommitted\n")
	write(t, filepath.Join(dir, "untracked"), "5\n")
	write(t, filepath.Join(dir, "mine"), "6\n")
	appendTo(t, filepath.Join(dir, ".git/info/exclude"), "mine\n")
	runGit(t, dir, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/work")
}

// view is what a person sees of a repository's history.
func view(t *testing.T, dir string) string {
	t.Helper()
	return runGit(t, dir, "log", "--all", "--format=%H %P %an %ct %B") + runGit(t, dir, "for-each-ref") +
		runGit(t, dir, "status", "--porcelain=v1", "--branch") + runGit(t, dir, "symbolic-ref", "HEAD")
}

// aged makes a project that has a history, and a checkpoint of it.
func aged(t *testing.T, format string) (dir string, r *git.Repo, c autosession.Checkpoint) {
	t.Helper()
	dir = t.TempDir()
	storied(t, dir, format)
	r = openRepo(t, git.Options{Dir: dir})
	c = mustSave(t, r, "good")
	if out, err := r.LeftOut(t.Context(), c.ID); err != nil || len(out) > 0 {
		t.Fatalf("LeftOut = %v, %v", out, err)
	}
	if lost := mustLose(t, r, c); len(lost) > 0 {
		t.Fatalf("Lost right after the checkpoint = %v", lost)
	}
	return dir, r, c
}

// mustLose lists the names of what is lost.
func mustLose(t *testing.T, r *git.Repo, c autosession.Checkpoint) []string {
	t.Helper()
	lost, err := r.Lost(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range lost {
		names = append(names, l.Ref)
	}
	return names
}

func bringBack(t *testing.T, r *git.Repo, dir string, c autosession.Checkpoint) {
	t.Helper()
	before := readItems(t, dir)
	if err := r.RestoreHistory(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	runGit(t, dir, "fsck", "--strict", "--full")
	if lost := mustLose(t, r, c); len(lost) > 0 {
		t.Errorf("still lost: %v", lost)
	}
	after := readItems(t, dir)
	for name, it := range before {
		if after[name] != it {
			t.Errorf("%s was %q and is %q", name, it, after[name])
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dir, ".autosession-*")); len(found) > 0 {
		t.Errorf("left in the project: %v", found)
	}
}

// everything is all the refs of storied.
var everything = []string{
	"refs/heads/topic", "refs/heads/work", "refs/stash", "refs/tags/light", "refs/tags/v1",
}

func TestGoneRepository(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		for name, lose := range map[string]func(dir string) error{
			"removed": os.RemoveAll,
			"emptied": func(dir string) error { os.RemoveAll(dir); return os.Mkdir(dir, 0o755) },
			"no HEAD": func(dir string) error { return os.Remove(dir + "/HEAD") },
			"no refs": func(dir string) error { return os.RemoveAll(dir + "/refs") },
			"a file":  func(dir string) error { os.RemoveAll(dir); return os.WriteFile(dir, []byte("x"), 0o644) },
			"a link":  func(dir string) error { os.RemoveAll(dir); return os.Symlink("/nowhere", dir) },
		} {
			if format == "sha256" && name != "removed" {
				continue // the ways are the same
			}
			t.Run(format+" "+name, func(t *testing.T) {
				dir, r, c := aged(t, format)
				before := view(t, dir)
				if err := lose(filepath.Join(dir, ".git")); err != nil {
					t.Fatal(err)
				}
				if lost := mustLose(t, r, c); !slices.Equal(lost, everything) {
					t.Errorf("Lost = %v", lost)
				}
				bringBack(t, r, dir, c)
				if after := view(t, dir); after != before {
					t.Errorf("the repository was\n%s\nand is\n%s", before, after)
				}
				_, err := os.Lstat(filepath.Join(dir, ".git.kept-1"))
				if kept := err == nil; kept != (name != "removed") {
					t.Errorf("what stood at .git was kept: %v", kept)
				}
				if saved := mustSave(t, r, "again"); saved.Tree != c.Tree {
					t.Error("the restored repository changes what is saved of the tree")
				}
			})
		}
	}
}

func TestLostCommits(t *testing.T) {
	for name, do := range map[string]struct {
		lose []string // commands, joined by spaces
		want []string
	}{
		"amend":          {[]string{"commit -q -a --amend -m other"}, []string{"refs/heads/work"}},
		"reset":          {[]string{"reset -q --hard HEAD~2"}, []string{"refs/heads/work"}},
		"delete":         {[]string{"tag -d light", "tag -d v1", "branch -q -D topic"}, []string{"refs/heads/topic", "refs/tags/light", "refs/tags/v1"}},
		"delete a tag":   {[]string{"tag -d v1"}, []string{"refs/tags/v1"}},
		"stash drop":     {[]string{"stash drop -q"}, []string{"refs/stash"}},
		"rebase":         {[]string{"checkout -q -f", "rebase -q --onto topic HEAD~1 work"}, []string{"refs/heads/work"}},
		"orphan":         {[]string{"checkout -q --orphan new", "commit -q -m new", "branch -q -D work", "symbolic-ref -d refs/remotes/origin/HEAD"}, []string{"refs/heads/work"}},
		"moved on":       {[]string{"commit -q -a -m more"}, nil},
		"renamed":        {[]string{"branch -q -m topic other"}, nil},
		"nothing at all": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir, r, c := aged(t, "sha1")
			commits := runGit(t, dir, "rev-list", "--all")
			for _, command := range do.lose {
				runGit(t, dir, strings.Fields(command)...)
			}
			runGit(t, dir, "reflog", "expire", "--expire=now", "--all")
			runGit(t, dir, "gc", "-q", "--prune=now")
			if lost := mustLose(t, r, c); !slices.Equal(lost, do.want) {
				t.Errorf("Lost = %v, want %v", lost, do.want)
			}
			refs := runGit(t, dir, "for-each-ref")
			head, index := runGit(t, dir, "rev-parse", "HEAD"), runGit(t, dir, "status", "--porcelain")
			bringBack(t, r, dir, c)
			now := runGit(t, dir, "for-each-ref")
			for line := range strings.Lines(refs) {
				if !strings.Contains(now, line) {
					t.Errorf("the ref %q is not as it was", line)
				}
			}
			if runGit(t, dir, "rev-parse", "HEAD") != head || runGit(t, dir, "status", "--porcelain") != index {
				t.Error("HEAD or the status changed")
			}
			runGit(t, dir, "gc", "-q", "--prune=now")
			reached := runGit(t, dir, "rev-list", "--all")
			for id := range strings.FieldsSeq(commits) {
				if !strings.Contains(reached, id) {
					t.Errorf("commit %s is not reached", id)
				}
			}
		})
	}
}
