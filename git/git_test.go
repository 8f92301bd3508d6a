package git_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/git"
)

func TestContract(t *testing.T) {
	autosessiontest.TestRepo(t, func(t *testing.T, dir string) autosession.Repo {
		return openRepo(t, git.Options{Dir: dir})
	})
}

// openRepo opens a Repo for the length of a test, with a store of its own
// unless the options name one.
func openRepo(t *testing.T, o git.Options) *git.Repo {
	t.Helper()
	if o.Store == "" {
		o.Store = t.TempDir() + "/checkpoints.git"
	}
	r, err := git.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// runGit runs git in dir as a person would, and returns what it prints.
func runGit(tb testing.TB, dir string, args ...string) string {
	tb.Helper()
	out, err := gitCommand(dir, args...).CombinedOutput()
	if err != nil {
		tb.Fatalf("cannot run git %v (the tests need git 2.39 or newer): %v\n%s", args, err, out)
	}
	return string(out)
}

func gitCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@localhost")
	return cmd
}

func mustLook(t *testing.T, r *git.Repo) autosession.RepoState {
	t.Helper()
	state, err := r.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return state
}
