package sandbox

import (
	"os"
	"syscall"

	"github.com/autosession/autosession/internal/proctree"
)

// childAttributes gives the program a session of its own, out of reach of the
// terminal, and ends it with the warden.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// descendants returns a warden's tree: all that is below it, since orphans
// become its children.
func descendants(list []proctree.Process, _ int) []proctree.Process {
	return proctree.Below(list, os.Getpid())
}
