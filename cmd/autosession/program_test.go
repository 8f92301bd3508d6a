package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// program is a command that a script started and goes on beside.
type program struct {
	cmd      *exec.Cmd
	out, err string // files
	done     chan struct{}
	status   int // known when done is closed
}

// exits runs a command, which must end with a status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	ended := &exec.ExitError{}
	if err != nil && !errors.As(err, &ended) {
		ts.Fatalf("cannot run %s: %v", args[1], err)
	}
	status := 0
	if err != nil {
		status = exitOf(ended.ProcessState)
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("%s ended with status %d and should with %s", args[1], status, args[0])
	}
}

// exitOf is a status as a shell gives it: 128 and the signal for who was killed.
func exitOf(p *os.ProcessState) int {
	if w, ok := p.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return p.ExitCode()
}

// start starts a command whose output goes to files.
func start(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if neg || len(args) < 2 || s.started[args[0]] != nil {
		ts.Fatalf("usage: start NAME COMMAND…, with a new name")
	}
	p := &program{
		out: filepath.Join(s.work, args[0]+".out"), err: filepath.Join(s.work, args[0]+".err"),
		done: make(chan struct{}),
	}
	stdout, err := os.Create(p.out)
	ts.Check(err)
	defer stdout.Close()
	stderr, err := os.Create(p.err)
	ts.Check(err)
	defer stderr.Close()
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	p.cmd = exec.Command(path, args[2:]...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = ts.MkAbs("."), stdout, stderr
	for _, name := range s.names {
		p.cmd.Env = append(p.cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(p.cmd.Start())
	s.started[args[0]] = p
	ts.Setenv(args[0]+"_PID", strconv.Itoa(p.cmd.Process.Pid))
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // its status tells
		p.status = exitOf(p.cmd.ProcessState)
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.done
	})
}

// alive says whether the program has not ended yet.
func (p *program) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (s *script) program(ts *testscript.TestScript, name string) *program {
	p := s.started[name]
	if p == nil {
		ts.Fatalf("nothing was started as %s", name)
	}
	return p
}

// sendSignal sends a signal to a program that was started.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	known := map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT,
		"KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
	}
	if neg || len(args) != 2 || known[args[0]] == 0 {
		ts.Fatalf("usage: signal INT|TERM|HUP|QUIT|KILL|STOP|CONT NAME")
	}
	ts.Check(of(ts).program(ts, args[1]).cmd.Process.Signal(known[args[0]]))
}

// ended waits for the end of a program, with a status.
func ended(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended STATUS NAME")
	}
	s := of(ts)
	p := s.program(ts, args[1])
	select {
	case <-p.done:
	case <-s.ctx.Done():
		ts.Fatalf("%s has not ended; it said:\n%s%s", args[1], ts.ReadFile(p.out), ts.ReadFile(p.err))
	}
	write(ts, ts.Stdout(), p.out)
	write(ts, ts.Stderr(), p.err)
	if strconv.Itoa(p.status) != args[0] {
		ts.Fatalf("%s ended with status %d and should with %s", args[1], p.status, args[0])
	}
}

// said is all that a program has printed so far.
func (p *program) said() (string, error) {
	out, err := os.ReadFile(p.out)
	more, err2 := os.ReadFile(p.err)
	return strings.Join([]string{string(out), string(more)}, "\n"), errors.Join(err, err2)
}
