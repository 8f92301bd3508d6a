package autosession_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// unusual is a state of the project's git that a person or an agent left.
type unusual struct {
	name  string
	does  string // as a command
	told  string // in the briefing
	warns string // the person, "" is nothing
	check string // a command that succeeds while it is as it was left
}

func unusuals() []unusual {
	const base = "git branch -q side HEAD~1 && git checkout -q side && echo theirs > hello && git add -A && git commit -qm theirs && git checkout -q main && echo ours > hello && git commit -qam ours && "
	return []unusual{
		{"a dirty tree", "echo more >> hello; echo new > new; git rm -q --cached app_spec.txt; git add new", "not committed: new (added)", "",
			"grep -q more hello && git diff --cached --name-status | tr '\\n\\t' '  ' | grep -q 'D app_spec.txt A new'"},
		{"a merge", base + "! git merge -q side", "A merge is under way", "A merge is under way",
			"test -f .git/MERGE_HEAD && git ls-files -u | grep -q hello && grep -q '<<<<' hello"},
		{"an unmerged index", base + "git stash -q; git checkout -q side; echo stashed > hello; git stash -q; git checkout -q main; ! git stash pop -q", "A merge left conflicts in hello", "A merge left conflicts in hello",
			"git ls-files -u | grep -q hello && git stash list | grep -q stash"},
		{"a rebase", base + "! git rebase -q side", "A rebase is under way", "A rebase is under way",
			"test -d .git/rebase-merge && git ls-files -u | grep -q hello"},
		{"a bisect", "git bisect start -q && git bisect bad && git bisect good HEAD~1", "A bisect is under way", "A bisect is under way", "test -f .git/BISECT_LOG"},
		{"a detached head", "git checkout -q --detach && echo new > new && git add new && git commit -qm detached", "HEAD is at commit", "HEAD is at commit",
			"! git symbolic-ref -q HEAD && git log --format=%s | grep -q detached"},
		{"a submodule", "git init -q sub && cd sub && echo in > in && git add in && git commit -qm in && cd .. && git add sub 2>/dev/null && git commit -qm sub && echo more > sub/more", "Submodules, each a repository of its own: sub", "",
			"test -f sub/.git/HEAD && test -f sub/more && git ls-files -s sub | grep -q 160000"},
	}
}

// project2 is a repository with two commits and a list with one feature done.
const project2 = "git init -q -b main && git add -A && git commit -qm one && echo hello > hello && git add -A && git commit -qm two"

// sh runs a command in a directory, outside of any sandbox.
func sh(dir, command string) error {
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@localhost", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return err
}

// TestUnusualRepositoriesAreKeptAndTold has a person, then an agent, leave the
// project's git in each state. It is still so after the session, and after a
// rollback to it the tree is the same; the next session and the person are
// told, even when leftovers are to be committed.
func TestUnusualRepositoriesAreKeptAndTold(t *testing.T) {
	for _, u := range unusuals() {
		for _, who := range []string{"person", "agent"} {
			t.Run(u.name+", by a "+who, func(t *testing.T) {
				t.Parallel()
				var prompts []string
				b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
					prompts = append(prompts, t.Prompt)
					if t.Task.Number == 2 && who == "agent" {
						t.Bash(u.does)
					}
					return done
				})
				b.write(autosession.ListFile, twoFeatures)
				if err := sh(b.cfg.Dir, project2); err != nil {
					t.Fatal(err)
				}
				b.cfg.CommitLeftovers = !slices.Contains([]string{"a dirty tree", "a submodule"}, u.name)
				b.cfg.RunMax.Sessions = 1
				b.stops("limit-iterations")
				if who == "person" {
					if err := sh(b.cfg.Dir, u.does); err != nil {
						t.Fatal(err)
					}
				}
				b.cfg.RunMax.Sessions = 2
				b.stops("limit-iterations")
				if err := sh(b.cfg.Dir, u.check); err != nil {
					t.Errorf("it is not as it was left: %v\n%s", err, b.story())
				}
				if !strings.Contains(prompts[2], u.told) {
					t.Errorf("the next session is not told %q:\n%s", u.told, prompts[2])
				}
				for session := 2; session <= 3 && u.warns != ""; session++ {
					if said := b.saidIn(session); !strings.Contains(said, "warning  "+u.warns) {
						t.Errorf("session %d does not say %q:\n%s", session, u.warns, said)
					}
				}
			})
		}
	}
}

// TestMissingRepositoryIsTold removes the repository between two sessions.
func TestMissingRepositoryIsTold(t *testing.T) {
	t.Parallel()
	var prompts []string
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		prompts = append(prompts, t.Prompt)
		return done
	})
	b.write(autosession.ListFile, twoFeatures)
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	if said := b.saidIn(1); strings.Contains(said, "warning") {
		t.Errorf("it warns of a project that never had a repository:\n%s", said)
	}
	if err := sh(b.cfg.Dir, project2); err != nil {
		t.Fatal(err)
	}
	b.stops("limit-iterations")
	if err := os.RemoveAll(b.path(".git")); err != nil {
		t.Fatal(err)
	}
	b.stops("limit-iterations")
	for _, said := range []string{prompts[2], b.saidIn(3)} {
		if !strings.Contains(said, "There is no git repository.") {
			t.Errorf("it is not told:\n%s", said)
		}
	}
	list, err := autosession.Checkpoints(t.Context(), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := autosession.Rollback(t.Context(), b.cfg, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if log := b.gitOutput("log", "--format=%s"); log != "two\none\n" {
		t.Errorf("after a rollback the commits are %q", log)
	}
}

// TestLeftoversAreCommitted has sessions leave work uncommitted.
func TestLeftoversAreCommitted(t *testing.T) {
	t.Parallel()
	ran := filepath.Join(t.TempDir(), "ran")
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		switch t.Task.Number {
		case 1:
			makeList(t)
			t.Write(".gitignore", "build/\n")
		case 2:
			t.Bash("echo hello > hello; echo mine > -mine; mkdir build; echo x > build/x; git rm -q --cached app_spec.txt")
			claim(t, "F1")
		case 3:
			t.Bash("echo ours > hello; git add -A; git commit -qm 'my own'")
		}
		return done
	})
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	if log := b.gitOutput("log", "--format=%s"); log != "list the features\n" {
		t.Errorf("nobody asked for a commit, and there is %q", log)
	}
	b.write(".git/hooks/pre-commit", "#!/bin/sh\ntouch "+ran+"\nexit 1\n")
	b.write(".git/hooks/post-commit", "#!/bin/sh\ntouch "+ran+"\n")
	for _, hook := range []string{"pre-commit", "post-commit"} {
		if err := os.Chmod(b.path(".git/hooks/"+hook), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.cfg.CommitLeftovers = true
	b.stops("limit-iterations")
	if log := b.gitOutput("log", "--format=%s"); log != "Session 2: what it left uncommitted\nlist the features\n" {
		t.Errorf("the commits are %q\n%s", log, b.story())
	}
	if files := b.gitOutput("ls-tree", "-r", "--name-only", "HEAD"); files != "-mine\n.gitignore\napp_spec.txt\nfeature_list.json\nhello\n" {
		t.Errorf("the commit holds %q", files)
	}
	if list := b.gitOutput("show", "HEAD:feature_list.json"); !strings.Contains(list, `"passes": true`) {
		t.Errorf("the list of the commit is not that after CLOSE:\n%s", list)
	}
	if err := os.RemoveAll(b.path(".git/hooks")); err != nil {
		t.Fatal(err)
	}
	b.stops("limit-iterations")
	if log := b.gitOutput("log", "-1", "--format=%s"); log != "my own\n" {
		t.Errorf("nothing was left, and the last commit is %q", log)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a hook of the project ran")
	}
	s := b.snapshot().Sessions
	for _, r := range s {
		if r.Violations > 0 {
			t.Errorf("session %d is blamed for %q", r.Number, r.Notes)
		}
	}
}
