package apiagent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent/internal/hands"
	"github.com/autosession/autosession/internal/reexec"
)

// entry is the name of the hands in the register of internal/reexec.
const entry = "hands"

func init() { reexec.Register(entry, hands.Main) }

const (
	handsReady  = 30 * time.Second // for the hands to open the project
	handsMargin = 30 * time.Second // more than a tool's own limit: then the hands are stuck
	handsSearch = 5 * time.Minute  // for tools without a limit of their own
	handsCancel = 5 * time.Second  // for a cancelled tool to end
	handsClose  = 4 * time.Second  // for the hands to end by themselves
	handsGrace  = 2 * time.Second  // between asking them to end and ending them
	handsWrite  = 30 * time.Second // for a request to be read
)

// handsProcess is the hands as the head sees them.
type handsProcess struct {
	process autosession.Process
	out     *hands.Writer
	stdin   *os.File // our end; closing it asks the hands to end
	errors  *tail

	gone chan struct{} // closed when the process is gone and all it said was read
	exit string        // how it ended; set before gone is closed

	mu      sync.Mutex
	last    int64
	waiting map[int64]chan hands.Result
}

// startHands starts the hands in the sandbox and has them open the project.
func startHands(ctx context.Context, t autosession.Task) (*handsProcess, error) {
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot start the agent's hands: %w", err)
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start the agent's hands: %w", err), inRead.Close(), inWrite.Close())
	}
	h := &handsProcess{
		stdin: inWrite, out: hands.NewWriter(inWrite), errors: &tail{},
		gone: make(chan struct{}), waiting: map[int64]chan hands.Result{},
	}
	h.process, err = t.Start(ctx, autosession.Command{Reexec: entry, Stdin: inRead, Stdout: outWrite, Stderr: h.errors})
	if err != nil {
		for _, f := range []*os.File{inRead, inWrite, outRead, outWrite} {
			f.Close()
		}
		return nil, fmt.Errorf("cannot start the agent's hands: %w", err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		h.read(outRead)
	}()
	go func() {
		defer close(h.gone)
		h.watch(inRead, outRead, outWrite, read)
	}()
	if err := h.open(ctx, t.Dir); err != nil {
		return nil, errors.Join(err, h.stop(0))
	}
	return h, nil
}

// watch waits for the end of the process. The ends of the pipes that it was
// given stay open until then: how a sandbox passes them on is its own affair.
func (h *handsProcess) watch(inRead, outRead, outWrite *os.File, read <-chan struct{}) {
	exit, err := h.process.Wait()
	inRead.Close()
	outWrite.Close()
	_ = outRead.SetReadDeadline(time.Now().Add(handsGrace))
	<-read
	outRead.Close()
	h.stdin.Close()
	switch {
	case err != nil:
		h.exit = err.Error()
	case exit.Signal != 0:
		h.exit = "ended by the signal " + exit.Signal.String()
	default:
		h.exit = fmt.Sprintf("ended with status %d", exit.Code)
	}
	if said := h.errors.String(); said != "" {
		h.exit += ": " + oneLine(said)
	}
}

// read takes the answers in. What is not an answer to an open question is
// passed over.
func (h *handsProcess) read(out *os.File) {
	for lines := hands.NewLines(out); ; {
		line, err := lines.Next()
		if errors.Is(err, hands.ErrLongLine) {
			continue
		}
		if err != nil {
			return
		}
		var reply hands.Reply
		if json.Unmarshal(line, &reply) != nil {
			continue
		}
		h.mu.Lock()
		if answer, ok := h.waiting[reply.ID]; ok {
			answer <- reply.Result // has room for one
			delete(h.waiting, reply.ID)
		}
		h.mu.Unlock()
	}
}

// open has the hands open the project.
func (h *handsProcess) open(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, handsReady, errors.New("they do not answer"))
	defer cancel()
	answer := h.expect(0)
	if err := h.send(hands.Request{Op: "open", Dir: dir}); err != nil {
		return fmt.Errorf("cannot start the agent's hands: %w", err)
	}
	select {
	case r := <-answer:
		if r.IsError {
			return fmt.Errorf("cannot start the agent's hands: %s", r.Text)
		}
		return nil
	case <-h.gone:
		return fmt.Errorf("cannot start the agent's hands: they %s", h.exit)
	case <-ctx.Done():
		return fmt.Errorf("cannot start the agent's hands: %w", context.Cause(ctx))
	}
}

// expect opens the question id.
func (h *handsProcess) expect(id int64) <-chan hands.Result {
	answer := make(chan hands.Result, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting[id] = answer
	return answer
}

func (h *handsProcess) send(r hands.Request) error {
	_ = h.stdin.SetWriteDeadline(time.Now().Add(handsWrite))
	return h.out.Write(r)
}

// call runs one tool and returns its result. When ctx ends the tool is
// cancelled and the result says so. An error means that the hands are gone.
func (h *handsProcess) call(ctx context.Context, tool string, input json.RawMessage) (hands.Result, error) {
	h.mu.Lock()
	h.last++
	id := h.last
	h.mu.Unlock()
	answer := h.expect(id)
	if err := h.send(hands.Request{Op: "call", ID: id, Tool: tool, Input: input}); err != nil {
		return hands.Result{}, h.lost(err)
	}
	limit := time.NewTimer(callLimit(tool, input))
	defer limit.Stop()
	cancelled := ctx.Done()
	for {
		select {
		case r := <-answer:
			return r, nil
		case <-h.gone:
			return hands.Result{}, h.lost(nil)
		case <-cancelled:
			cancelled = nil
			_ = h.send(hands.Request{Op: "cancel", ID: id})
			limit.Reset(handsCancel)
		case <-limit.C:
			if ctx.Err() != nil {
				return hands.Result{IsError: true, Text: "The call was interrupted."}, nil
			}
			return hands.Result{}, h.lost(errors.New("they do not answer"))
		}
	}
}

// lost ends hands that cannot be talked to and says what happened.
func (h *handsProcess) lost(cause error) error {
	if err := h.stop(0); err != nil {
		return fmt.Errorf("cannot use the agent's hands: %w", err)
	}
	if cause != nil {
		return fmt.Errorf("cannot use the agent's hands: %w; they %s", cause, h.exit)
	}
	return fmt.Errorf("cannot use the agent's hands: they %s", h.exit)
}

// callLimit is when a tool must have ended.
func callLimit(tool string, input json.RawMessage) time.Duration {
	if tool != "Bash" {
		return handsSearch
	}
	var in struct {
		TimeoutMS int64 `json:"timeout_ms"`
	}
	_ = json.Unmarshal(input, &in) // the hands say what is wrong with it
	limit, err := hands.BashLimit(in.TimeoutMS)
	if err != nil {
		return handsSearch
	}
	return limit + handsMargin
}

// close lets the hands end what they started, and ends them.
func (h *handsProcess) close() error {
	h.stdin.Close()
	t := time.NewTimer(handsClose)
	defer t.Stop()
	select {
	case <-h.gone:
	case <-t.C:
	}
	return h.stop(handsGrace)
}

// stop ends the process tree and waits until it is gone.
func (h *handsProcess) stop(grace time.Duration) error {
	if err := h.process.Stop(grace); err != nil {
		return fmt.Errorf("cannot end the agent's hands: %w", err)
	}
	<-h.gone
	return nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - 2048; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
