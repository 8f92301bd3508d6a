package autosession

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// queued is how many events may wait to be written before emit blocks.
const queued = 4096

// recorder writes the events of one session: frames to the transcript, events
// to the store, and both to whoever reports. It writes as fast as the store
// takes them, in batches of what came meanwhile, so that a kill loses less
// than a second and memory stays bounded.
type recorder struct {
	p       *project
	session string

	mu     sync.Mutex
	room   sync.Cond // signalled when the queue was taken or the recorder failed
	queue  []Event
	closed bool
	err    error // the first failure; nothing is written after it

	usage    Usage
	heard    time.Time // when the last event came
	running  int       // tool calls under way
	denied   int
	said     string
	number   int
	kind     Kind
	exceeded string // the limit that the session reaches, once it does

	limit chan struct{} // closed when exceeded is set
	wake  chan struct{} // has room for one
	done  chan struct{} // closed when the writer has ended
}

// newRecorder starts the writer. close ends it.
func newRecorder(p *project, rec SessionRecord) (*recorder, error) {
	name := filepath.Join(p.cfg.State, "transcripts", rec.ID+".jsonl")
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot write the transcript: %w", err)
	}
	r := &recorder{
		p: p, session: rec.ID, kind: rec.Kind, heard: time.Now(),
		limit: make(chan struct{}), wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	r.room.L = &r.mu
	go r.write(file)
	return r, nil
}

// emit queues one event. It returns the failure of the store once there was
// one.
func (r *recorder) emit(e Event) error {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) >= queued && r.err == nil && !r.closed {
		r.room.Wait()
	}
	if r.err != nil {
		return r.err
	}
	if r.closed {
		return nil // a frame that came after the end
	}
	e.Session = r.number
	r.note(&e)
	r.queue = append(r.queue, e)
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// note keeps what the engine watches: usage, silence, limits.
func (r *recorder) note(e *Event) {
	r.heard = time.Now()
	if e.Usage == (Usage{}) {
		e.Usage = r.usage
	}
	r.usage = e.Usage
	switch e.Type {
	case EventToolCall:
		r.running++
	case EventToolResult:
		r.running = max(r.running-1, 0)
	case EventDenied:
		r.denied++
	case EventText:
		r.said = e.Text
	}
	if r.exceeded == "" {
		if r.exceeded = r.p.exceeded(e.Usage); r.exceeded != "" {
			close(r.limit)
		}
	}
}

// write is the writer: it ends when the recorder is closed and all is written.
func (r *recorder) write(file *os.File) {
	defer close(r.done)
	out := bufio.NewWriter(file)
	for {
		batch, closed := r.take()
		err := r.save(out, batch)
		if closed || err != nil {
			r.fail(errors.Join(err, out.Flush(), file.Sync(), file.Close()))
			return
		}
		if len(batch) == 0 {
			<-r.wake
		}
	}
}

func (r *recorder) take() (batch []Event, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch, r.queue = r.queue, nil
	r.room.Broadcast()
	return batch, r.closed
}

func (r *recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("cannot save the events of session %s: %w", r.session, err)
	}
	r.room.Broadcast()
}

// redacted takes keys and tokens out of all that an event says.
func (p *project) redacted(e Event) Event {
	r := p.redactor
	e.Text, e.Raw = r.Text(e.Text), r.Raw(e.Raw)
	if e.Call != nil {
		call := *e.Call
		call.Input = r.Raw(call.Input)
		e.Call = &call
	}
	if e.Result != nil {
		result := *e.Result
		result.Text = r.Text(result.Text)
		e.Result = &result
	}
	if e.Outcome != nil {
		outcome := *e.Outcome
		outcome.Detail = r.Text(outcome.Detail)
		e.Outcome = &outcome
	}
	return e
}

// save writes a batch: the transcript first, since it is the larger truth.
func (r *recorder) save(out *bufio.Writer, batch []Event) error {
	if len(batch) == 0 {
		return nil
	}
	for i := range batch {
		batch[i] = r.p.redacted(batch[i])
	}
	for _, e := range batch {
		if len(e.Raw) == 0 {
			continue
		}
		out.Write(e.Raw)
		out.WriteByte('\n')
	}
	if err := out.Flush(); err != nil {
		return err
	}
	// The events of a session that is killed are still wanted.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.p.cfg.Store.Append(ctx, r.session, batch); err != nil {
		return err
	}
	for _, e := range batch {
		r.p.report(e)
	}
	return nil
}

// close ends the writer when all is written, and returns the first failure. It
// may be called twice.
func (r *recorder) close() error {
	r.mu.Lock()
	r.closed = true
	select {
	case r.wake <- struct{}{}:
	default:
	}
	r.mu.Unlock()
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// silence is how long nothing was heard, and whether a tool is running.
func (r *recorder) silence() (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.heard), r.running > 0
}

// begin gives the session its number, and restarts the clock of silence.
func (r *recorder) begin(number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.number, r.heard = number, time.Now()
}

// goOn takes over what a session had spent when its process died.
func (r *recorder) goOn(u Usage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.usage = u
}

// tally copies what was counted into a record.
func (r *recorder) tally(rec *SessionRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.Usage, rec.Denied, rec.Said = r.usage, r.denied, clip(r.p.redactor.Text(r.said), 1000)
}

// exceeded names the limit that the run or the project reaches with what a
// session has spent so far, or "". Sessions are counted by Next alone.
func (p *project) exceeded(u Usage) string {
	beyond := func(l Limits, s Spent) string {
		l.Sessions = 0
		return l.Reached(s.Add(u, 0))
	}
	if p.run == nil {
		return ""
	}
	if name := beyond(p.cfg.RunMax, p.run.Spent); name != "" {
		return name
	}
	if name := beyond(p.cfg.ProjectMax, p.spent); name != "" {
		return "project " + name
	}
	return ""
}
