package claudecode

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/sandbox"
)

// TestRealInSandbox runs the real program by the path that sessions take. What
// it leaves behind ends with it.
func TestRealInSandbox(t *testing.T) {
	box, err := sandbox.NewUnconfined(sandbox.Options{State: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	daemon := map[string]any{"command": "setsid sleep 600 >/dev/null 2>&1 & echo $! > pid", "description": "start it"}
	s := openRealTask(t, func(task *autosession.Task) {
		scope := autosession.Scope{Kind: autosession.ScopeSession, Session: task.Session, Dir: task.Dir, Home: task.Home}
		task.Start = func(ctx context.Context, c autosession.Command) (autosession.Process, error) {
			return box.Start(ctx, scope, c)
		}
	}, playedTurn{tools: []playedTool{{"Bash", daemon}}}, playedTurn{text: "It runs."})
	wantClass(t, s.run(t, "Start a daemon."), autosession.OutcomeDone)
	pid, err := strconv.Atoi(strings.TrimSpace(readFile(t, s.dir, "pid")))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err == nil && !strings.Contains(string(state), ") Z ") {
		t.Errorf("the daemon lives: %s", state)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
