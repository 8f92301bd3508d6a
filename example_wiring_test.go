package autosession_test

import (
	"context"
	"errors"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent"
	"github.com/autosession/autosession/git"
	"github.com/autosession/autosession/policy"
	"github.com/autosession/autosession/sandbox"
	"github.com/autosession/autosession/sqlite"
)

// Wire an agent, a sandbox, a store, a look at the project's git and a gate,
// and run sessions until something says stop. main calls [sandbox.Init] before
// anything else.
func Example_wiring() {
	ctx := context.Background()
	dir, root := "/home/me/project", "/home/me/state"
	state, err := autosession.StateDir(root, dir)
	if err != nil {
		log.Fatal(err)
	}
	box, err := sandbox.NewBubblewrap(sandbox.Options{State: filepath.Join(state, "sandbox")})
	if err != nil {
		log.Fatal(err)
	}
	store, err := sqlite.Open(ctx, filepath.Join(state, "state.db"))
	if err != nil {
		log.Fatal(err)
	}
	repo, err := git.Open(git.Options{
		Dir: dir, Store: filepath.Join(state, "checkpoints.git"),
		Exclude: []string{autosession.ListFile, autosession.DefaultNotes},
		Overlook: func() []string {
			names, _ := box.StandIns(dir) // what the sandbox puts there is not the project's
			return names
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	gate, err := policy.New(policy.Options{Project: dir, State: filepath.Dir(state)})
	if err != nil {
		log.Fatal(err)
	}
	decision, err := autosession.Loop{Config: autosession.Config{
		Dir: dir, State: state,
		Agent: apiagent.FromEnvironment(), Model: "claude-sonnet-4-5-20250929",
		Sandbox: box, Store: store, Repo: repo, Gate: gate,
		Patience: autosession.Patience{ContinueDelay: 3 * time.Second},
	}}.Run(ctx)
	if err := errors.Join(err, repo.Close(), store.Close()); err != nil {
		log.Fatal(err)
	}
	log.Println(decision.Action, decision.Reason)
}

// What the package comment shows is what compiles here.
func TestThePackageCommentShowsTheExample(t *testing.T) {
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_wiring_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, wiring, _ := strings.Cut(string(comment), "# Wiring")
	wiring, _, _ = strings.Cut(wiring, "# Where")
	shown := 0
	for line := range strings.Lines(wiring) {
		code, ok := strings.CutPrefix(strings.TrimSpace(line), "//\t")
		if !ok || code == "..." {
			continue
		}
		shown++
		if !strings.Contains(string(example), "\n\t"+code+"\n") {
			t.Errorf("the example does not have the line %q", code)
		}
	}
	if shown < 10 {
		t.Errorf("the package comment shows %d lines", shown)
	}
}

// A state directory is an absolute path, whatever names its root.
func TestStateDirIsAbsolute(t *testing.T) {
	state, err := autosession.StateDir("states", t.TempDir())
	if err != nil || !filepath.IsAbs(state) {
		t.Errorf("%q: %v", state, err)
	}
}
