package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// closing measures CLOSE of a session that changed nothing.
func closing(ctx context.Context, l *lab) ([]figure, error) {
	var out []figure
	for _, c := range []struct {
		features, samples int
		aim               float64
	}{{200, 30, 30}, {10_000, 10, 200}} {
		took, err := l.closes(ctx, c.features, c.samples)
		if err != nil {
			return nil, err
		}
		out = append(out, newFigure(fmt.Sprintf("CLOSE with %d features and no change", c.features), "ms", c.aim, ms(took)))
	}
	return out, nil
}

func (l *lab) closes(ctx context.Context, features, samples int) ([]time.Duration, error) {
	dir, err := l.makeProject(ctx, features, usualFiles)
	if err != nil {
		return nil, err
	}
	b, err := l.open(ctx, dir, func(*autosessiontest.Turn) autosession.Outcome {
		return autosession.Outcome{Class: autosession.OutcomeDone}
	})
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for range samples {
		s, err := autosession.Open(ctx, b.cfg)
		if err != nil {
			return nil, errors.Join(err, b.close())
		}
		_, err = s.Run(ctx, "")
		start := time.Now()
		if err = errors.Join(err, s.Close(ctx)); err != nil {
			return nil, errors.Join(err, b.close())
		}
		took = append(took, time.Since(start))
	}
	return took, b.close()
}
