package autosession

import (
	"context"
	"errors"
	"io"
	"time"
)

// script is a command of a shell in a sandbox of its own.
type script struct {
	sandbox Sandbox
	scope   Scope
	command string
}

// scriptEnd is how a script ended.
type scriptEnd struct {
	exit     Exit
	timedOut bool
}

func (e scriptEnd) ok() bool { return e.exit.OK() && !e.timedOut }

// run runs the script, and ends it when the limit has passed. When it returns,
// nothing of it runs any more. The error means that it could not be run, or
// that ctx ended.
func (s script) run(ctx context.Context, limit time.Duration, out io.Writer) (scriptEnd, error) {
	p, err := s.sandbox.Start(ctx, s.scope, Command{
		Path:   "bash",
		Args:   []string{"--noprofile", "--norc", "-c", s.command},
		Dir:    s.scope.Dir,
		Stdout: out,
		Stderr: out,
	})
	if err != nil {
		return scriptEnd{}, err
	}
	var end scriptEnd
	var waitErr error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		end.exit, waitErr = p.Wait()
	}()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		stopErr := p.Stop(0)
		<-ended
		end.timedOut, waitErr = true, errors.Join(waitErr, stopErr)
	case <-ctx.Done():
		stopErr := p.Stop(0)
		<-ended
		return end, errors.Join(context.Cause(ctx), stopErr)
	}
	return end, waitErr
}
