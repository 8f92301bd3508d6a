package sandbox

import (
	"os"
	"syscall"

	"github.com/autosession/autosession/internal/proctree"
)

// outliveFaults does nothing here: no tree is confined.
func outliveFaults() error { return nil }

// childAttributes gives the program a session of its own, out of reach of the
// terminal.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}

// descendants returns what can be found of a warden's tree: what is below it
// and what is in the program's process group. This is weaker than on Linux: an
// orphan that left the group is not found.
func descendants(list []proctree.Process, main int) []proctree.Process {
	return append(proctree.Below(list, os.Getpid()), proctree.Grouped(list, main)...)
}
