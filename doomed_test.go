package autosession_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/git"
	"github.com/autosession/autosession/internal/reexec"
	"github.com/autosession/autosession/sandbox"
	"github.com/autosession/autosession/sqlite"
)

func init() { reexec.Register("doomed", doomed) }

// doomedProject is a project on disk with a scripted agent that works, lies
// and cheats: what it does depends on the number of its session alone.
func doomedProject(ctx context.Context, dir, state string) (autosession.Config, func(), error) {
	store, err := sqlite.Open(ctx, filepath.Join(state, "state.db"))
	if err != nil {
		return autosession.Config{}, nil, err
	}
	repo, err := git.Open(git.Options{Dir: dir, Store: filepath.Join(state, "checkpoints.git"), Exclude: []string{autosession.ListFile, autosession.DefaultNotes}})
	if err != nil {
		return autosession.Config{}, nil, err
	}
	box, err := sandbox.NewUnconfined(sandbox.Options{State: filepath.Join(state, "sandbox")})
	if err != nil {
		return autosession.Config{}, nil, err
	}
	return autosession.Config{
			Dir: dir, State: state, Store: store, Repo: repo, Sandbox: trusted{box},
			Agent:   &autosessiontest.Agent{Play: cheat},
			Gate:    autosession.Fence{Dir: dir},
			Protect: []string{"tests"},
		}, func() {
			repo.Close()
			store.Close()
		}, nil
}

// cheat makes the list, then claims both features with one of them not built,
// edits the list, changes a protected test, throws a commit away, and mends it
// all in the end.
func cheat(t *autosessiontest.Turn) autosession.Outcome {
	t.Spend(1, 100, 0.25)
	switch {
	case t.Task.Kind == autosession.Init:
		makeList(t)
	case t.Task.Number == 2:
		t.Write("hello", "hello")
		t.Write("tests/one", "weakened")
		t.Write("feature_list.json", "[]") // undone at once
		t.Bash("git commit -q --amend -m 'I did it all'")
		claim(t, "F1")
		claim(t, "F2")
		data, err := os.ReadFile(filepath.Join(t.Task.Dir, "feature_list.json"))
		if err != nil {
			panic(err)
		}
		// Not by a tool: it is seen at CLOSE alone.
		edited := strings.Replace(string(data), "says goodbye", "says nothing", 1)
		if err := os.WriteFile(filepath.Join(t.Task.Dir, "feature_list.json"), []byte(edited), 0o644); err != nil {
			panic(err)
		}
	default:
		t.Write("hello", "hello")
		t.Write("bye", "goodbye")
		claim(t, "F1")
		claim(t, "F2")
	}
	return done
}

// mortal counts the writes that go through it and kills the process at the
// n-th, before or after it is done.
// One at a time: a write that is counted is done before the next is begun.
type mortal struct {
	mu    sync.Mutex
	armed bool // CLOSE has begun: writes are counted
	left  int
	after bool
}

func (m *mortal) step(arms bool, do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dies := false
	m.armed = m.armed || arms // with its own write, so that no other comes between
	if m.armed {
		m.left--
		dies = m.left == 0
	}
	if dies && !m.after {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	err := do()
	if dies {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return err
}

type mortalStore struct {
	autosession.Store
	autosession.Archive
	m *mortal
}

func (s *mortalStore) Apply(ctx context.Context, c autosession.Change) error {
	closing := c.Session != nil && c.Session.Number == 2 && c.Session.Phase == autosession.PhaseClosing
	return s.m.step(closing, func() error { return s.Store.Apply(ctx, c) })
}

func (s *mortalStore) Append(ctx context.Context, session string, e []autosession.Event) error {
	return s.m.step(false, func() error { return s.Store.Append(ctx, session, e) })
}

type mortalRepo struct {
	*git.Repo
	m *mortal
}

func (r *mortalRepo) Save(ctx context.Context, label string) (c autosession.Checkpoint, err error) {
	err = r.m.step(false, func() error { c, err = r.Repo.Save(ctx, label); return err })
	return c, err
}

func (r *mortalRepo) Restore(ctx context.Context, id string, paths ...string) error {
	return r.m.step(false, func() error { return r.Repo.Restore(ctx, id, paths...) })
}

func (r *mortalRepo) RestoreHistory(ctx context.Context, id string) error {
	return r.m.step(false, func() error { return r.Repo.RestoreHistory(ctx, id) })
}

// doomed is the process that dies: DIR STATE N before|after [CHECKPOINT]. It
// runs a session, whose writes are counted from CLOSE on, or rolls back to a
// checkpoint. It ends with 0 when it came to its end before the N-th write.
func doomed(args []string) int {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return 2
	}
	cfg, end, err := doomedProject(context.Background(), args[0], args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer end()
	rollback := args[4:]
	m := &mortal{left: n, after: args[3] == "after", armed: len(rollback) > 0}
	cfg.Store = &mortalStore{Store: cfg.Store, Archive: cfg.Store.(autosession.Archive), m: m}
	cfg.Repo = &mortalRepo{Repo: cfg.Repo.(*git.Repo), m: m}
	if len(rollback) > 0 {
		_, err = autosession.Rollback(context.Background(), cfg, rollback[0])
	} else {
		cfg.RunMax.Sessions = 1
		_, err = autosession.Loop{Config: cfg}.Run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// newDoomed is an empty project with a spec and a test, and its state.
func newDoomed(t *testing.T) (dir, state string) {
	t.Helper()
	dir, state = t.TempDir(), t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "app_spec.txt"), []byte("Greet."), 0o644),
		os.Mkdir(filepath.Join(dir, "tests"), 0o755), os.WriteFile(filepath.Join(dir, "tests", "one"), []byte("strict"), 0o644)); err != nil {
		t.Fatal(err)
	}
	return dir, state
}

// atEveryWrite kills a process before, and after, its first write, its second,
// and so on, each time on a copy of the project, until one comes to its end.
// After each death the project is looked at.
func atEveryWrite(t *testing.T, dir, state string, look func(t *testing.T, cfg autosession.Config, after string, survived bool), rollback ...string) {
	t.Helper()
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			for n, survived := 1, false; !survived; n++ {
				if n > 100 {
					t.Fatal("it never ends")
				}
				dir, state := copied(t, dir), copied(t, state)
				survived = die(t, append([]string{dir, state, strconv.Itoa(n), when}, rollback...)...)
				cfg, end, err := doomedProject(t.Context(), dir, state)
				if err != nil {
					t.Fatalf("killed %s write %d: %v", when, n, err)
				}
				look(t, cfg, fmt.Sprintf("killed %s write %d", when, n), survived)
				end()
			}
		})
	}
}

// die runs a doomed process. It returns true when that did not die.
func die(t *testing.T, args ...string) (survived bool) {
	t.Helper()
	path, args, err := reexec.Command("doomed", args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && (!failed || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatalf("%v\n%s", err, out)
	}
	return err == nil
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if out, err := exec.Command("cp", "-a", dir+"/.", to).CombinedOutput(); err != nil {
		t.Fatalf("cannot copy %s: %v\n%s", dir, err, out)
	}
	return to
}
