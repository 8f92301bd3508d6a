package autosession

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"
)

// Loop runs session after session on one project until a decision says stop.
//
//	┌─> takeStock ─> settle ─> Next ──stop──> end
//	│                           ├──wait──> wait until a moment or an event ──┐
//	│                           └─start──> prepare ─> Run ─> Close ──────────┤
//	└────────────────────────────────────────────────────────────────────────┘
type Loop struct {
	Config
}

// Run holds the project and runs sessions. It returns the decision that
// stopped it. An error means that it could not go on; everything that was
// reached is saved then too.
func (l Loop) Run(ctx context.Context) (Decision, error) {
	p, err := hold(ctx, l.Config)
	if err != nil {
		return Decision{}, err
	}
	d, err := p.loop(ctx)
	return d, errors.Join(err, p.release())
}

func (p *project) loop(ctx context.Context) (Decision, error) {
	if err := p.beginRun(ctx); err != nil {
		return Decision{}, err
	}
	if err := p.canaries(ctx); err != nil {
		return Decision{}, err
	}
	for {
		d, err := p.decide(ctx)
		if err != nil {
			return d, err
		}
		switch d.Action {
		case ActionStop:
			return d, p.endRun(ctx)
		case ActionWait:
			err = p.wait(ctx, d)
		case ActionStart:
			err = p.session(ctx, d)
		}
		if err != nil {
			return d, err
		}
	}
}

// canaries refuses to run in a sandbox that does not hold.
func (p *project) canaries(ctx context.Context) error {
	var failed []Canary
	for _, c := range p.cfg.Sandbox.Check(ctx) {
		if !c.Holds {
			failed = append(failed, c)
		}
	}
	if len(failed) > 0 {
		return &SandboxError{Failed: failed}
	}
	return nil
}

// decide asks Next what happens next, and stores the answer. A second signal
// stops without a look at the project.
func (p *project) decide(ctx context.Context) (Decision, error) {
	s := p.state()
	if ctx.Err() == nil {
		detection, err := p.takeStock(ctx)
		if err != nil {
			return Decision{}, err
		}
		if err := p.settle(ctx); err != nil {
			return Decision{}, err
		}
		s = p.state()
		s.Kind = detection.Kind
		if s.ProofsHold, err = p.proofsHold(ctx); err != nil {
			return Decision{}, err
		}
	}
	s.Stop = p.stopAsked() || ctx.Err() != nil
	d := Next(s, time.Now())
	saving, cancel := saveContext(ctx)
	defer cancel()
	if err := p.apply(saving, Change{Decision: &d}); err != nil {
		return d, err
	}
	p.report(Event{Type: EventDecision, Session: p.counted, Kind: d.Kind, Until: d.Until, Text: d.Detail, Decision: &d})
	return d, nil
}

// state is what Next is told.
func (p *project) state() State {
	s := State{
		Pause: p.record.Paused, Once: p.cfg.Once, Blocked: p.run.Blocked,
		Last: p.run.Last, Failures: p.run.Failures, Transient: p.run.Transient, Unsound: p.run.Unsound,
		NoProgress: p.run.NoProgress, NoProof: p.run.NoProof,
		Run: p.run.Spent, Project: p.spent, RunMax: p.cfg.RunMax, ProjectMax: p.cfg.ProjectMax,
		Patience: p.cfg.Patience, Parked: p.run.Parked, Seed: seed(p.run.ID), Version: RulesVersion,
	}
	if p.ledger != nil {
		s.Features = p.ledger.Tally()
	}
	if n := len(p.sessions); n > 0 {
		s.Ended = p.sessions[n-1].Ended
	}
	return s
}

func seed(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

// session runs one session. It is prepared during the continue delay. Shortly
// before the delay is over the decision is asked for again and the session
// opened, so that the prompt goes out in time.
func (p *project) session(ctx context.Context, d Decision) error {
	opening, cancel := p.untilStop(ctx)
	defer cancel()
	s, err := p.prepare(opening, d.Kind)
	if err != nil {
		return p.notOpened(ctx, err)
	}
	if time.Now().Before(d.Until) {
		p.sleep(ctx, d.Until.Add(-min(openTime, time.Until(d.Until)/2)))
		again, err := p.decide(ctx)
		if err != nil || again.Action != ActionStart || again.Kind != d.Kind {
			return errors.Join(err, s.Close(ctx))
		}
		s.due = d.Until
	}
	if _, err := s.Run(ctx, ""); err != nil {
		return errors.Join(err, s.Close(ctx))
	}
	if err := s.Close(ctx); err != nil || p.counted%pruneEvery != 0 {
		return err
	}
	return p.prune(ctx)
}

// openTime is how long before the end of the delay OPEN begins. Where it takes
// longer the prompt is late by the rest.
const openTime = 50 * time.Millisecond

// notOpened counts an agent that could not be started: the next decision
// stops, or tries again after a delay.
func (p *project) notOpened(ctx context.Context, err error) error {
	var noSpec *NoSpecError
	if errors.As(err, &noSpec) {
		return err
	}
	if p.stopAsked() || ctx.Err() != nil {
		return nil
	}
	outcome := errorOutcome(err)
	p.report(Event{Type: EventWarning, Text: "the session could not be opened: " + err.Error(), Outcome: &outcome})
	p.run.Last, p.run.Parked = outcome, nil
	p.run.count(outcome)
	if err := p.apply(ctx, Change{Run: p.run}); err != nil {
		return err
	}
	p.sleep(ctx, time.Now().Add(p.cfg.Patience.ContinueDelay))
	return nil
}

// wait waits until the decision says, or a stop. The wait is stored first, so
// that a restart goes on with it.
func (p *project) wait(ctx context.Context, d Decision) error {
	if !d.Until.IsZero() {
		p.run.Parked = &Wait{Reason: d.Reason, Since: d.Since, Until: d.Until}
		if err := p.apply(ctx, Change{Run: p.run}); err != nil {
			return err
		}
	}
	p.sleep(ctx, d.Until)
	return nil
}

// wakeEvery bounds how long the clock on the wall is trusted to run like the
// other one: a machine that slept must not sleep through a deadline.
const wakeEvery = 20 * time.Second

// sleep returns at a moment of the clock on the wall, or when a stop is asked
// for. The zero moment never comes.
func (p *project) sleep(ctx context.Context, until time.Time) {
	for {
		left := wakeEvery
		if !until.IsZero() {
			left = min(left, time.Until(until.Round(0)))
		}
		if left <= 0 {
			return
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-p.cfg.Stop:
			t.Stop()
			return
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// errStopAsked is why work that a stop interrupts did not end.
var errStopAsked = errors.New("a stop was asked for")

// untilStop is a context that ends with a stop, too.
func (p *project) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-p.cfg.Stop:
			cancel(errStopAsked)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-watched
	}
}

// AutoContinue waits for the delay between two sessions. It returns the
// context's cause when that ends first.
func AutoContinue(ctx context.Context, delay time.Duration) error {
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cannot continue: %w", context.Cause(ctx))
	}
}
