package hands

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// Main is the program that runs inside the sandbox. It ends when its standard
// input does, or when it is asked to.
func Main([]string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := Serve(ctx, os.Stdin, os.Stdout); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

// closeWithin bounds how long running tools may take to end.
const closeWithin = bashGrace + time.Second

// server answers the requests of one head.
type server struct {
	out *Writer
	w   *workspace // nil until the head opened it

	mu      sync.Mutex
	running map[int64]context.CancelFunc
	calls   sync.WaitGroup
}

// Serve answers requests until in ends or ctx does. Then it ends what it
// started. An error means that answers could not be written.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{out: NewWriter(out), running: map[int64]context.CancelFunc{}}
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		read(ctx, in, lines)
	}()
	defer s.close(cancel)
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if err := s.handle(ctx, line); err != nil {
				return err
			}
		}
	}
}

// read passes lines on. Lines that are too long are garbage like any other.
func read(ctx context.Context, in io.Reader, lines chan<- []byte) {
	for r := NewLines(in); ; {
		line, err := r.Next()
		if errors.Is(err, ErrLongLine) {
			continue
		}
		if err != nil {
			return
		}
		select {
		case lines <- line:
		case <-ctx.Done():
			return
		}
	}
}

// handle acts on one line. What is not a request is passed over.
func (s *server) handle(ctx context.Context, line []byte) error {
	var r Request
	if json.Unmarshal(line, &r) != nil {
		return nil
	}
	switch {
	case r.Op == "open" && s.w == nil:
		return s.open(r.Dir)
	case r.Op == "call" && s.w == nil:
		return s.out.Write(Reply{r.ID, errorResult("The project is not open.")})
	case r.Op == "call":
		s.call(ctx, r)
	case r.Op == "cancel":
		s.mu.Lock()
		defer s.mu.Unlock()
		if cancel, ok := s.running[r.ID]; ok {
			cancel()
		}
	}
	return nil
}

func (s *server) open(dir string) error {
	w, err := openWorkspace(dir)
	if err != nil {
		return s.out.Write(Reply{0, errorResult(err.Error())})
	}
	s.w = w
	return s.out.Write(Reply{0, Result{Text: "ready"}})
}

// call runs a tool on its own, so that it can be cancelled.
func (s *server) call(ctx context.Context, r Request) {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.running[r.ID] = cancel
	s.mu.Unlock()
	s.calls.Go(func() {
		defer cancel()
		result := run(ctx, s.w, r.Tool, r.Input)
		s.mu.Lock()
		delete(s.running, r.ID)
		s.mu.Unlock()
		_ = s.out.Write(Reply{r.ID, result}) // a head that is gone ends us by itself
	})
}

// close ends all tools and what they left in the background.
func (s *server) close(cancel context.CancelFunc) {
	cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.calls.Wait()
	}()
	t := time.NewTimer(closeWithin)
	defer t.Stop()
	select {
	case <-ended:
	case <-t.C:
	}
	if s.w != nil {
		s.w.killAll()
		s.w.close()
	}
}
