package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/proctree"
	"github.com/autosession/autosession/internal/reexec"
)

// patience bounds what must happen soon, on the slowest machine.
const patience = time.Minute

func init() {
	reexec.Register("test-manager", runManager)
	reexec.Register("test-agent", runAgent)
}

// kinds are the sandboxes that a test can ask for by name.
var kinds = map[string]func(Options) (autosession.Sandbox, error){
	"none":       func(o Options) (autosession.Sandbox, error) { return NewUnconfined(o) },
	"landlock":   func(o Options) (autosession.Sandbox, error) { return NewLandlock(o) },
	"bubblewrap": func(o Options) (autosession.Sandbox, error) { return NewBubblewrap(o) },
}

// runManager starts a second binary of ours in a sandbox and waits until it is
// killed: kind, state, project and home are its arguments.
func runManager(args []string) int {
	box, err := kinds[args[0]](Options{State: args[1], Pass: []string{"GORACE"}})
	if err == nil {
		_, err = box.Start(context.Background(), killedScope(args[2], args[3]), autosession.Command{Reexec: "test-agent"})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {}
}

func killedScope(dir, home string) autosession.Scope {
	return autosession.Scope{Kind: autosession.ScopeSession, Session: "killed-" + filepath.Base(filepath.Dir(dir)), Dir: dir, Home: home}
}

// runAgent leaves a daemon behind that has escaped from all groups, shrugs off
// signals and, without the marks, cannot be told by its environment.
func runAgent([]string) int {
	script := `cd "$PWD"; (setsid env -i /bin/sh -c 'trap "" TERM HUP INT; while :; do date >> alive; sleep 0.05; done' &)
		while ! test -e alive; do sleep 0.01; done; touch ready; sleep 600`
	agent := exec.Command("/bin/sh", "-c", script)
	agent.Stderr = os.Stderr
	if err := agent.Run(); err != nil {
		return 1
	}
	return 0
}

// manage starts a manager and waits until its agent's daemon is alive.
func manage(t *testing.T, kind string) (manager *exec.Cmd, scope autosession.Scope, box autosession.Sandbox) {
	base := t.TempDir()
	dir, home, state := filepath.Join(base, "project"), filepath.Join(base, "home"), filepath.Join(base, "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path, args, err := reexec.Command("test-manager", kind, state, dir, home)
	if err != nil {
		t.Fatal(err)
	}
	manager = exec.Command(path, args...)
	manager.Stderr = os.Stderr
	if err := manager.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { manager.Process.Kill(); manager.Wait() })
	waitFor(t, "the agent's daemon is alive", func() bool {
		_, err := os.Stat(filepath.Join(dir, "ready"))
		return err == nil
	})
	if box, err = kinds[kind](Options{State: state}); err != nil {
		t.Fatal(err)
	}
	scope = killedScope(dir, home)
	t.Cleanup(func() { box.Rescue(context.Background(), scope.Session) })
	return manager, scope, box
}

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not so after %v: %s", patience, what)
		}
	}
}

// below returns all processes of a manager.
func processesBelow(t *testing.T, pid int) []proctree.Process {
	t.Helper()
	list, err := proctree.List()
	if err != nil {
		t.Fatal(err)
	}
	return proctree.Below(list, pid)
}

// alive returns those that still run.
func alive(processes []proctree.Process) []proctree.Process {
	return slices.DeleteFunc(slices.Clone(processes), func(p proctree.Process) bool {
		now, err := proctree.Look(p.PID)
		return err != nil || now.Born != p.Born
	})
}

// A killed manager takes its trees with it.
func TestManagerKilled(t *testing.T) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			manager, scope, box := manage(t, kind)
			tree := processesBelow(t, manager.Process.Pid)
			if len(tree) < 4 {
				t.Fatalf("too few processes to mean anything: %v", tree)
			}
			manager.Process.Kill()
			killed := time.Now()
			manager.Wait()
			waitFor(t, "nothing of the tree is left", func() bool { return len(alive(tree)) == 0 })
			t.Logf("%d processes were gone %v after their manager", len(tree), time.Since(killed))
			if err := box.Rescue(t.Context(), scope.Session); err != nil {
				t.Error(err)
			}
		})
	}
}

// When a manager and its wardens die at once, Rescue ends the rest.
func TestManagerAndWardenKilled(t *testing.T) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			manager, scope, box := manage(t, kind)
			tree := processesBelow(t, manager.Process.Pid)
			for _, p := range tree {
				if p.Parent == manager.Process.Pid {
					proctree.Signal(p, syscall.SIGSTOP) // a warden that cannot act
				}
			}
			manager.Process.Kill()
			manager.Wait()
			if err := box.Rescue(t.Context(), scope.Session); err != nil {
				t.Fatal(err)
			}
			if left := alive(tree); len(left) > 0 {
				t.Errorf("%v still run", left)
			}
			if entries, err := os.ReadDir(filepath.Join(filepath.Dir(scope.Dir), "state")); err != nil || len(entries) > 0 {
				t.Errorf("the state still holds %v, %v", entries, err)
			}
		})
	}
}

// What a dead manager left of any session is cleared when nobody knows of the
// session any more, and what belongs to a live one stays.
func TestAbandoned(t *testing.T) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			manager, scope, box := manage(t, kind)
			tree := processesBelow(t, manager.Process.Pid)
			ours := scope
			ours.Session, ours.Dir, ours.Home = "ours", t.TempDir(), t.TempDir()
			live, err := box.Start(t.Context(), ours, autosession.Command{Path: "sleep", Args: []string{"600"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { live.Stop(0) })
			state := filepath.Join(filepath.Dir(scope.Dir), "state")
			if err := os.Mkdir(filepath.Join(state, trialOf(proctree.Process{PID: manager.Process.Pid})+"x"), 0o700); err != nil {
				t.Fatal(err)
			}
			manager.Process.Kill()
			manager.Wait()
			if err := box.Rescue(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			if left := alive(tree); len(left) > 0 {
				t.Errorf("%v still run", left)
			}
			if entries, err := os.ReadDir(state); err != nil || len(entries) != 1 || entries[0].Name() != "ours" {
				t.Errorf("the state holds %v, %v", entries, err)
			}
			if err := live.Stop(0); err != nil {
				t.Error(err)
			}
			if exit, err := live.Wait(); err != nil || exit.Signal == 0 {
				t.Errorf("what lives was touched: %+v, %v", exit, err)
			}
		})
	}
}
