package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/sqlite"
)

// status measures a start of the program on projects with a longer and longer
// past: status, and a run that stops at once since its limit is reached.
func status(ctx context.Context, l *lab) ([]figure, error) {
	p, err := l.newProgram(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer p.model.Close()
	bare, err := p.times(ctx, 20, nil, "--version")
	if err != nil {
		return nil, err
	}
	var out []figure
	for _, n := range []int{10, 1_000, 10_000} {
		dir, err := l.seeded(ctx, p, n)
		if err != nil {
			return nil, err
		}
		looks, err := p.times(ctx, 20, nil, "status", "--json", dir)
		if err != nil {
			return nil, err
		}
		reached := func(code int) bool { return code == 3 }
		runs, err := p.times(ctx, 10, reached, "run", "--no-sandbox", "--agent", "api", "--max-project-iterations", "5", dir)
		if err != nil {
			return nil, err
		}
		after := fmt.Sprintf("after %d sessions", n)
		out = append(out,
			newFigure("status "+after, "ms", 50, ms(looks)).against("--version", ms(bare)),
			newFigure("a run that starts and stops at once "+after, "ms", 0, ms(runs)))
	}
	return out, nil
}

// times runs the program again and again and returns how long it took. good
// says which exit statuses are expected; nil is 0 alone.
func (p *program) times(ctx context.Context, n int, good func(int) bool, args ...string) ([]time.Duration, error) {
	var took []time.Duration
	for range n {
		start := time.Now()
		text, err := output(p.command(ctx, args...))
		took = append(took, time.Since(start))
		exit, failed := errors.AsType[*exec.ExitError](err)
		if err != nil && (!failed || good == nil || !good(exit.ExitCode())) {
			return nil, fmt.Errorf("%w\n%s", err, text)
		}
	}
	return took, nil
}

// memoryDisk is where a database can be filled without waiting for a disk.
const memoryDisk = "/dev/shm"

// seeded makes a project with n sessions in its past, and returns it.
func (l *lab) seeded(ctx context.Context, p *program, n int) (string, error) {
	dir, err := l.place()
	if err != nil {
		return "", err
	}
	state, err := autosession.StateDir(p.state(), dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return "", err
	}
	quick, err := os.MkdirTemp(memoryDisk, "autosession-bench-")
	if err != nil { // there is none: the disk does it too
		if quick, err = os.MkdirTemp(l.dir, "seed-"); err != nil {
			return "", err
		}
	}
	defer os.RemoveAll(quick)
	seeded := filepath.Join(quick, "state.db")
	store, err := sqlite.Open(ctx, seeded)
	if err != nil {
		return "", err
	}
	if err := errors.Join(autosessiontest.Seed(ctx, store, n), store.Close()); err != nil {
		return "", err
	}
	data, err := os.ReadFile(seeded)
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(state, "state.db"), data, 0o600)
}
