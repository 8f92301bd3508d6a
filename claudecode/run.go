package claudecode

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/autosession/autosession"
)

type userMessage struct {
	Type    string      `json:"type"`
	Message userContent `json:"message"`
	Parent  *string     `json:"parent_tool_use_id"`
	Session string      `json:"session_id"`
}

type userContent struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// plain keeps a prompt from being a command of the program: those begin with a
// slash, and are not for the model.
func plain(prompt string) string {
	if strings.HasPrefix(prompt, "/") {
		return "\n" + prompt
	}
	return prompt
}

// Run implements [autosession.Conversation].
func (c *conversation) Run(ctx context.Context, prompt string) (autosession.Result, error) {
	if o, over := c.begin(); over {
		return c.result(o), nil
	}
	msg := userMessage{Type: "user", Message: userContent{Role: "user", Content: plain(prompt)}}
	_ = c.wire.send(ctx, msg) // a program that cannot be written to is ending: await sees how
	end, err := c.await(ctx)
	c.flush(ctx)
	c.mu.Lock()
	c.last, c.turn = c.turn.lasting, nil
	c.mu.Unlock()
	return c.result(c.hide(end.outcome())), err
}

// flush waits until the events so far are delivered, so that who saw the
// result has seen what led to it. The end of ctx is no reason to lose them.
func (c *conversation) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushLimit)
	defer cancel()
	c.outbox.flush(ctx)
}

// begin makes a new turn, unless the conversation's turns are used up.
func (c *conversation) begin() (autosession.Outcome, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit := c.task.MaxTurns; limit > 0 && c.meter.turns >= limit {
		return outcome(autosession.OutcomeTurnLimit, ""), true
	}
	c.turn = newTurn(c.last)
	return autosession.Outcome{}, false
}

func (c *conversation) result(o autosession.Outcome) autosession.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	return autosession.Result{Outcome: o, Usage: c.meter.usage(), Text: c.report.text}
}

// await returns when the turn is over, with all that is known of its end.
func (c *conversation) await(ctx context.Context) (ending, error) {
	failed := c.outbox.failed
	var lost error
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		rest, forever := c.rest()
		if !forever && rest <= 0 {
			return c.settle(ctx), lost
		}
		if forever {
			rest = time.Hour
		}
		timer.Reset(rest)
		select {
		case <-c.news:
		case <-timer.C:
		case <-c.eof:
			return c.ended(""), lost
		case <-ctx.Done():
			return c.kill(fmt.Sprint(context.Cause(ctx))), lost
		case <-c.closed:
			happens(c.exited, closeLimit)
			return c.ended("the conversation was closed"), lost
		case <-failed:
			failed = nil
			lost = fmt.Errorf("cannot save events: %w", c.outbox.err)
			c.stop(ctx, outcome(autosession.OutcomeInterrupted, lost.Error()))
		}
	}
}

func (c *conversation) rest() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turn.rest(time.Now())
}

// stop asks the program to end its turn, which then ends as o.
func (c *conversation) stop(ctx context.Context, o autosession.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn.end(o, time.Now()) {
		c.ask(context.WithoutCancel(ctx), controlSubtype{"interrupt"}, func(json.RawMessage, error) {})
	}
}

// settle ends a turn that is over while the program lives. One that was asked
// to stop and did not is killed: nobody knows what it still does.
func (c *conversation) settle(ctx context.Context) ending {
	c.mu.Lock()
	deaf := c.turn.result == nil
	c.mu.Unlock()
	if deaf {
		return c.kill("")
	}
	return c.ending("", nil)
}

// ended waits for a program whose output is over, and reads how it ended.
func (c *conversation) ended(killed string) ending {
	if !happens(c.exited, inputGrace) {
		stopProcess(c.proc, termGrace, c.exited)
	}
	return c.kill(killed)
}

// kill ends the process tree at once and reads how it ended.
func (c *conversation) kill(why string) ending {
	if !stopProcess(c.proc, 0, c.exited) {
		return c.ending(why, nil)
	}
	return c.ending(why, &c.exit)
}

func (c *conversation) ending(killed string, exit *autosession.Exit) ending {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.turn
	return ending{
		killed: killed, stopped: t.stop, asked: t.asked, result: t.result, apiError: t.apiError,
		limit: t.limit, exit: exit, stderr: c.stderr.String(), now: time.Now(),
	}
}
