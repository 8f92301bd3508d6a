package hands

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

func TestBash(t *testing.T) {
	w := project(t)
	t.Setenv("BASH_ENV", filepath.Join(w.dir, "env"))
	put(t, w, "env", "echo sourced\n")
	for _, test := range []struct {
		command string
		want    string
		isError bool
	}{
		{"echo out; echo err >&2; echo again", "out\nerr\nagain\n", false},
		{"true", "(no output)", false},
		{"pwd", w.dir + "\n", false},
		{"cd /; pwd", "/\n", false},
		{"pwd; exit 3", w.dir + "\n\nThe command ended with exit status 3.", true},
		{"kill -9 $$", "(no output)\n\nThe command ended with signal: killed.", true},
		{"cat; echo end", "end\n", false},
		{"echo $TERM $PAGER $GIT_TERMINAL_PROMPT", "dumb cat 0\n", false},
		{"(echo </dev/tty) 2>/dev/null || echo no terminal", "no terminal\n", false},
		{`printf 'caf\xe9'`, "caf\uFFFD", false},
		{"if", "", true},
	} {
		r := use(t, w, "Bash", args{"command": test.command})
		if r.IsError != test.isError || test.want != "" && r.Text != test.want {
			t.Errorf("%s: %+v", test.command, r)
		}
	}
}

func TestBashCutsLongOutput(t *testing.T) {
	w := project(t)
	r := use(t, w, "Bash", args{"command": "echo first; yes é | head -c 3000000; echo; echo last"})
	if !strings.HasPrefix(r.Text, "first\n") || !strings.HasSuffix(r.Text, "\nlast\n") || r.Bytes < 3000000 {
		t.Errorf("%d bytes are shown as %q ... %q", r.Bytes, first(r.Text, 20), last(r.Text, 20))
	}
	if n := utf8.RuneCountInString(r.Text); n > MaxText+200 || n < MaxText || !utf8.ValidString(r.Text) {
		t.Errorf("%d characters are shown", n)
	}
	if !strings.Contains(r.Text, "bytes are left out here") {
		t.Error("it is not said that something is left out")
	}
}

func TestBashTimeout(t *testing.T) {
	w := project(t)
	r := use(t, w, "Bash", args{"command": "echo begun; trap '' TERM; sleep 600 & echo $! > pid; wait; sleep 600", "timeout_ms": 1000})
	if !r.IsError || !strings.Contains(r.Text, "begun\n\nThe command ran longer than 1s and was ended") {
		t.Errorf("it is %+v", r)
	}
	gone(t, w)
}

func TestBashCancel(t *testing.T) {
	w := project(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		for waitFor(filepath.Join(w.dir, "pid")) == 0 {
		}
	}()
	r := run(ctx, w, "Bash", json.RawMessage(`{"command": "sleep 600 & echo $! > pid; echo begun; wait"}`))
	if !r.IsError || !strings.Contains(r.Text, "begun") || !strings.Contains(r.Text, "interrupted") {
		t.Errorf("it is %+v", r)
	}
	gone(t, w)
}

// waitFor waits a little and returns the number in a file, 0 if there is none
// yet.
func waitFor(file string) int {
	time.Sleep(5 * time.Millisecond) // between two looks
	data, _ := os.ReadFile(file)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	return pid
}

// gone waits until the process in the file pid does not run any more.
func gone(t *testing.T, w *workspace) {
	t.Helper()
	for pid := waitFor(filepath.Join(w.dir, "pid")); runs(pid); pid = waitFor(filepath.Join(w.dir, "pid")) {
		if t.Context().Err() != nil {
			t.Fatal("it lives")
		}
	}
}

// runs says that a process lives and is not only waiting to be reaped.
func runs(pid int) bool {
	if pid == 0 || syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestBashInTheBackground(t *testing.T) {
	w := project(t)
	// It holds the output open, and goes on writing to it.
	r := use(t, w, "Bash", args{"command": "(while true; do echo more; done) & echo $! > pid; echo begun"})
	if r.IsError || !strings.Contains(r.Text, "begun") {
		t.Errorf("it is %+v", r)
	}
	pid := waitFor(filepath.Join(w.dir, "pid"))
	if !runs(pid) {
		t.Error("it died with its call")
	}
	w.killAll()
	gone(t, w)
}
