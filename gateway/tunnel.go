package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// tunnel is two connections that are joined.
type tunnel struct {
	round time.Duration // half of how long it may be silent
	moved atomic.Int64  // when something moved last, in nanoseconds of Unix time
	end   func()        // closes both connections
}

// join copies between two connections until both have ended, nothing moved
// for idle (or a little longer), or ctx ends. It closes them, and returns how
// many bytes came from each.
func join(ctx context.Context, a, b net.Conn, idle time.Duration) (fromA, fromB int64) {
	t := &tunnel{round: idle / 2, end: func() { a.Close(); b.Close() }}
	defer t.end()
	defer context.AfterFunc(ctx, t.end)()
	t.moved.Store(time.Now().UnixNano())
	var back sync.WaitGroup
	back.Go(func() { fromB = t.copy(a, b) })
	fromA = t.copy(b, a)
	back.Wait()
	return fromA, fromB
}

// copy copies one way. It works in rounds that end by themselves, so that the
// kernel can move the bytes and silence is noticed all the same.
func (t *tunnel) copy(to, from net.Conn) (n int64) {
	for {
		start := time.Now()
		from.SetReadDeadline(start.Add(t.round))
		to.SetWriteDeadline(start.Add(2 * t.round))
		m, err := io.Copy(to, from)
		if n += m; m > 0 {
			t.moved.Store(time.Now().UnixNano())
		}
		if err == nil {
			endWriting(to)
			return n
		}
		silent := time.Since(time.Unix(0, t.moved.Load())) >= 2*t.round
		stuck := time.Since(start) >= 2*t.round // it was the writing that took too long
		if !errors.Is(err, os.ErrDeadlineExceeded) || silent || stuck {
			t.end()
			return n
		}
	}
}

// endWriting tells the other side that nothing more comes.
func endWriting(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
		return
	}
	c.Close()
}
