package sandbox

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/autosession/autosession"
)

// We and a warden talk over one socket, in JSON values: orders to it, reports
// from it. Only we hold our end, so that its end also tells a warden that we
// died.

// launch is the program that a warden starts.
type launch struct {
	Path   string   `json:"path,omitempty"`   // absolute, or a name to be found in the PATH of Env
	Args   []string `json:"args"`             // without the program's name
	Reexec string   `json:"reexec,omitempty"` // instead of Path
	Dir    string   `json:"dir"`
	Env    []string `json:"env"` // the whole environment
	// Writable is where alone it can write, below the view; nil is anywhere.
	Writable []string `json:"writable,omitempty"`
	// Readable is where alone it can read beside; nil is anywhere. If it is not
	// nil the warden also takes away what a view would.
	Readable []string `json:"readable,omitempty"`
	Limits   *Limits  `json:"limits,omitempty"`
	Beside   *launch  `json:"beside,omitempty"` // starts first, and is ready when it writes a line
}

// order is what we tell a warden. The first one holds Launch, and
// answers the warden's first report.
type order struct {
	Launch *launch        `json:"launch,omitempty"`
	Stop   *time.Duration `json:"stop,omitempty"` // end the tree, killing it after this grace
}

// report is what a warden tells us: that it is there, then that the program
// runs or why it does not, and later how it ended. We record the warden before
// we let it launch anything.
type report struct {
	Ready   bool   `json:"ready,omitempty"`
	Started bool   `json:"started,omitempty"`
	Failed  string `json:"failed,omitempty"` // why it could not be started
	Exit    *exit  `json:"exit,omitempty"`
	// Program is with Failed, when that is what is wrong.
	Program *autosession.ProgramError `json:"program,omitempty"`
}

// exit is how the program itself ended.
type exit struct {
	Code   int            `json:"code"`
	Signal syscall.Signal `json:"signal,omitempty"`
}

// The descriptors of a warden. Its own input and output are no part of the
// tree: what bubblewrap and the Go runtime have to say goes there.
const (
	controlFD = 3 + iota
	stdinFD
	stdoutFD
	stderrFD
	firstFreeFD // of bubblewrap alone: the filter of system calls
)

// barelyFD is the first descriptor that is passed on to bubblewrap alone.
const barelyFD = 3

// socketPair returns our end of a new socket, and the end for a warden.
func socketPair() (ours net.Conn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a socket for the warden: %v", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "warden")
	near := os.NewFile(uintptr(fds[0]), "warden")
	defer near.Close()
	ours, err = net.FileConn(near)
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("cannot make a socket for the warden: %v", err)
	}
	return ours, theirs, nil
}
