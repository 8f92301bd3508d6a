package main

import (
	"context"
	"errors"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent"
	"github.com/autosession/autosession/fakemodel"
	"github.com/autosession/autosession/sandbox"
)

// kill measures from a kill -9 of the program, in the middle of a session with
// a command running, to the next session's request to the model. The yardstick
// is the agent's own start.
func kill(ctx context.Context, l *lab) ([]figure, error) {
	p, err := l.newProgram(ctx, usualFeatures)
	if err != nil {
		return nil, err
	}
	took, err := p.killed(ctx, 7)
	if err != nil {
		return nil, errors.Join(err, p.model.Close())
	}
	own, err := l.agentStarts(ctx, p, 7)
	if err = errors.Join(err, p.model.Close()); err != nil {
		return nil, err
	}
	start := ms(own)
	aim := 300 + newFigure("", "", 0, start).Median
	f := newFigure("kill -9 in a session to the next one's request", "ms", aim, ms(took))
	return []figure{f.against("the agent's own start", start)}, nil
}

func (p *program) killed(ctx context.Context, n int) ([]time.Duration, error) {
	r, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for range n {
		if err := p.untilWaiting(ctx, r); err != nil {
			return nil, err
		}
		seen := len(p.model.Requests())
		start := time.Now()
		if err := r.kill(); err != nil {
			return nil, err
		}
		if r, err = p.start(ctx); err != nil {
			return nil, err
		}
		next, err := p.request(ctx, seen+1)
		if err != nil {
			return nil, errors.Join(err, r.kill(), errors.New(r.said.String()))
		}
		took = append(took, next.Time.Sub(start))
	}
	return took, r.kill()
}

// request waits for the request with a number.
func (p *program) request(ctx context.Context, number int) (fakemodel.Request, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return p.model.WaitFor(ctx, func(r fakemodel.Request) bool { return r.Number >= number })
}

// agentStarts measures the agent alone: from its opening to its first request.
func (l *lab) agentStarts(ctx context.Context, p *program, n int) ([]time.Duration, error) {
	state, err := l.place()
	if err != nil {
		return nil, err
	}
	box, err := sandbox.NewUnconfined(sandbox.Options{State: state})
	if err != nil {
		return nil, err
	}
	scope := autosession.Scope{Kind: autosession.ScopeSession, Session: "bench", Dir: p.dir, Home: p.home}
	task := autosession.Task{
		Session: "bench", Kind: autosession.Continue, Dir: p.dir, Home: p.home, Model: "claude-sonnet-4-5-20250929",
		Hooks: noTools{},
		Start: func(ctx context.Context, c autosession.Command) (autosession.Process, error) {
			return box.Start(ctx, scope, c)
		},
		Emit: func(autosession.Event) error { return nil },
	}
	var took []time.Duration
	for range n {
		seen := len(p.model.Requests())
		start := time.Now()
		conv, err := apiagent.Agent{Key: "played", BaseURL: p.model.URL()}.Open(ctx, task)
		if err != nil {
			return nil, err
		}
		turn, end := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() {
			_, err := conv.Run(turn, "Begin.")
			ended <- err
		}()
		first, err := p.request(ctx, seen+1)
		end()
		if err = errors.Join(err, <-ended, conv.Close()); err != nil {
			return nil, err
		}
		took = append(took, first.Time.Sub(start))
	}
	return took, nil
}

// noTools denies every tool call.
type noTools struct{}

func (noTools) Before(context.Context, autosession.ToolCall) autosession.Verdict {
	return autosession.Verdict{}
}

func (noTools) After(context.Context, autosession.ToolCall, autosession.ToolResult) string { return "" }
