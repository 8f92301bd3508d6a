package sandbox

import (
	"strconv"
	"syscall"
	"unsafe"

	"github.com/autosession/autosession/internal/reexec"
)

func init() { reexec.Register("test-queue", runQueue) }

// runQueue sends a process a signal, as kill cannot: one that does not say that
// a person sent it.
func runQueue(args []string) int {
	pid, _ := strconv.Atoi(args[0])
	sig, _ := strconv.Atoi(args[1])
	info := [32]int32{int32(sig), 0, -1} // the third is its code, SI_QUEUE
	_, _, errno := syscall.RawSyscall(syscall.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(&info)))
	return int(errno)
}
