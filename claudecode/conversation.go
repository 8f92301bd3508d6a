package claudecode

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/autosession/autosession"
)

// pipes are our ends of the program's streams.
type pipes struct {
	in       io.WriteCloser
	out, err io.ReadCloser
}

func (p pipes) close() {
	p.in.Close()
	p.out.Close()
	p.err.Close()
}

// conversation is one running program.
//
// Three goroutines live as long as it does: read takes the program's output,
// the outbox runs Emit, and watch waits for the process. Close ends them all.
type conversation struct {
	task    autosession.Task
	secrets []string // never shown in an outcome
	proc    autosession.Process
	pipes   pipes
	wire    *wire
	guard   *guard
	outbox  *outbox
	trace   func(json.RawMessage)
	stderr  *tail

	frame frame // that is being taken; the reader's

	eof    chan struct{} // closed when the program's output has ended
	exited chan struct{} // closed when its tree is gone; exit is set
	exit   autosession.Exit
	closed chan struct{} // closed when Close has told the program to end
	gone   chan struct{} // closed when Close is over; err is set
	err    error

	closing atomic.Bool // Close was called

	mu     sync.Mutex
	info   autosession.Info
	meter  *meter
	report *report
	turn   *turn         // nil: nothing was prompted, or the turn is over
	last   lasting       // what the last turn handed on
	news   chan struct{} // the turn has changed
	asked  time.Time     // when the program was last asked for its totals
	mute   bool          // it does not tell them
}

// converse begins to listen to a program that was just started. The end of
// ctx does not end the conversation.
func converse(
	ctx context.Context, t autosession.Task, p pipes, proc autosession.Process, trace func(json.RawMessage),
) *conversation {
	meter := newMeter()
	c := &conversation{
		task: t, proc: proc, pipes: p, trace: trace,
		wire: newWire(p.in), outbox: newOutbox(t.Emit), stderr: &tail{},
		eof: make(chan struct{}), exited: make(chan struct{}), closed: make(chan struct{}),
		gone:  make(chan struct{}),
		meter: meter, report: newReport(meter), news: make(chan struct{}, 1),
	}
	c.guard = &guard{hooks: t.Hooks, session: t.Session, kind: t.Kind, took: c.took}
	ctx = context.WithoutCancel(ctx)
	errDone := make(chan struct{})
	go func() {
		defer close(errDone)
		_, _ = io.Copy(c.stderr, p.err) // it only informs
	}()
	go c.read(ctx)
	go c.watch(errDone)
	return c
}

// watch waits for the process, then for the end of its output: what still
// holds the pipes after the tree is gone does not hold us.
func (c *conversation) watch(errDone <-chan struct{}) {
	defer close(c.exited)
	x, err := c.proc.Wait()
	if err != nil {
		fmt.Fprintln(c.stderr, err)
		if x.OK() {
			x.Code = -1 // nobody knows
		}
	}
	c.exit = x
	if !happens(c.eof, drainGrace) || !happens(errDone, drainGrace) {
		c.pipes.out.Close()
		c.pipes.err.Close()
	}
}

// read takes the program's output line by line until it ends.
func (c *conversation) read(ctx context.Context) {
	defer close(c.eof)
	defer c.wire.end()
	lines := newLineReader(c.pipes.out)
	for {
		l, err := lines.next()
		if err != nil {
			return
		}
		c.take(ctx, l)
	}
}

// take handles one line. Control frames go to the wire; all others change the
// turn and are reported.
func (c *conversation) take(ctx context.Context, l line) {
	now := time.Now()
	f := &c.frame
	if f.parse(l.data) != nil {
		c.deliver(func() []autosession.Event { return c.report.badLine(l, now) })
		return
	}
	switch f.Type {
	case "control_request":
		cut := l.cut
		c.wire.asked(ctx, f.RequestID, f.Request, func(ctx context.Context, raw json.RawMessage) (any, error) {
			return c.guard.answer(ctx, raw, cut)
		})
	case "control_cancel_request":
		c.wire.withdrawn(f.RequestID)
	case "control_response":
		c.wire.replied(f.Response)
	}
	c.deliver(func() []autosession.Event { return c.observe(ctx, f, l, now) })
	if c.trace != nil {
		c.trace(append(json.RawMessage(nil), l.data...))
	}
}

func (c *conversation) deliver(events func() []autosession.Event) {
	c.mu.Lock()
	list := events()
	c.mu.Unlock()
	for _, e := range list {
		c.outbox.put(e)
	}
}

// observe is called with mu held.
func (c *conversation) observe(ctx context.Context, f *frame, l line, now time.Time) []autosession.Event {
	if f.Type == "control_request" {
		return c.report.tick(now)
	}
	if f.Type == "system" && f.Subtype == "init" {
		c.learn(f)
	}
	events := c.report.events(f, l, now)
	if c.turn != nil {
		stop := c.turn.observe(f, now) || c.spent(now)
		if stop {
			c.ask(ctx, controlSubtype{"interrupt"}, func(json.RawMessage, error) {})
		}
		if stop || f.Type == "result" || f.Type == "system" { // nothing else moves a turn's end
			c.notify()
		}
	}
	if f.Type == "stream_event" && f.Stream != nil && f.Stream.Type == "message_stop" && f.Parent == "" {
		c.askTotals(ctx, now)
	}
	return events
}

// spent ends a turn that makes more round trips than the task has in all: the
// program itself counts from zero in each turn.
func (c *conversation) spent(now time.Time) (stop bool) {
	limit := c.task.MaxTurns
	return limit > 0 && c.meter.turns > limit && c.turn.end(outcome(autosession.OutcomeTurnLimit, ""), now)
}

// learn takes what the program says of itself at the start of a turn.
func (c *conversation) learn(f *frame) {
	c.info.ID = orElse(f.SessionID, c.info.ID)
	c.info.Model = orElse(f.Model, c.info.Model)
	c.info.Version = orElse(f.Version, c.info.Version)
	c.info.Tools = f.Tools
}

func (c *conversation) notify() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *conversation) took(id string, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.took(id, d)
}

// Info implements [autosession.Conversation].
func (c *conversation) Info() autosession.Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

// Interrupt implements [autosession.Conversation].
func (c *conversation) Interrupt(ctx context.Context) error {
	c.mu.Lock()
	t := c.turn
	if t != nil {
		t.asked = true
	}
	c.mu.Unlock()
	if t == nil {
		return nil
	}
	if _, err := c.wire.request(ctx, controlSubtype{"interrupt"}); err != nil {
		return fmt.Errorf("cannot interrupt the agent: %w", err)
	}
	return nil
}

// controlSubtype is a control request without fields.
type controlSubtype struct {
	Subtype string `json:"subtype"`
}

// hide removes the secrets from an outcome. A vendor's error may repeat them.
func (c *conversation) hide(o autosession.Outcome) autosession.Outcome {
	for _, secret := range c.secrets {
		if len(secret) >= 8 {
			o.Detail = strings.ReplaceAll(o.Detail, secret, "[key]")
		}
	}
	return o
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const maxTail = 8 << 10

// Write implements io.Writer. It cannot fail.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p[max(0, len(p)-maxTail):]...)
	t.buf = append(t.buf[:0], t.buf[max(0, len(t.buf)-maxTail):]...)
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
