package sandbox

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"github.com/autosession/autosession/internal/proctree"
	"golang.org/x/sys/unix"
)

// outliveFaults gives up the handlers that Go has for the signals of faults.
// They end the process also when nothing is wrong with it and somebody sent
// one. What has none, the kernel keeps from the first process of a PID
// namespace, unless a fault is its own.
func outliveFaults() error {
	var standard [4]uint64 // a struct sigaction: the standard action, no flags, no mask
	for _, sig := range []syscall.Signal{
		syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSTKFLT, syscall.SIGSYS,
	} {
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&standard)), 0, 8, 0, 0)
		if errno != 0 {
			return fmt.Errorf("cannot let go of signal %d: %v", sig, errno)
		}
	}
	return nil
}

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
