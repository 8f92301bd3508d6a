package git_test

import (
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/git"
)

func open(t *testing.T, dir string) autosession.Repo { return openRepo(t, git.Options{Dir: dir}) }

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

func TestContract(t *testing.T) { autosessiontest.TestRepo(t, open) }
