package hands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	bashTimeout    = 2 * time.Minute
	bashTimeoutMax = 10 * time.Minute
	bashGrace      = 2 * time.Second        // between SIGTERM and SIGKILL
	bashSettle     = 100 * time.Millisecond // of silence after bash itself ended
	bashRounds     = 10                     // of bashSettle, at most
)

func bashTool() Tool {
	return Tool{
		Name: "Bash",
		About: "Runs a command with bash in the project directory and returns its output, standard error included. " +
			"Each call starts afresh in the project directory: a cd lasts for one call. Nothing can be typed in: use flags that ask no questions. " +
			"What you start in the background with & stays alive after the call; send its output to a file.",
		Params: []Param{
			{Name: "command", Type: "string", About: "the command line", Required: true},
			{Name: "timeout_ms", Type: "integer", About: "how long it may run, in milliseconds: 120000 unless given, at most 600000"},
			{Name: "description", Type: "string", About: "what the command does, in a few words"},
		},
		run: runBash,
	}
}

type bashInput struct {
	Command     string `json:"command"`
	TimeoutMS   int64  `json:"timeout_ms"`
	Description string `json:"description"`
}

func runBash(ctx context.Context, w *workspace, input json.RawMessage) (Result, error) {
	var in bashInput
	if err := parse(bashTool(), input, &in); err != nil {
		return Result{}, err
	}
	limit, err := BashLimit(in.TimeoutMS)
	if err != nil {
		return Result{}, err
	}
	if strings.TrimSpace(in.Command) == "" {
		return Result{}, errors.New("the command is empty")
	}
	if strings.ContainsRune(in.Command, 0) {
		return Result{}, errors.New("a command cannot hold a NUL character")
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out, err := w.shell(timed, in.Command)
	if err != nil {
		return Result{}, err
	}
	return out.describe(ctx, timed, limit), nil
}

// BashLimit is how long a command with this timeout_ms may run.
func BashLimit(ms int64) (time.Duration, error) {
	limit := time.Duration(ms) * time.Millisecond
	switch {
	case ms == 0:
		return bashTimeout, nil
	case ms < 0 || ms > bashTimeoutMax.Milliseconds():
		return 0, fmt.Errorf("timeout_ms must be between 1 and %d; run what takes longer in the background", bashTimeoutMax.Milliseconds())
	}
	return limit, nil
}

// output is what a command left.
type output struct {
	collector
	state *os.ProcessState
}

// describe puts the output and how the command ended into words.
func (o *output) describe(ctx, timed context.Context, limit time.Duration) Result {
	r := o.result()
	if r.Text == "" {
		r.Text = "(no output)"
	}
	var why string
	switch code := o.state.ExitCode(); {
	case ctx.Err() != nil:
		why = "The command was interrupted and ended."
	case timed.Err() != nil:
		why = fmt.Sprintf("The command ran longer than %s and was ended. Give it more time with timeout_ms (at most %d), or run it in the background.", limit, bashTimeoutMax.Milliseconds())
	case code != 0:
		why = "The command ended with " + o.state.String() + "."
	default:
		return r
	}
	r.IsError = true
	r.Text = strings.TrimRight(r.Text, "\n") + "\n\n" + why
	return r
}

// shell runs command in a session of its own and collects its output until
// bash itself has ended. When ctx ends the command's process group is ended.
func (w *workspace) shell(ctx context.Context, command string) (*output, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot run a command: %w", err)
	}
	cmd := exec.Command("bash", "--noprofile", "--norc", "-c", command)
	cmd.Dir = w.dir
	cmd.Env = commandEnv(os.Environ())
	cmd.Stdout, cmd.Stderr = write, write
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a group to end, and no terminal to ask on
	err = cmd.Start()
	write.Close()
	if err != nil {
		read.Close()
		return nil, fmt.Errorf("cannot run a command: %w", err)
	}
	group := cmd.Process.Pid
	w.track(group)

	ended := make(chan struct{})
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		select {
		case <-ctx.Done():
			killGroup(group, ended)
		case <-ended:
		}
	}()

	out := &output{}
	drained := make(chan struct{})
	go drain(read, out, ended, drained)
	_ = cmd.Wait() // the state says it all
	close(ended)
	<-killed
	<-drained
	out.state = cmd.ProcessState
	w.untrack(group)
	return out, nil
}

// killGroup asks a process group to end, and ends it when bash is gone or the
// grace has passed.
func killGroup(group int, ended <-chan struct{}) {
	_ = syscall.Kill(-group, syscall.SIGTERM)
	t := time.NewTimer(bashGrace)
	defer t.Stop()
	select {
	case <-ended:
	case <-t.C:
	}
	_ = syscall.Kill(-group, syscall.SIGKILL)
}

// drain collects what comes out of read until its end, or until bash has ended
// and nothing came for a while: then a process in the background holds the
// other end. It reads on for as long as one does, so that it can go on writing,
// and drops what it reads.
func drain(read *os.File, out *output, ended <-chan struct{}, drained chan<- struct{}) {
	defer read.Close()
	collected := make(chan struct{})
	go func() {
		select {
		case <-ended:
			_ = read.SetReadDeadline(time.Now().Add(bashSettle))
		case <-collected:
		}
	}()
	buffer := make([]byte, 32<<10)
	for quiet, rounds := false, 0; ; {
		n, err := read.Read(buffer)
		_, _ = out.Write(buffer[:n])
		quiet = quiet && n == 0
		if err == nil {
			continue
		}
		if rounds++; errors.Is(err, os.ErrDeadlineExceeded) && !quiet && rounds < bashRounds {
			quiet = true // once more: the machine may have been busy
			_ = read.SetReadDeadline(time.Now().Add(bashSettle))
			continue
		}
		break
	}
	close(collected)
	close(drained)
	_ = read.SetReadDeadline(time.Time{})
	_, _ = io.Copy(io.Discard, read)
}

// commandEnv is the environment of commands: that of the sandbox, and what
// keeps programs from asking questions.
func commandEnv(env []string) []string {
	out := make([]string, 0, len(env)+8)
	for _, v := range env {
		if strings.HasPrefix(v, "BASH_ENV=") || strings.HasPrefix(v, "ENV=") || strings.HasPrefix(v, "BASH_FUNC_") {
			continue // bash would run what they name
		}
		out = append(out, v)
	}
	return append(out, "TERM=dumb", "PAGER=cat", "GIT_PAGER=cat", "GIT_EDITOR=true", "EDITOR=true",
		"GIT_TERMINAL_PROMPT=0", "DEBIAN_FRONTEND=noninteractive", "NO_COLOR=1")
}

// track remembers a process group until it is known to be empty.
func (w *workspace) track(group int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups[group] = true
}

// untrack forgets a group that is empty. One that is not was left in the
// background.
func (w *workspace) untrack(group int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if syscall.Kill(-group, 0) != nil {
		delete(w.groups, group)
	}
}

// killAll ends what commands left in the background.
func (w *workspace) killAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for group := range w.groups {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
	clear(w.groups)
}
