package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/autosession/autosession/internal/reexec"
	"golang.org/x/sys/unix"
)

func init() { reexec.Register(becomeEntry, func([]string) int { return runBecome() }) }

// runBecome returns only when it fails.
func runBecome() int {
	runtime.LockOSThread() // what is restricted is this thread, and what it becomes
	socket := os.NewFile(becomeFD, "socket")
	unix.CloseOnExec(becomeFD)
	var order become
	err := json.NewDecoder(socket).Decode(&order)
	if err == nil {
		err = order.restrict()
	}
	answer := stillborn{}
	if err == nil {
		err = syscall.Exec(order.Path, order.Args, os.Environ())
		answer.Unfit = true
	}
	answer.Reason = err.Error()
	json.NewEncoder(socket).Encode(answer) // without a warden nobody needs to know
	return 1
}

// restrict takes from this thread what the tree must not have.
func (b become) restrict() error {
	// The program must not outlive its warden: what the warden saw to was of
	// the thread that this process began with.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("cannot tie a program to its warden: %v", err)
	}
	if err := restrict(b.Writable, b.Readable, []*os.File{os.Stdin, os.Stdout, os.Stderr}); err != nil {
		return err
	}
	return filterSelf()
}
