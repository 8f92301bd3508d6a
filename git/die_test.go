package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/git"
	"github.com/autosession/autosession/internal/reexec"
)

func TestMain(m *testing.M) {
	reexec.Register("die", die)
	reexec.Init()
	os.Exit(m.Run())
}

// die opens the project args[0] with the store args[1], does args[2] with the
// checkpoint args[3], and kills its own process at the step args[4].
func die(args []string) int {
	if err := dying(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func dying(args []string) error {
	n, err := strconv.ParseInt(args[4], 10, 64)
	if err != nil {
		return err
	}
	var left atomic.Int64
	left.Store(n)
	r, err := git.Open(git.Options{Dir: args[0], Store: args[1]})
	if err != nil {
		return err
	}
	r.OnStep(func() {
		if left.Add(-1) < 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // it comes
		}
	})
	ctx := context.Background()
	switch args[2] {
	case "save":
		_, err = r.Save(ctx, "dying")
	case "restore":
		err = r.Restore(ctx, args[3])
	case "restore history":
		err = r.RestoreHistory(ctx, args[3])
	case "prune":
		err = r.Prune(ctx, func(c autosession.Checkpoint) bool { return c.ID == args[3] })
	}
	return err
}

// killed says whether the process died at the step.
func killed(t *testing.T, args ...string) bool {
	t.Helper()
	program, args, err := reexec.Command("die", args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() || err != nil && !ok {
		t.Fatalf("%v: %s", err, out)
	}
	return err != nil
}

// scene is a project with a checkpoint from before an agent's work.
type scene struct {
	dir, store string
	good       autosession.Checkpoint
	past, now  map[string]item
	history    string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{dir: t.TempDir(), store: filepath.Join(t.TempDir(), "store")}
	committed(t, s.dir, "sha1")
	write(t, filepath.Join(s.dir, "gone/in"), "1")
	r := openRepo(t, git.Options{Dir: s.dir, Store: s.store})
	s.good = mustSave(t, r, "good")
	s.past, s.history = readItems(t, s.dir), runGit(t, s.dir, "log", "--all")
	runGit(t, s.dir, "commit", "-q", "--amend", "-m", "amended")
	write(t, filepath.Join(s.dir, "a"), "changed")
	write(t, filepath.Join(s.dir, "new/b"), "new")
	if err := os.RemoveAll(filepath.Join(s.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	s.now = readItems(t, s.dir)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// copy returns the same scene in another place.
func (s *scene) copy(t *testing.T) *scene {
	t.Helper()
	other := *s
	other.dir, other.store = filepath.Join(t.TempDir(), "project"), filepath.Join(t.TempDir(), "store")
	for from, to := range map[string]string{s.dir: other.dir, s.store: other.store} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	return &other
}

// everyStep kills what is done at its first step, its second, and so on, each
// time in a scene of its own, and then looks what became of that.
func everyStep(t *testing.T, what string, change func(s *scene), look func(t *testing.T, s *scene, r *git.Repo, done bool)) {
	first := newScene(t)
	change(first)
	for step := 0; ; step++ {
		s := first.copy(t)
		dead := killed(t, s.dir, s.store, what, s.good.ID, strconv.Itoa(step))
		r := openRepo(t, git.Options{Dir: s.dir, Store: s.store})
		look(t, s, r, !dead)
		if t.Failed() {
			t.Fatalf("killed at step %d: %v", step, dead)
		}
		fsck(t, s.store)
		fsck(t, filepath.Join(s.store, "history/sha1"))
		os.Unsetenv("GIT_DIR") // which fsck sets
		if !dead {
			if step < 5 {
				t.Fatalf("after only %d steps it is complete", step)
			}
			return
		}
	}
}

func TestKilledSave(t *testing.T) {
	everyStep(t, "save", func(*scene) {}, func(t *testing.T, s *scene, r *git.Repo, done bool) {
		list, err := r.Checkpoints(t.Context())
		if err != nil || len(list) == 0 || list[len(list)-1] != s.good || done && len(list) != 2 {
			t.Errorf("Checkpoints = %+v, %v", list, err)
		}
		if got := readItems(t, s.dir); !reflect.DeepEqual(got, s.now) {
			t.Errorf("the project is %v", got)
		}
		again := mustSave(t, r, "again")
		for _, c := range append(list, again) {
			if err := r.Restore(t.Context(), c.ID); err != nil {
				t.Error(err)
			}
			if _, err := r.Lost(t.Context(), c.ID); err != nil {
				t.Error(err)
			}
		}
		if got := readItems(t, s.dir); !reflect.DeepEqual(got, s.now) {
			t.Errorf("restored %v", got)
		}
	})
}

func TestKilledRestore(t *testing.T) {
	everyStep(t, "restore", func(*scene) {}, func(t *testing.T, s *scene, r *git.Repo, done bool) {
		touched := false
		for name, it := range readItems(t, s.dir) {
			if it != s.past[name] && it != s.now[name] && filepath.Base(name)[0] != '.' {
				t.Errorf("%s is %q: neither old nor new", name, it)
			}
			touched = touched || it != s.now[name]
		}
		list, err := r.Checkpoints(t.Context())
		if err != nil || list[len(list)-1] != s.good || touched && len(list) != 2 {
			t.Errorf("Checkpoints = %+v, %v", list, err)
		}
		if err := r.Restore(t.Context(), s.good.ID); err != nil {
			t.Fatal(err)
		}
		if got := readItems(t, s.dir); !reflect.DeepEqual(got, s.past) {
			t.Errorf("restored %v", got)
		}
		if !touched {
			return
		}
		if err := r.Restore(t.Context(), list[0].ID); err != nil {
			t.Fatal(err)
		}
		if got := readItems(t, s.dir); !reflect.DeepEqual(got, s.now) {
			t.Errorf("the checkpoint before restoring holds %v", got)
		}
	})
}

func TestKilledRestoreHistory(t *testing.T) {
	for name, change := range map[string]func(s *scene){
		"amended": func(*scene) {},
		"gone":    func(s *scene) { os.RemoveAll(filepath.Join(s.dir, ".git")) },
		"broken":  func(s *scene) { os.Remove(filepath.Join(s.dir, ".git/HEAD")) },
	} {
		t.Run(name, func(t *testing.T) {
			everyStep(t, "restore history", change, func(t *testing.T, s *scene, r *git.Repo, done bool) {
				if lost := mustLose(t, r, s.good); done && len(lost) > 0 {
					t.Errorf("Lost = %v", lost)
				}
				bringBack(t, r, s.dir, s.good)
				if log := runGit(t, s.dir, "log", "--all"); name == "gone" && log != s.history {
					t.Errorf("the log is %s", log)
				}
			})
		})
	}
}

func TestKilledPrune(t *testing.T) {
	change := func(s *scene) {
		r := openRepo(t, git.Options{Dir: s.dir, Store: s.store})
		mustSave(t, r, "amended")
		runGit(t, s.dir, "reset", "-q", "HEAD~1")
		s.good = mustSave(t, r, "last")
		s.past = readItems(t, s.dir)
	}
	everyStep(t, "prune", change, func(t *testing.T, s *scene, r *git.Repo, done bool) {
		list, err := r.Checkpoints(t.Context())
		if err != nil || list[0] != s.good || done && len(list) != 1 {
			t.Errorf("Checkpoints = %+v, %v", list, err)
		}
		if err := os.RemoveAll(filepath.Join(s.dir, ".git")); err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			bringBack(t, r, s.dir, c)
		}
		if err := r.Prune(t.Context(), func(autosession.Checkpoint) bool { return false }); err != nil {
			t.Fatal(err)
		}
		bringBack(t, r, s.dir, s.good)
	})
}
