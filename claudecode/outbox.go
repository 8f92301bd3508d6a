package claudecode

import (
	"context"
	"sync"

	"github.com/autosession/autosession"
)

// How much waits for Emit before the reader of the program's output waits too,
// in events and in bytes. This bounds memory: the program is then held back by
// its own pipe.
const (
	outboxEvents = 4096
	outboxBytes  = 8 << 20
)

// outbox hands events to Emit in order, on a goroutine of its own, so that the
// reader does not run user code.
type outbox struct {
	emit func(autosession.Event) error

	mu     sync.Mutex
	moved  *sync.Cond // the queue, bytes, closed or busy changed
	queue  []autosession.Event
	bytes  int
	busy   bool // Emit runs
	closed bool

	failed chan struct{} // closed when Emit has failed
	err    error         // of Emit; read it after failed is closed
	done   chan struct{}
}

func newOutbox(emit func(autosession.Event) error) *outbox {
	o := &outbox{emit: emit, failed: make(chan struct{}), done: make(chan struct{})}
	o.moved = sync.NewCond(&o.mu)
	go o.deliver()
	return o
}

// put appends an event. It waits while the outbox is full.
func (o *outbox) put(e autosession.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.closed && (len(o.queue) >= outboxEvents || o.bytes >= outboxBytes) {
		o.moved.Wait()
	}
	if o.closed {
		return
	}
	o.queue = append(o.queue, e)
	o.bytes += weight(e)
	o.moved.Broadcast()
}

// flush waits until all that was put is delivered, or until ctx ends.
func (o *outbox) flush(ctx context.Context) {
	defer context.AfterFunc(ctx, o.wake)()
	o.mu.Lock()
	defer o.mu.Unlock()
	for (len(o.queue) > 0 || o.busy) && ctx.Err() == nil {
		o.moved.Wait()
	}
}

func (o *outbox) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.moved.Broadcast()
}

// close takes nothing more and does not wait: done tells when all is
// delivered.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.moved.Broadcast()
}

func (o *outbox) deliver() {
	defer close(o.done)
	for {
		batch := o.take()
		if batch == nil {
			return
		}
		for _, e := range batch {
			if o.err != nil {
				break
			}
			if o.err = o.emit(e); o.err != nil {
				close(o.failed)
			}
		}
	}
}

// take returns what waits, or nil at the end.
func (o *outbox) take() []autosession.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy = false
	o.moved.Broadcast()
	for len(o.queue) == 0 && !o.closed {
		o.moved.Wait()
	}
	batch := o.queue
	o.queue, o.bytes = nil, 0
	o.busy = len(batch) > 0
	return batch
}

// weight is about how many bytes of memory an event holds.
func weight(e autosession.Event) int {
	n := len(e.Raw) + len(e.Text)
	if e.Call != nil {
		n += len(e.Call.Input)
	}
	if e.Result != nil {
		n += len(e.Result.Text)
	}
	return n
}
