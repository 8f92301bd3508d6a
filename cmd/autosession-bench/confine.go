package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/sandbox"
)

// confine measures what bubblewrap adds to the start of a session, by the Go
// benchmark of both sandboxes, and to one command of a session that runs.
func confine(ctx context.Context, l *lab) ([]figure, error) {
	got, err := goBench(ctx, module+"/sandbox", "BenchmarkStart", "-count=10", "-benchtime=5x")
	if err != nil {
		return nil, err
	}
	within, without := scale(got["bubblewrap ns/op"], 1e-6), scale(got["none ns/op"], 1e-6)
	inside, outside, err := l.commands(ctx, 200)
	if err != nil {
		return nil, err
	}
	return []figure{
		newFigure("what bubblewrap adds to a session's start", "ms", 30, each(within, without, minus)).against("the start without it", without),
		newFigure("what bubblewrap adds to one command of a session", "ms", 1, each(ms(inside), ms(outside), minus)).against("the command without it", ms(outside)),
	}, nil
}

// commands runs n commands in a confined shell and in one that is not, in
// turns, so that both meet the same load.
func (l *lab) commands(ctx context.Context, n int) (inside, outside []time.Duration, err error) {
	state, err := l.place()
	if err != nil {
		return nil, nil, err
	}
	wrap, err := sandbox.NewBubblewrap(sandbox.Options{State: filepath.Join(state, "confined")})
	if err != nil {
		return nil, nil, err
	}
	bare, err := sandbox.NewUnconfined(sandbox.Options{State: filepath.Join(state, "unconfined")})
	if err != nil {
		return nil, nil, err
	}
	confined, err := l.startShell(ctx, wrap)
	if err != nil {
		return nil, nil, err
	}
	unconfined, err := l.startShell(ctx, bare)
	if err != nil {
		return nil, nil, errors.Join(err, confined.end())
	}
	for i := 0; i < n && err == nil; i++ {
		var in, out time.Duration
		if in, err = confined.run(); err == nil {
			out, err = unconfined.run()
		}
		inside, outside = append(inside, in), append(outside, out)
	}
	return inside, outside, errors.Join(err, confined.end(), unconfined.end())
}

// shell is a session that runs commands.
type shell struct {
	autosession.Process
	in    *io.PipeWriter
	lines *bufio.Reader
	gone  chan error // gets how the wait for its end went
}

func (l *lab) startShell(ctx context.Context, box autosession.Sandbox) (*shell, error) {
	dir, err := l.place()
	if err != nil {
		return nil, err
	}
	home, err := l.place()
	if err != nil {
		return nil, err
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	s := &shell{in: inW, lines: bufio.NewReader(outR), gone: make(chan error, 1)}
	scope := autosession.Scope{Kind: autosession.ScopeSession, Session: "bench", Dir: dir, Home: home}
	s.Process, err = box.Start(ctx, scope, autosession.Command{Path: "/bin/sh", Stdin: inR, Stdout: outW})
	if err != nil {
		return nil, err
	}
	go func() { // a shell that dies is not waited for
		_, err := s.Wait()
		s.gone <- errors.Join(err, inR.Close(), outW.Close())
	}()
	if _, err := s.run(); err != nil { // the shell is there
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// run runs one command, a process of its own, and returns when its end is
// known.
func (s *shell) run() (time.Duration, error) {
	start := time.Now()
	if _, err := io.WriteString(s.in, "/bin/true; echo $?\n"); err != nil {
		return 0, err
	}
	status, err := s.lines.ReadString('\n')
	if err == nil && status != "0\n" {
		err = fmt.Errorf("cannot run /bin/true: it ended with %q", status)
	}
	return time.Since(start), err
}

func (s *shell) end() error {
	return errors.Join(s.in.Close(), s.Stop(time.Second), <-s.gone)
}
