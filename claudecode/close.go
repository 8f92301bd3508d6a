package claudecode

import (
	"context"
	"errors"
	"time"

	"github.com/autosession/autosession"
)

// The close ladder: how long each step may take.
const (
	stopTurn   = time.Second      // the end of a turn that is under way
	inputGrace = 5 * time.Second  // the program's own end, after the end of its input
	termGrace  = 6 * time.Second  // its end after SIGTERM: its own fail-safe takes above 5 s
	killGrace  = 15 * time.Second // the end of its tree after SIGKILL, which may have to be swept up
	drainGrace = 2 * time.Second  // the end of its output, after its end
	flushLimit = 5 * time.Second  // what Emit still has to take
	closeLimit = stopTurn + inputGrace + termGrace + killGrace + flushLimit + 3*drainGrace
)

// Close implements [autosession.Conversation]. A turn that is under way is
// interrupted, and what is being judged is refused: a program whose input ends
// runs what it was about to ask for. Then come the end of its input, SIGTERM
// and SIGKILL.
func (c *conversation) Close() error {
	if c.closing.CompareAndSwap(false, true) {
		c.err = c.close()
		close(c.gone)
	}
	<-c.gone
	return c.err
}

func (c *conversation) close() error {
	c.wire.refuse()
	c.endTurn()
	close(c.closed)
	c.wire.closeInput()
	gone := happens(c.exited, inputGrace) || stopProcess(c.proc, termGrace, c.exited)
	c.pipes.out.Close()
	c.pipes.err.Close()
	c.wire.end()
	c.outbox.close()
	happens(c.outbox.done, flushLimit)
	happens(c.eof, drainGrace)
	c.wire.wait()
	if !gone {
		return errors.New("cannot end the agent's program: its processes are still there after SIGKILL")
	}
	return nil
}

// endTurn gives a turn that is under way, and the refusals, the time to reach
// the program.
func (c *conversation) endTurn() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTurn)
	defer cancel()
	_ = c.Interrupt(ctx) // a program that does not answer is ended all the same
	select {
	case <-c.wire.quiet:
	case <-ctx.Done():
	}
}

// stopProcess ends a process tree. It returns when exited is closed, or, with
// false, when that should long have happened.
func stopProcess(p autosession.Process, grace time.Duration, exited <-chan struct{}) bool {
	go func() { _ = p.Stop(grace) }() // whether it worked is seen at exited
	return happens(exited, grace+killGrace)
}

// happens waits until done is closed, at most for d.
func happens(done <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}
