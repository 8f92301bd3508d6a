package claudecode

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

// hostProcess is an unconfined process group with the contract of
// [autosession.Process]. The real one lives in package sandbox.
type hostProcess struct {
	cmd  *exec.Cmd
	gone chan struct{}
	exit autosession.Exit
}

// startHost returns a Task.Start that runs programs in dir with a clean
// environment.
func startHost(t testing.TB, dir, home string) func(context.Context, autosession.Command) (autosession.Process, error) {
	t.Helper()
	return func(ctx context.Context, c autosession.Command) (autosession.Process, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		cmd := exec.Command(c.Path, c.Args...)
		cmd.Dir = dir
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home}, c.Env...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		p := &hostProcess{cmd: cmd, gone: make(chan struct{})}
		go p.reap()
		t.Cleanup(func() {
			if err := p.Stop(0); err != nil {
				t.Errorf("stop: %v", err)
			}
		})
		return p, nil
	}
}

func (p *hostProcess) reap() {
	defer close(p.gone)
	err := p.cmd.Wait()
	p.kill(syscall.SIGKILL)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		p.exit = autosession.Exit{Code: -1}
		return
	}
	p.exit.Code = p.cmd.ProcessState.ExitCode()
	if ws, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		p.exit.Signal = ws.Signal()
	}
}

func (p *hostProcess) kill(sig syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, sig) }

func (p *hostProcess) Wait() (autosession.Exit, error) {
	<-p.gone
	return p.exit, nil
}

func (p *hostProcess) Stop(grace time.Duration) error {
	select {
	case <-p.gone:
		return nil
	default:
	}
	if grace > 0 {
		p.kill(syscall.SIGTERM)
		if happens(p.gone, grace) {
			return nil
		}
	}
	p.kill(syscall.SIGKILL)
	<-p.gone
	return nil
}

// recorder keeps the events of a conversation.
type recorder struct {
	mu     sync.Mutex
	events []autosession.Event
	fail   error
	react  map[autosession.EventType]func()
}

func (r *recorder) emit(e autosession.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if f := r.react[e.Type]; f != nil {
		delete(r.react, e.Type)
		go f()
	}
	return r.fail
}

// on has f run, on a goroutine of its own, when the first event of a type
// comes.
func (r *recorder) on(typ autosession.EventType, f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.react == nil {
		r.react = map[autosession.EventType]func(){}
	}
	r.react[typ] = f
}

func (r *recorder) all() []autosession.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]autosession.Event(nil), r.events...)
}

// of returns the events of a type.
func (r *recorder) of(typ autosession.EventType) []autosession.Event {
	var list []autosession.Event
	for _, e := range r.all() {
		if e.Type == typ {
			list = append(list, e)
		}
	}
	return list
}

// gate is hooks for tests. A nil before allows everything.
type gate struct {
	before func(context.Context, autosession.ToolCall) autosession.Verdict
	after  func(context.Context, autosession.ToolCall, autosession.ToolResult) string
	judged atomic.Int64
}

func (g *gate) Before(ctx context.Context, c autosession.ToolCall) autosession.Verdict {
	g.judged.Add(1)
	if g.before == nil {
		return autosession.Verdict{Allow: true}
	}
	return g.before(ctx, c)
}

func (g *gate) After(ctx context.Context, c autosession.ToolCall, r autosession.ToolResult) string {
	if g.after == nil {
		return ""
	}
	return g.after(ctx, c, r)
}
