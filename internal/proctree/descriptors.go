package proctree

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Seal closes every descriptor from first on that was inherited from who
// started this process, and sees that none below it but 0, 1 and 2 is passed
// on to a child. What this process opened itself is close-on-exec already and
// stays open.
func Seal(first int) {
	for fd := 3; fd < first; fd++ {
		unix.CloseOnExec(fd)
	}
	for _, fd := range open() {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if fd >= first && err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}

// open lists the descriptors of this process. Without such a list of the
// system's it tries the first thousand.
func open() []int {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		all := make([]int, 1024)
		for i := range all {
			all[i] = i
		}
		return all
	}
	var fds []int
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil {
			fds = append(fds, fd)
		}
	}
	return fds
}
