package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/proctree"
	"github.com/autosession/autosession/internal/reexec"
)

// wardenEntry is the warden's name in the register of our binary.
const wardenEntry = "warden"

func init() { reexec.Register(wardenEntry, func([]string) int { return runWarden() }) }

// warden stands between us and one process tree.
//
//	        launch               program ended, stop, or we died
//	ready ─────────> running ──────────────────────────────────> ending ──> gone
type warden struct {
	socket net.Conn
	main   int // PID of the program
	orders <-chan order
	reaped <-chan corpse // closed when no child is left: the tree is gone
	kill   <-chan time.Time
}

// corpse is a child that ended. Orphans of the tree are our children too.
type corpse struct {
	pid    int
	status syscall.WaitStatus
}

// runWarden returns the warden's exit status: 0 when it reported how the
// program ended, or that it could not be started.
func runWarden() int {
	// The program must not outlive the thread that starts it.
	runtime.LockOSThread()
	proctree.Seal(firstFreeFD)
	// A handler, unlike being deaf to a signal, is not inherited.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGTSTP)
	if err := errors.Join(outliveFaults(), proctree.Hide(), proctree.Adopt()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	control := os.NewFile(controlFD, "control")
	socket, err := net.FileConn(control)
	control.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot use the control socket:", err)
		return 1
	}
	return serve(socket)
}

func serve(socket net.Conn) int {
	json.NewEncoder(socket).Encode(report{Ready: true}) // if we died, the next line notices
	orders := json.NewDecoder(socket)
	var first order
	if err := orders.Decode(&first); err != nil || first.Launch == nil {
		return 1 // we died before the launch
	}
	pid, err := first.Launch.run()
	if err != nil {
		program, _ := errors.AsType[*autosession.ProgramError](err)
		json.NewEncoder(socket).Encode(report{Failed: err.Error(), Program: program})
		return 0
	}
	w := &warden{socket: socket, main: pid, orders: listen(orders), reaped: reap()}
	w.report(report{Started: true})
	w.watch()
	w.end()
	return 0
}

// listen hands over orders. Its channel is closed when we are gone.
func listen(in *json.Decoder) <-chan order {
	orders := make(chan order)
	go func() {
		defer close(orders)
		for {
			var o order
			if in.Decode(&o) != nil {
				return
			}
			orders <- o
		}
	}()
	return orders
}

// reap collects every child that ends, those that were adopted too. It runs
// from after the start until there is no child left.
func reap() <-chan corpse {
	reaped := make(chan corpse)
	go func() {
		defer close(reaped)
		for {
			var c corpse
			pid, err := syscall.Wait4(-1, &c.status, 0, nil)
			switch {
			case err == syscall.EINTR:
			case err != nil:
				return
			default:
				c.pid = pid
				reaped <- c
			}
		}
	}()
	return reaped
}

// watch returns when the tree must end.
func (w *warden) watch() {
	for {
		select {
		case o, ok := <-w.orders:
			if !ok || o.Stop != nil && w.stop(*o.Stop) {
				return
			}
		case <-w.kill:
			return
		case c, ok := <-w.reaped:
			if !ok || w.bury(c) {
				return
			}
		}
	}
}

// stop asks the tree to end and sets the time of its kill. It says whether
// that time is now.
func (w *warden) stop(grace time.Duration) bool {
	if grace <= 0 {
		return true
	}
	w.kill = time.After(grace)
	list, err := proctree.List()
	if err != nil {
		return true
	}
	for _, p := range w.tree(list) {
		proctree.Signal(p, syscall.SIGTERM) // what cannot be asked is killed later
		proctree.Signal(p, syscall.SIGCONT) // a stopped process hears nothing
	}
	return false
}

// bury says whether c was the program itself, and reports how it ended.
func (w *warden) bury(c corpse) bool {
	if c.pid != w.main {
		return false
	}
	e := exit{Code: c.status.ExitStatus()}
	if c.status.Signaled() {
		e = exit{Code: -1, Signal: c.status.Signal()}
	}
	w.report(report{Exit: &e})
	return true
}

// end kills until nothing is left.
func (w *warden) end() {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for c := range w.reaped {
			w.bury(c)
		}
	}()
	for {
		err := proctree.End(context.Background(), w.tree)
		if err == nil {
			break
		}
		fmt.Fprintln(os.Stderr, err)
		time.Sleep(100 * time.Millisecond)
	}
	<-ended
}

func (w *warden) tree(list []proctree.Process) []proctree.Process {
	return descendants(list, w.main)
}

// report tells us. When we are dead nobody needs to know.
func (w *warden) report(r report) {
	json.NewEncoder(w.socket).Encode(r)
}
