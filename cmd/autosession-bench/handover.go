package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// The project of the rows about sessions: of a usual size.
const (
	usualFeatures = 200
	usualFiles    = 100
)

// handover measures from the end of a session to the prompt of the next one
// without a delay. Each session changes a file and commits it. The yardstick
// is what a plain loop around an agent would do: git add and git commit.
func handover(ctx context.Context, l *lab) ([]figure, error) {
	between, err := l.handovers(ctx, 51, 0)
	if err != nil {
		return nil, err
	}
	plain, err := l.plainCommits(ctx, 50)
	if err != nil {
		return nil, err
	}
	f := newFigure("end of a session to the next prompt, delay 0, all saved", "ms", 50, ms(between))
	return []figure{f.against("git add -A && git commit", ms(plain))}, nil
}

// delay measures what CLOSE and OPEN add to the default delay.
func delay(ctx context.Context, l *lab) ([]figure, error) {
	const wait = 3 * time.Second
	between, err := l.handovers(ctx, 6, wait)
	if err != nil {
		return nil, err
	}
	for i := range between {
		between[i] -= wait
	}
	return []figure{newFigure("what CLOSE and OPEN add to a delay of 3 s", "ms", 10, ms(between))}, nil
}

// handovers runs n sessions in one run and returns the times between them.
func (l *lab) handovers(ctx context.Context, n int, wait time.Duration) ([]time.Duration, error) {
	dir, err := l.makeProject(ctx, usualFeatures, usualFiles)
	if err != nil {
		return nil, err
	}
	var between []time.Duration
	var ended time.Time
	var failed error
	b, err := l.open(ctx, dir, func(t *autosessiontest.Turn) autosession.Outcome {
		if !ended.IsZero() {
			between = append(between, time.Since(ended))
		}
		failed = errors.Join(failed, work(t.Context(), dir, len(between)), t.Say("A file is changed."))
		ended = time.Now()
		return autosession.Outcome{Class: autosession.OutcomeDone}
	})
	if err != nil {
		return nil, err
	}
	b.cfg.RunMax.Sessions = n
	b.cfg.Patience.ContinueDelay = wait
	d, err := autosession.Loop{Config: b.cfg}.Run(ctx)
	if err == nil && d.Reason != "limit-iterations" {
		err = fmt.Errorf("the run stopped with %s: %s", d.Reason, d.Detail)
	}
	return between, errors.Join(err, failed, b.close())
}

// work is what one session does: it changes a file and commits it.
func work(ctx context.Context, dir string, n int) error {
	path := filepath.Join(dir, "pkg00", "file000.go")
	if err := os.WriteFile(path, fmt.Appendf(nil, "package pkg00\n\n// Session %d was here.\n", n), 0o644); err != nil {
		return err
	}
	return runGit(ctx, dir, "commit", "-q", "-a", "-m", fmt.Sprintf("F%05d: work", n))
}

// plainCommits saves n changes of the same project with git alone.
func (l *lab) plainCommits(ctx context.Context, n int) ([]time.Duration, error) {
	dir, err := l.makeProject(ctx, usualFeatures, usualFiles)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for i := range n {
		path := filepath.Join(dir, "pkg00", "file000.go")
		if err := os.WriteFile(path, fmt.Appendf(nil, "package pkg00\n\n// Round %d.\n", i), 0o644); err != nil {
			return nil, err
		}
		start := time.Now()
		err := errors.Join(runGit(ctx, dir, "add", "-A"), runGit(ctx, dir, "commit", "-q", "-m", "work"))
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}
