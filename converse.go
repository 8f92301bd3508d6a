package autosession

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ending is why the engine ends a session that would go on by itself.
type ending struct {
	class  OutcomeClass
	detail string
	wrapUp bool // the agent is asked to save its work first
}

// patienceAfterInterrupt is how long an interrupted turn may take to return
// before it is killed.
const patienceAfterInterrupt = 10 * time.Second

// converse runs one prompt to its end: the agent's own, or the one that a stop,
// a limit, a silence or a time limit brings.
func (s *Session) converse(ctx context.Context, prompt string) Outcome {
	if s.p.stopAsked() {
		return Outcome{Class: OutcomeInterrupted, Detail: "a stop was asked for"}
	}
	if err := s.events.emit(Event{Type: EventPrompt, N: int64(len(prompt)), Raw: promptFrame(prompt)}); err != nil {
		return Outcome{Class: OutcomeInterrupted, Detail: err.Error()}
	}
	turn, kill := context.WithCancelCause(ctx)
	defer kill(nil)
	watching, stopWatching := context.WithCancel(turn)
	ended := make(chan *ending, 1)
	go func() { ended <- s.watch(watching, kill) }()
	result, err := s.conv.Run(turn, prompt)
	stopWatching()
	why := <-ended

	outcome := s.outcome(ctx, result, err, why)
	switch {
	case ctx.Err() != nil:
	case why != nil && why.wrapUp:
		return s.wrapUp(ctx, *why)
	case outcome.Class == OutcomeContextFull:
		s.wrapUp(ctx, ending{class: outcome.Class, detail: "the context is nearly full"})
	}
	return outcome
}

func (s *Session) outcome(ctx context.Context, result Result, err error, why *ending) Outcome {
	switch {
	case ctx.Err() != nil:
		return Outcome{Class: OutcomeInterrupted, Detail: "killed: " + context.Cause(ctx).Error()}
	case why != nil:
		return Outcome{Class: why.class, Detail: why.detail}
	case err != nil:
		return errorOutcome(err)
	}
	return result.Outcome
}

// errorOutcome is what an agent's error means: what it says of itself, or a
// crash.
func errorOutcome(err error) Outcome {
	if typed, ok := errors.AsType[*OutcomeError](err); ok {
		return typed.Outcome
	}
	return Outcome{Class: OutcomeCrashed, Detail: clip(err.Error(), 500)}
}

// watch waits for something that ends the turn, asks the agent to return, and
// kills it when it does not. It returns when ctx ends, with what it did.
func (s *Session) watch(ctx context.Context, kill context.CancelCauseFunc) *ending {
	why := s.await(ctx)
	if why == nil {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, patienceAfterInterrupt)
	defer cancel()
	err := s.conv.Interrupt(bounded)
	if err == nil {
		<-bounded.Done()
	}
	if ctx.Err() == nil {
		why.wrapUp = false
		kill(errors.Join(errors.New("the agent did not return when it was interrupted"), err))
	}
	return why
}

// await returns why the turn must end, or nil when it ended by itself.
func (s *Session) await(ctx context.Context) *ending {
	c := s.p.cfg
	var timeout <-chan time.Time
	if c.SessionTimeout > 0 {
		t := time.NewTimer(time.Until(s.rec.Started.Add(c.SessionTimeout)))
		defer t.Stop()
		timeout = t.C
	}
	active, stop := s.activeLimit()
	defer stop()
	idle, due := time.NewTimer(c.IdleTimeout), time.Now().Add(c.IdleTimeout)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.Stop:
			return &ending{class: OutcomeWrappedUp, detail: "a stop was asked for", wrapUp: true}
		case <-s.events.limit:
			return &ending{class: OutcomeBudget, detail: "the limit of " + s.events.exceeded + " is reached", wrapUp: true}
		case <-active:
			return &ending{class: OutcomeBudget, detail: "the limit of time is reached", wrapUp: true}
		case <-timeout:
			return &ending{class: OutcomeTimedOut, detail: fmt.Sprintf("the session's time limit of %s passed", c.SessionTimeout)}
		case <-idle.C:
			left := s.idleFor(time.Since(due))
			if left <= 0 {
				return &ending{class: OutcomeIdle, detail: fmt.Sprintf("nothing was heard of the agent for %s", c.IdleTimeout)}
			}
			idle.Reset(left)
			due = time.Now().Add(left)
		}
	}
}

// standstill is how late a timer is where this very process did not run for a
// while, as after SIGSTOP and SIGCONT.
const standstill = time.Second

// idleFor is how much longer the agent may be silent, asked late by so much. A
// running tool may be silent three times as long. After a standstill what the
// agent said meanwhile is still to be read, so that all begins anew.
func (s *Session) idleFor(late time.Duration) time.Duration {
	silence, running := s.events.silence()
	limit := s.p.cfg.IdleTimeout
	if late > standstill {
		return limit
	}
	if running {
		limit *= 3
	}
	return limit - silence
}

// activeLimit fires when the time that the run or the project may take is
// used up.
func (s *Session) activeLimit() (<-chan time.Time, func()) {
	left := time.Duration(-1)
	for _, l := range []struct {
		max, used time.Duration
	}{
		{s.p.cfg.RunMax.Active, s.p.run.Spent.Active},
		{s.p.cfg.ProjectMax.Active, s.p.spent.Active},
	} {
		if room := max(l.max-l.used, 0); l.max > 0 && (left < 0 || room < left) {
			left = room
		}
	}
	if left < 0 {
		return nil, func() {}
	}
	t := time.NewTimer(time.Until(s.rec.Started.Add(left)))
	return t.C, func() { t.Stop() }
}

// wrapUp asks the agent to save its work, within the grace. The session is
// interrupted when it did not come to an end.
func (s *Session) wrapUp(ctx context.Context, why ending) Outcome {
	data := s.promptData("")
	data.Reason = why.detail
	prompt, err := s.p.cfg.Prompts.Text("wrapup", data)
	if err != nil {
		return Outcome{Class: OutcomeInterrupted, Detail: err.Error()}
	}
	bounded, cancel := context.WithTimeout(ctx, s.p.cfg.Grace)
	defer cancel()
	if err := s.events.emit(Event{Type: EventPrompt, Text: why.detail, N: int64(len(prompt)), Raw: promptFrame(prompt)}); err != nil {
		return Outcome{Class: OutcomeInterrupted, Detail: err.Error()}
	}
	result, err := s.conv.Run(bounded, prompt)
	switch {
	case err != nil:
		return Outcome{Class: OutcomeInterrupted, Detail: why.detail + "; the agent could not save its work: " + clip(err.Error(), 300)}
	case result.Outcome.Class != OutcomeDone:
		return Outcome{Class: OutcomeInterrupted, Detail: why.detail + "; saving its work ended as " + result.Outcome.String()}
	}
	return Outcome{Class: why.class, Detail: why.detail}
}
