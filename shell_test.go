package autosession_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// says is a writer that tells when something was written.
type says struct {
	text  bytes.Buffer
	first chan struct{}
}

func (s *says) String() string { return s.text.String() }

func (s *says) Write(p []byte) (int, error) {
	if s.text.Len() == 0 {
		close(s.first)
	}
	return s.text.Write(p)
}

func idle(*autosessiontest.Turn) autosession.Outcome { return autosession.Outcome{} }

// A command's end is told as it was: its status, a program that is missing or
// none, a soft stop, a kill.
func TestShell(t *testing.T) {
	b := newBench(t, idle)
	b.cfg.Gate = nil // it is not asked
	sh := func(script string) autosession.Command {
		return autosession.Command{Path: "/bin/sh", Args: []string{"-c", script}}
	}
	if exit, err := autosession.Shell(t.Context(), b.cfg, sh("cat app_spec.txt >seen; exit 3")); err != nil || exit.Code != 3 || b.read("seen") != "Build a greeting." {
		t.Errorf("%+v, %v", exit, err)
	}
	for program, missing := range map[string]bool{"no-such-program": true, "./no-such-program": true, "./app_spec.txt": false} {
		_, err := autosession.Shell(t.Context(), b.cfg, autosession.Command{Path: program})
		if unfit, ok := errors.AsType[*autosession.ProgramError](err); !ok || unfit.Missing != missing {
			t.Errorf("%s: %v", program, err)
		}
	}
	stop, out := make(chan struct{}), &says{first: make(chan struct{})}
	b.cfg.Stop = stop
	soft := sh(`trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done`)
	soft.Stdout = out
	go func() { <-out.first; close(stop) }()
	if exit, err := autosession.Shell(t.Context(), b.cfg, soft); err != nil || exit.Code != 5 || out.String() != "ready\nbye\n" {
		t.Errorf("%+v, %v, %q", exit, err, out)
	}
	b.cfg.Stop = nil
	ctx, kill := context.WithCancel(t.Context())
	out = &says{first: make(chan struct{})}
	hard := sh(`trap '' TERM; echo ready; while :; do sleep 0.01; done`)
	hard.Stdout = out
	go func() { <-out.first; kill() }()
	if exit, err := autosession.Shell(ctx, b.cfg, hard); err != nil || exit.Signal != syscall.SIGKILL {
		t.Errorf("%+v, %v", exit, err)
	}
	if s, err := b.store.Load(t.Context()); err != nil || s.Counted != 0 {
		t.Errorf("it counts as %d sessions, %v", s.Counted, err)
	}
}

// It holds the project, and puts right what a dead session left before.
func TestShellHolds(t *testing.T) {
	b := newBench(t, idle)
	out, ended := &says{first: make(chan struct{})}, make(chan error, 1)
	stop := make(chan struct{})
	first := b.cfg
	first.Stop, first.Grace = stop, time.Minute
	go func() {
		_, err := autosession.Shell(t.Context(), first, autosession.Command{Path: "/bin/sh", Args: []string{"-c", "echo ready; exec sleep 600"}, Stdout: out})
		ended <- err
	}()
	<-out.first
	_, err := autosession.Shell(t.Context(), b.cfg, autosession.Command{Path: "/bin/true"})
	if held, ok := errors.AsType[*autosession.HeldError](err); !ok || held.Holder.PID != os.Getpid() {
		t.Errorf("%v", err)
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	b.cfg.Sandbox = seen{b.cfg.Sandbox, &out.text}
	if _, err := autosession.Shell(t.Context(), b.cfg, autosession.Command{Path: "/bin/true"}); err != nil {
		t.Error(err)
	}
	if s := out.String(); !strings.Contains(s, "rescue shell-") || !strings.Contains(s, "app_spec.txt") {
		t.Errorf("%q", s)
	}
}

// seen writes down what is asked of a sandbox.
type seen struct {
	autosession.Sandbox
	to *bytes.Buffer
}

func (s seen) Rescue(ctx context.Context, session string) error {
	s.to.WriteString("rescue " + session + "\n")
	return s.Sandbox.Rescue(ctx, session)
}

func (s seen) Start(ctx context.Context, scope autosession.Scope, c autosession.Command) (autosession.Process, error) {
	s.to.WriteString(string(scope.Kind) + " " + strings.Join(scope.ReadOnly, " ") + "\n")
	return s.Sandbox.Start(ctx, scope, c)
}
