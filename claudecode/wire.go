package claudecode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// maxInbound is how many requests of the program are answered at once. One
// program asks a handful; a broken one must not take all memory.
const maxInbound = 256

// Why the wire gives up. None of them leaves the package unexplained.
var (
	errEnded     = errors.New("the program has ended")
	errClosing   = errors.New("the conversation is being closed")
	errWithdrawn = errors.New("the program does not wait any more")
)

// answer makes the reply to a request of the program. The error becomes an
// error reply.
type answer func(ctx context.Context, request json.RawMessage) (any, error)

// wire speaks the control protocol: our requests and their replies, the
// program's requests and ours to them. The reader feeds it and is never held
// up: each request of the program has a goroutine, which its cancel request or
// the end of the wire cancels.
type wire struct {
	out  io.WriteCloser
	turn chan struct{} // holds the right to write

	mu      sync.Mutex
	n       int
	pending map[string]chan reply
	inbound map[string]context.CancelCauseFunc
	ended   error         // set once: nothing is sent or answered any more
	closing bool          // what is asked now is answered as if its time were over
	quiet   chan struct{} // closed when the wire is closing and has answered all
	work    sync.WaitGroup
}

func newWire(out io.WriteCloser) *wire {
	w := &wire{
		out:     out,
		turn:    make(chan struct{}, 1),
		pending: map[string]chan reply{},
		inbound: map[string]context.CancelCauseFunc{},
		quiet:   make(chan struct{}),
	}
	w.turn <- struct{}{}
	return w
}

// send writes one line. It returns when the line is written or ctx ends; a
// line that was begun is always finished.
func (w *wire) send(ctx context.Context, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cannot encode a message for the program: %v", err)
	}
	written := make(chan error, 1)
	if err := w.begin(); err != nil {
		return err
	}
	go func() {
		defer w.work.Done()
		select {
		case <-w.turn:
		case <-ctx.Done():
			written <- ctx.Err()
			return
		}
		_, err := w.out.Write(append(b, '\n'))
		w.turn <- struct{}{}
		if err != nil {
			err = fmt.Errorf("%w: %v", errEnded, err) // a pipe has no other way to fail
		}
		written <- err
	}()
	select {
	case err = <-written:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("cannot write to the program: %w", err)
	}
	return nil
}

// begin counts a goroutine of the wire, unless the wire has ended.
func (w *wire) begin() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended != nil {
		return w.ended
	}
	w.work.Add(1)
	return nil
}

type controlRequest struct {
	Type      string `json:"type"`
	RequestID string `json:"request_id"`
	Request   any    `json:"request"`
}

type controlResponse struct {
	Type     string `json:"type"`
	Response any    `json:"response"`
}

type successReply struct {
	Subtype   string `json:"subtype"`
	RequestID string `json:"request_id"`
	Response  any    `json:"response"`
}

type errorReply struct {
	Subtype   string `json:"subtype"`
	RequestID string `json:"request_id"`
	Error     string `json:"error"`
}

// request sends a control request and waits for its reply.
func (w *wire) request(ctx context.Context, request any) (json.RawMessage, error) {
	id, replies, err := w.expect()
	if err != nil {
		return nil, err
	}
	defer w.unexpect(id)
	if err := w.send(ctx, controlRequest{"control_request", id, request}); err != nil {
		return nil, err
	}
	select {
	case r, ok := <-replies:
		if !ok {
			return nil, errEnded
		}
		if r.Subtype != "success" {
			return nil, fmt.Errorf("the program refused: %s", cutText(r.Error, 512))
		}
		return r.Response, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// expect registers a request before it is written, so that no reply is early.
func (w *wire) expect() (string, chan reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended != nil {
		return "", nil, w.ended
	}
	w.n++
	id := "autosession-" + strconv.Itoa(w.n)
	replies := make(chan reply, 1)
	w.pending[id] = replies
	return id, replies, nil
}

func (w *wire) unexpect(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pending, id)
}

// replied takes a reply from the reader. One that nobody waits for is dropped.
func (w *wire) replied(r *reply) {
	if r == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if replies := w.pending[r.RequestID]; replies != nil {
		delete(w.pending, r.RequestID)
		replies <- *r
	}
}

// asked takes a request of the program from the reader and has it answered.
// One that is already being answered is ignored.
func (w *wire) asked(ctx context.Context, id string, request json.RawMessage, a answer) {
	ctx, cancel := context.WithCancelCause(ctx)
	w.mu.Lock()
	_, twice := w.inbound[id]
	if w.ended != nil || twice || len(w.inbound) >= maxInbound {
		w.mu.Unlock()
		cancel(nil)
		return
	}
	if w.closing {
		cancel(errClosing)
	}
	w.inbound[id] = cancel
	w.work.Add(1)
	w.mu.Unlock()
	go func() {
		defer w.work.Done()
		defer w.withdrawn(id)
		v, err := a(ctx, request)
		if cause := context.Cause(ctx); cause == nil || cause == errClosing {
			// A program that is gone needs no answer.
			_ = w.send(context.WithoutCancel(ctx), response(id, v, err))
		}
	}()
}

func response(id string, v any, err error) controlResponse {
	if err != nil {
		return controlResponse{"control_response", errorReply{"error", id, err.Error()}}
	}
	return controlResponse{"control_response", successReply{"success", id, v}}
}

// withdrawn ends the answering of a request, if it is under way: nothing is
// sent.
func (w *wire) withdrawn(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cancel := w.inbound[id]; cancel != nil {
		delete(w.inbound, id)
		cancel(errWithdrawn)
	}
	w.settle()
}

// settle closes quiet when it is time to. It is called with mu held.
func (w *wire) settle() {
	if !w.closing || len(w.inbound) > 0 {
		return
	}
	select {
	case <-w.quiet:
	default:
		close(w.quiet)
	}
}

// refuse cancels what is being answered, and what is asked from now on: each
// still gets its answer, which then is a refusal. It does not wait: quiet tells
// when all are answered.
func (w *wire) refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closing = true
	for _, cancel := range w.inbound {
		cancel(errClosing)
	}
	w.settle()
}

// end fails what waits for the program and cancels what answers it. It does
// not wait.
func (w *wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = errEnded
	for id, replies := range w.pending {
		delete(w.pending, id)
		close(replies)
	}
	for _, cancel := range w.inbound {
		cancel(errEnded)
	}
}

// closeInput closes the program's input, which asks it to finish.
func (w *wire) closeInput() { _ = w.out.Close() } // there is nothing left to lose

// wait returns when no goroutine of the wire runs. It follows end and
// closeInput.
func (w *wire) wait() { w.work.Wait() }
