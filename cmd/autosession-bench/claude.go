package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode"
	"github.com/autosession/autosession/claudecode/clitest"
	"github.com/autosession/autosession/fakemodel"
	"github.com/autosession/autosession/gateway"
	"github.com/autosession/autosession/sandbox"
)

// worked is a session's work with Claude Code: a change, committed.
const worked = `
[[session]]
again = true

[[session.step]]
tool = [{ name = "Bash", input = { command = "date +%s.%N > pkg00/file000.go && git commit -q -a -m work" } }]

[[session.step]]
say = "A file is changed."
`

// claude measures the real Claude Code in its sandbox with the default delay:
// from the end of a session to the next session's request to the model. The
// yardstick is the program's own part, from the prompt to the request.
func claude(ctx context.Context, l *lab) ([]figure, error) {
	const (
		what = "what is added to a delay of 3 s with Claude Code"
		wait = 3 * time.Second
	)
	path, err := clitest.Install()
	if err != nil {
		missing, _, _ := strings.Cut(err.Error(), "\n")
		return []figure{notMeasured(what, missing)}, nil
	}
	scenario, err := fakemodel.Parse([]byte(worked))
	if err != nil {
		return nil, err
	}
	model, err := fakemodel.Start(scenario, fakemodel.Options{})
	if err != nil {
		return nil, err
	}
	agent := &timed{Agent: claudecode.Agent{
		Command: path, Endpoint: model.URL(), BaseURL: gateway.URL, Key: "played", Lane: autosession.LanePlayed,
	}}
	err = errors.Join(l.runClaude(ctx, agent, wait), model.Close(), agent.failed)
	if err != nil {
		return nil, err
	}
	added, own, err := agent.between(firsts(model.Requests()), wait)
	return []figure{
		newFigure(what, "ms", 50, ms(added)).against("the program's own time from prompt to request", ms(own)),
		newFigure("of that, until the prompt goes out", "ms", 0, each(ms(added), ms(own), minus)),
	}, err
}

// runClaude runs four sessions, confined.
func (l *lab) runClaude(ctx context.Context, agent autosession.Agent, wait time.Duration) error {
	dir, err := l.makeProject(ctx, usualFeatures, usualFiles)
	if err != nil {
		return err
	}
	b, err := l.open(ctx, dir, nil)
	if err != nil {
		return err
	}
	box, err := sandbox.NewBubblewrap(sandbox.Options{State: filepath.Join(b.cfg.State, "confined"), Gateway: wayOut})
	if err != nil {
		return errors.Join(err, b.close())
	}
	b.cfg.Agent, b.cfg.Sandbox, b.cfg.Confined = agent, box, box.Name()
	b.cfg.Model = "claude-sonnet-4-5-20250929"
	b.cfg.RunMax.Sessions, b.cfg.Patience.ContinueDelay = 4, wait
	d, err := autosession.Loop{Config: b.cfg}.Run(ctx)
	if err == nil && d.Reason != "limit-iterations" {
		err = fmt.Errorf("the run stopped with %s: %s", d.Reason, d.Detail)
	}
	return errors.Join(err, b.close())
}

// wayOut is the gateway of a session, as the program wires it.
func wayOut(_ context.Context, s autosession.Scope) (*sandbox.Way, error) {
	g, err := gateway.Start(gateway.Options{Endpoint: s.Network.Endpoint, Key: "played", Report: s.Report})
	if err != nil {
		return nil, err
	}
	return &sandbox.Way{
		Socket: g.Socket(), Env: gateway.Env(), Entry: gateway.Entry, Args: gateway.Args(sandbox.GatewaySocket), Close: g.Close,
	}, nil
}

// timed is Claude Code with a clock: when each session was prompted and when
// its turn ended.
type timed struct {
	claudecode.Agent
	prompted, ended []time.Time
	failed          error // turns that did not go well
}

// Open opens a conversation whose Run is timed.
func (t *timed) Open(ctx context.Context, task autosession.Task) (autosession.Conversation, error) {
	c, err := t.Agent.Open(ctx, task)
	if err != nil {
		return nil, err
	}
	return &timedConversation{c, t}, nil
}

type timedConversation struct {
	autosession.Conversation
	clock *timed
}

func (c *timedConversation) Run(ctx context.Context, prompt string) (autosession.Result, error) {
	c.clock.prompted = append(c.clock.prompted, time.Now())
	result, err := c.Conversation.Run(ctx, prompt)
	c.clock.ended = append(c.clock.ended, time.Now())
	if o := result.Outcome; err == nil && o.Class != autosession.OutcomeDone {
		c.clock.failed = errors.Join(c.clock.failed, fmt.Errorf("a session ended otherwise: %s: %s", o.Class, o.Detail))
	}
	return result, err
}

// firsts are the times of the first request of each conversation. Questions
// aside do not count.
func firsts(requests []fakemodel.Request) []time.Time {
	var times []time.Time
	for _, r := range requests {
		if r.Conversation > len(times) {
			times = append(times, r.Time)
		}
	}
	return times
}

// between returns what was added to the delay, and of that the program's own
// part.
func (t *timed) between(requests []time.Time, wait time.Duration) (added, own []time.Duration, err error) {
	if len(requests) != len(t.prompted) || len(t.ended) != len(t.prompted) {
		return nil, nil, fmt.Errorf("%d sessions began %d conversations with the model", len(t.prompted), len(requests))
	}
	for i := 1; i < len(requests); i++ {
		added = append(added, requests[i].Sub(t.ended[i-1])-wait)
		own = append(own, requests[i].Sub(t.prompted[i]))
	}
	return added, own, nil
}
