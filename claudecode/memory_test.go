package claudecode

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

// memoryProcess is a stand-in on goroutines and pipes in memory, so that
// synctest can move its clock. It ends when its script returns or when it is
// stopped.
type memoryProcess struct {
	once  sync.Once
	gone  chan struct{}
	exit  autosession.Exit
	out   *io.PipeWriter
	in    *io.PipeReader
	heeds bool // SIGTERM
}

// converseWith opens a conversation with a script, past the initialization.
func converseWith(t *testing.T, hooks autosession.Hooks, script func(*standin) int) (*recorder, *conversation, *memoryProcess) {
	t.Helper()
	rec := &recorder{}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	errR, errW := io.Pipe()
	p := &memoryProcess{gone: make(chan struct{}), out: outW, in: inR}
	over := make(chan struct{})
	t.Cleanup(func() {
		p.end(autosession.Exit{})
		<-over
	})
	go func() {
		defer close(over)
		defer errW.Close()
		p.end(autosession.Exit{Code: script(newStandin(inR, outW))})
	}()
	task := autosession.Task{Session: "s", Kind: autosession.Init, Hooks: hooks, Emit: rec.emit}
	c := converse(t.Context(), task, pipes{in: inW, out: outR, err: errR}, p, nil)
	return rec, c, p
}

func (p *memoryProcess) end(x autosession.Exit) {
	p.once.Do(func() {
		p.exit = x
		p.out.Close()
		p.in.Close()
		close(p.gone)
	})
}

func (p *memoryProcess) Wait() (autosession.Exit, error) {
	<-p.gone
	return p.exit, nil
}

func (p *memoryProcess) Stop(grace time.Duration) error {
	if grace > 0 && !p.heeds {
		happens(p.gone, grace)
	}
	p.end(autosession.Exit{Code: -1, Signal: 9})
	return nil
}
