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
			Dir: dir, State: state, Store: store, Repo: repo, Sandbox: box,
			Agent:   &autosessiontest.Agent{Play: cheat},
			Gate:    autosession.Fence{Dir: dir},
			Protect: []string{"tests"},
		}, func() {
			repo.Close()
			store.Close()
		}, nil
}

// cheat makes the list, then claims both features with one of them not built,
// edits the list, changes a protected test, and mends it all in the end.
func cheat(t *autosessiontest.Turn) autosession.Outcome {
	t.Spend(1, 100, 0.25)
	switch {
	case t.Task.Kind == autosession.Init:
		t.Write("feature_list.json", twoFeatures)
	case t.Task.Number == 2:
		t.Write("hello", "hello")
		t.Write("tests/one", "weakened")
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

// doomed is the process that dies: DIR STATE N before|after. It ends with 0
// when the session ended before the N-th write.
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
	store := &mortalStore{Store: cfg.Store, Archive: cfg.Store.(autosession.Archive)}
	m := &mortal{left: n, after: args[3] == "after"}
	store.m, cfg.Store = m, store
	cfg.Repo = &mortalRepo{Repo: cfg.Repo.(*git.Repo), m: m}
	cfg.RunMax.Sessions = 1
	if _, err := (autosession.Loop{Config: cfg}).Run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestKilledAtEveryWriteOfClose kills the manager at each write of CLOSE, and
// sees that the next start ends in the same state as a CLOSE that was whole.
func TestKilledAtEveryWriteOfClose(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "app_spec.txt"), []byte("Greet."), 0o644),
		os.Mkdir(filepath.Join(dir, "tests"), 0o755), os.WriteFile(filepath.Join(dir, "tests", "one"), []byte("strict"), 0o644)); err != nil {
		t.Fatal(err)
	}
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
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				if n > 100 {
					t.Fatal("CLOSE never ends")
				}
				if dieAndGoOn(t, dir, state, n, when) {
					return
				}
			}
		})
	}
}

// dieAndGoOn lets a process die at its n-th write, goes on, and checks what
// came of it. It returns true when the process did not die any more.
func dieAndGoOn(t *testing.T, dir, state string, n int, when string) (survived bool) {
	t.Helper()
	dir, state = copied(t, dir), copied(t, state)
	path, args, err := reexec.Command("doomed", dir, state, strconv.Itoa(n), when)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		survived = true
	case !failed || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL:
		t.Fatalf("write %d: %v\n%s", n, err, out)
	}
	cfg, end, err := doomedProject(t.Context(), dir, state)
	if err != nil {
		t.Fatalf("killed %s write %d: %v", when, n, err)
	}
	defer end()
	d, err := autosession.Loop{Config: cfg}.Run(t.Context())
	if err != nil || d.Reason != autosession.ReasonComplete {
		t.Fatalf("killed %s write %d: it goes on to %s %s: %v", when, n, d.Reason, d.Detail, err)
	}
	inspect(t, cfg, fmt.Sprintf("killed %s write %d", when, n))
	return survived
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
	if r := s.Sessions[1]; r.Claimed != 2 || r.Proven != 1 || r.Disproved != 1 || r.Violations != 2 {
		t.Errorf("%s: the session that cheated has claimed %d, proven %d, disproved %d, violations %d", after, r.Claimed, r.Proven, r.Disproved, r.Violations)
	}
	if tally := s.Ledger.Tally(); tally != (autosession.Tally{Total: 2, Proven: 2}) {
		t.Errorf("%s: tally %+v", after, tally)
	}
	if _, err := autosession.VerifyHistory(t.Context(), cfg.Store.(autosession.Archive), s.Project.Head); err != nil {
		t.Errorf("%s: %v", after, err)
	}
	data, err := os.ReadFile(filepath.Join(cfg.Dir, "feature_list.json"))
	if err != nil || !strings.Contains(string(data), "says goodbye") || strings.Count(string(data), `"passes": true`) != 2 {
		t.Errorf("%s: the list is %s, %v", after, data, err)
	}
	if data, err := os.ReadFile(filepath.Join(cfg.Dir, "tests", "one")); err != nil || string(data) != "strict" {
		t.Errorf("%s: the protected test is %q, %v", after, data, err)
	}
	for _, pattern := range []string{filepath.Join(cfg.Dir, ".autosession-*"), filepath.Join(cfg.Dir, "*.lock")} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("%s: left over: %q", after, left)
		}
	}
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if out, err := exec.Command("cp", "-a", dir+"/.", to).CombinedOutput(); err != nil {
		t.Fatalf("cannot copy %s: %v\n%s", dir, err, out)
	}
	return to
}
