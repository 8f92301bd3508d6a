package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/autosession/autosession"
)

const (
	// forceTime is how long after the grace a warden may take to end its
	// tree, before we end both.
	forceTime = time.Second
	// sweepTime bounds our own ending of a tree.
	sweepTime = 10 * time.Second
	// maxReports bounds what a warden says in its life, in bytes.
	maxReports = 1 << 20
)

// process is one process tree, seen from our side.
type process struct {
	record  *record
	streams *streams
	command *exec.Cmd // the warden, or bubblewrap around it
	socket  net.Conn
	orders  sync.Mutex    // one order at a time
	said    bytes.Buffer  // by the warden itself; read after ended is closed
	started chan error    // one value: whether the warden could be started
	ended   chan struct{} // closed when the warden has ended
	done    chan struct{} // closed when the tree is gone, its output written, its files removed

	exit *exit // of the program; both are read after done is closed
	err  error
}

// start runs the warden, and has it launch the program.
func start(ctx context.Context, warden *exec.Cmd, r *record, s *streams, l *launch) (*process, error) {
	socket, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	p := &process{
		record: r, streams: s, command: warden, socket: socket,
		started: make(chan error, 1), ended: make(chan struct{}), done: make(chan struct{}),
	}
	warden.Stdout, warden.Stderr = &p.said, &p.said
	warden.WaitDelay = forceTime
	warden.ExtraFiles = slices.Concat([]*os.File{theirs}, s.files[:], warden.ExtraFiles)
	warden.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	go p.run()
	if err := <-p.started; err != nil {
		socket.Close()
		return nil, fmt.Errorf("cannot start the warden: %v", bare(err))
	}
	theirs.Close()
	return p, p.launch(ctx, l)
}

// run starts the warden and waits for its end.
func (p *process) run() {
	defer close(p.ended)
	// Bubblewrap ends when the thread that started it does.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.command.Start()
	p.started <- err
	if err == nil {
		p.command.Wait()
	}
}

// launch hands over the program and waits until it runs. When it does not,
// nothing is left running.
func (p *process) launch(ctx context.Context, l *launch) error {
	interrupt := context.AfterFunc(ctx, func() { p.socket.SetReadDeadline(time.Unix(1, 0)) })
	reports := json.NewDecoder(io.LimitReader(p.socket, maxReports))
	err := p.handOver(l, reports)
	if !interrupt() {
		err = fmt.Errorf("cannot start %s: %w", l.name(), context.Cause(ctx))
	}
	if err != nil {
		return errors.Join(err, p.force(), p.finish())
	}
	p.streams.pump()
	go p.follow(reports)
	return nil
}

func (p *process) handOver(l *launch, reports *json.Decoder) error {
	var ready, started report
	if err := reports.Decode(&ready); err != nil || !ready.Ready {
		return p.silence(l)
	}
	if err := p.record.note(p.command.Process.Pid); err != nil {
		return err
	}
	if err := p.record.enclose(); err != nil {
		return err
	}
	if err := p.order(order{Launch: l}); err != nil {
		return p.silence(l)
	}
	if err := reports.Decode(&started); err != nil {
		return p.silence(l)
	}
	switch {
	case started.Program != nil:
		return started.Program
	case !started.Started:
		return errors.New(started.Failed)
	}
	return nil
}

// silence explains a warden that ended without a report.
func (p *process) silence(l *launch) error {
	p.force()
	if err := p.record.gone(); err != nil {
		return err
	}
	if said := strings.TrimSpace(p.said.String()); said != "" {
		return fmt.Errorf("cannot start %s: %s", l.name(), said)
	}
	return fmt.Errorf("cannot start %s: its warden ended: %v", l.name(), p.command.ProcessState)
}

// follow takes the warden's reports until it ends, and finishes.
func (p *process) follow(reports *json.Decoder) {
	defer close(p.done)
	unguard := p.guard()
	for {
		var r report
		if reports.Decode(&r) != nil {
			break
		}
		if r.Exit != nil {
			p.exit = r.Exit
		}
	}
	p.err = errors.Join(unguard(), p.finish())
}

// guard ends the tree when it leaves too little room on a disk. What it
// returns ends the guard, and says why that ended the tree.
func (p *process) guard() (unguard func() error) {
	room := p.record.reserve()
	stop, verdict := make(chan struct{}), make(chan error, 1)
	go func() { verdict <- room.watch(stop, p.cut) }()
	return func() error {
		close(stop)
		return <-verdict
	}
}

// cut ends the tree at once, and returns when its warden has ended.
func (p *process) cut() {
	var now time.Duration
	if p.order(order{Stop: &now}) == nil {
		select {
		case <-p.ended:
			return
		case <-time.After(forceTime):
		}
	}
	p.force() // finish tries again what this cannot
}

// finish returns when nothing of the tree is left and all that was made for it
// is removed. The warden has ended or is about to.
func (p *process) finish() error {
	<-p.ended
	p.socket.Close()
	var left error
	if p.exit == nil || !p.command.ProcessState.Success() {
		left = p.sweep()
	}
	return errors.Join(left, p.streams.drain(), p.record.clear())
}

// sweep ends the tree without its warden.
func (p *process) sweep() error {
	ctx, cancel := context.WithTimeout(context.Background(), sweepTime)
	defer cancel()
	return sweep(ctx, treeMark+"="+p.record.Tree, p.record)
}

// force ends the tree and its warden.
func (p *process) force() error {
	err := p.sweep()
	p.command.Process.Kill() // it may have ended
	select {
	case <-p.ended:
		return err
	case <-time.After(sweepTime):
		return errors.Join(err, fmt.Errorf("cannot end process %d: it cannot be killed", p.command.Process.Pid))
	}
}

// order tells the warden something. An error means that it has ended.
func (p *process) order(o order) error {
	p.orders.Lock()
	defer p.orders.Unlock()
	p.socket.SetWriteDeadline(time.Now().Add(forceTime))
	return json.NewEncoder(p.socket).Encode(o)
}

// Wait returns when the whole tree is gone and its output is written.
func (p *process) Wait() (autosession.Exit, error) {
	<-p.done
	if p.exit == nil {
		return autosession.Exit{Code: -1, Signal: syscall.SIGKILL},
			errors.Join(errors.New("cannot tell how a program ended: its warden was killed"), p.err)
	}
	return autosession.Exit{Code: p.exit.Code, Signal: p.exit.Signal}, p.err
}

// Stop asks the tree to end, ends it when grace has passed, and returns when
// it is gone.
func (p *process) Stop(grace time.Duration) error {
	grace = max(grace, 0)
	err := p.order(order{Stop: &grace})
	if err == nil {
		select {
		case <-p.done:
			return nil
		case <-time.After(grace + forceTime):
		}
	}
	if err = p.force(); err == nil {
		<-p.done
	}
	return err
}
