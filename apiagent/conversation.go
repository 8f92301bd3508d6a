package apiagent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent/internal/hands"
	"github.com/autosession/autosession/internal/redact"
)

// Why a Run ends early.
var (
	errInterrupted = errors.New("the turn was interrupted")
	errClosed      = errors.New("the conversation was closed")
)

// conversation is a live conversation.
//
// history ends with what the model said. pending is what it is told next: it
// becomes history together with the reply, so that whatever ends a turn leaves
// a conversation that can go on.
type conversation struct {
	agent     Agent
	task      autosession.Task
	transport *http.Transport
	client    anthropic.Client
	hands     *handsProcess
	tools     []hands.Tool
	redactor  *redact.Redactor

	history []anthropic.MessageParam
	pending []anthropic.ContentBlockParamUnion
	usage   autosession.Usage
	filled  float64 // how full the context window is, 0 to 1
	said    string  // the last text of the model

	mu     sync.Mutex
	cancel context.CancelCauseFunc // of the Run under way, or nil
	closed bool
	close  func() error // once
}

func newConversation(a Agent, t autosession.Task, tools []hands.Tool, h *handsProcess) *conversation {
	c := &conversation{agent: a, task: t, hands: h, tools: tools, redactor: redact.New(a.Key)}
	c.transport, c.client = a.connect()
	c.close = sync.OnceValue(c.end)
	return c
}

// Info tells what is known before the first prompt. There is no ID: a
// conversation cannot be resumed.
func (c *conversation) Info() autosession.Info {
	info := autosession.Info{Agent: "api", Model: c.task.Model, Lane: c.agent.Lane}
	for _, t := range c.tools {
		info.Tools = append(info.Tools, t.Name)
	}
	return info
}

// Run sends a prompt and returns when the model is done, or cannot go on.
func (c *conversation) Run(ctx context.Context, prompt string) (autosession.Result, error) {
	turn, done, err := c.begin(ctx)
	if err != nil {
		return autosession.Result{}, err
	}
	defer done()
	if strings.TrimSpace(prompt) != "" {
		c.pending = append(c.pending, anthropic.NewTextBlock(prompt))
	}
	if len(c.pending) == 0 {
		return autosession.Result{}, errors.New("cannot run a turn without a prompt")
	}
	outcome, err := c.talk(turn)
	if turn.Err() != nil {
		outcome = autosession.Outcome{Class: autosession.OutcomeInterrupted, Detail: context.Cause(turn).Error()}
		if ctx.Err() != nil {
			err = errors.Join(err, c.hands.stop(0)) // the end of ctx kills
		}
	}
	outcome.Detail = c.redact(outcome.Detail)
	if err != nil {
		return autosession.Result{}, errors.New(c.redact(err.Error()))
	}
	return autosession.Result{Outcome: outcome, Usage: c.usage, Text: c.said}, nil
}

// begin makes the context of a Run, which Interrupt and Close can end.
func (c *conversation) begin(ctx context.Context) (context.Context, func(), error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, errors.New("cannot run a turn: the conversation is closed")
	}
	if c.cancel != nil {
		return nil, nil, errors.New("cannot run a turn: another one is under way")
	}
	turn, cancel := context.WithCancelCause(ctx)
	c.cancel = cancel
	return turn, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cancel = nil
		cancel(nil)
	}, nil
}

// Interrupt makes a Run that is under way return soon.
func (c *conversation) Interrupt(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel(errInterrupted)
	}
	return nil
}

// Close ends the hands and all that they started, within seconds.
func (c *conversation) Close() error {
	c.mu.Lock()
	c.closed = true
	if c.cancel != nil {
		c.cancel(errClosed)
	}
	c.mu.Unlock()
	return c.close()
}

func (c *conversation) end() error {
	err := c.hands.close()
	c.transport.CloseIdleConnections()
	return err
}

// emitError says that an event could not be saved.
type emitError struct{ err error }

func (e *emitError) Error() string { return fmt.Sprintf("cannot save an event: %v", e.err) }

// emit hands over one event with the usage so far. What the endpoint or a tool
// said goes through redact.
func (c *conversation) emit(e autosession.Event) error {
	e.Time = time.Now()
	e.Usage = c.usage
	e.Context = c.filled
	e.Text = c.redact(e.Text)
	if e.Raw != nil {
		e.Raw = c.redactor.Raw(e.Raw)
	}
	if err := c.task.Emit(e); err != nil {
		return &emitError{err}
	}
	return nil
}

// redact takes the key, and what looks like one, out of a text.
func (c *conversation) redact(text string) string { return c.redactor.Text(text) }
