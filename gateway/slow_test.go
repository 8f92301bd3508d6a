package gateway

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections do not leave the process, so that
// their time can be played.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// Who sends headers slowly, or nothing, is hung up on.
func TestSlow(t *testing.T) {
	for name, test := range map[string]struct {
		text  string
		every time.Duration
		want  time.Duration
	}{
		"headers":      {"GET / HTTP/1.1\r\nHost: example.com\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n", time.Second, headerTime},
		"nothing":      {"", 0, headerTime},
		"kept":         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, keepTime},
		"denied, half": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx", 0, headerTime},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, err := build(Options{})
				if err != nil {
					t.Fatal(err)
				}
				listener := make(pipes)
				g.serving.Go(func() { g.server.Serve(listener) })
				ours, theirs := net.Pipe()
				listener <- theirs
				start := time.Now()
				var writing sync.WaitGroup
				writing.Go(func() {
					for i := range test.text {
						if _, err := io.WriteString(ours, test.text[i:i+1]); err != nil {
							return
						}
						time.Sleep(test.every)
					}
				})
				io.Copy(io.Discard, ours)
				if took := time.Since(start); took > test.want+time.Second {
					t.Errorf("hung up after %v", took)
				}
				ours.Close()
				writing.Wait()
				g.Close()
			})
		})
	}
}
