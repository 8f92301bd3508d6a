package apiagent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/autosession/autosession"
)

// ask makes one round trip. It retries what passes quickly. Without a message
// it returns why there is none; the error means that no event can be saved.
func (c *conversation) ask(ctx context.Context) (*anthropic.Message, autosession.Outcome, error) {
	l := ladder{budget: c.agent.RetryFor}
	for {
		m, err := c.stream(ctx)
		if err == nil {
			return m, autosession.Outcome{}, nil
		}
		var unsaved *emitError
		switch {
		case errors.As(err, &unsaved):
			return nil, autosession.Outcome{}, err
		case ctx.Err() != nil:
			return nil, outcome(autosession.OutcomeInterrupted, ""), nil
		}
		f := classify(err, time.Now())
		delay, again := l.next(f, rand.Float64())
		if !again {
			return nil, f.outcome, c.reportLimit(f.outcome)
		}
		text := fmt.Sprintf("%s; trying again in %s", f.outcome.Detail, delay.Round(time.Millisecond))
		if err := c.emit(autosession.Event{Type: autosession.EventRetry, Text: text}); err != nil {
			return nil, autosession.Outcome{}, err
		}
		wait(ctx, delay)
	}
}

// reportLimit emits that a limit ends the turn, if one does.
func (c *conversation) reportLimit(o autosession.Outcome) error {
	if o.Class != autosession.OutcomeUsageLimit && o.Class != autosession.OutcomeRateLimited {
		return nil
	}
	return c.emit(autosession.Event{Type: autosession.EventLimit, Text: o.Detail, Until: o.Reset})
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

const (
	firstDelay = time.Second
	mostSilent = 2 // tries that were silent, which are long ones, before giving up
)

// ladder decides how long to wait before the next try of one request.
type ladder struct {
	budget time.Duration // of all waits together
	spent  time.Duration
	tries  int
	silent int
}

// next returns how long to wait after a failure, or false to give up. random
// is between 0 and 1. A wait that the endpoint asks for is kept, with up to
// 5 % (at most 1 s) more; other waits double, give or take a quarter.
func (l *ladder) next(f failure, random float64) (time.Duration, bool) {
	if f.silent {
		l.silent++
	}
	left := l.budget - l.spent
	if !f.retry || left <= 0 || l.silent > mostSilent {
		return 0, false
	}
	var delay time.Duration
	if f.after > 0 {
		if f.after > left {
			return 0, false
		}
		delay = f.after + time.Duration(random*float64(min(f.after/20, time.Second)))
	} else {
		base := min(firstDelay, l.budget/60)
		if left < base {
			return 0, false
		}
		delay = base << min(l.tries, 5)
		delay = min(left, time.Duration((0.75+random/2)*float64(delay)))
	}
	l.tries++
	l.spent += delay
	return delay, true
}
