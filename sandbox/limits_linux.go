package sandbox

import (
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// bound sets the limits that hold for each process of its own, for the warden
// and all that it starts. They cannot be raised again.
func (l Limits) bound() error {
	spareThreads(spareProcesses / 2)
	for _, one := range []struct {
		name     string
		resource int
		most     int64
	}{
		{"the size of core dumps", unix.RLIMIT_CORE, 0},
		{"the size of files", unix.RLIMIT_FSIZE, l.FileSize},
		{"open files", unix.RLIMIT_NOFILE, l.OpenFiles},
		// Of no effect for root, for whom there are groups. The kernel counts
		// those of one user, since 5.14 those in one user namespace.
		{"processes", unix.RLIMIT_NPROC, l.Processes + spareProcesses},
	} {
		var now unix.Rlimit
		if err := unix.Getrlimit(one.resource, &now); err != nil {
			return fmt.Errorf("cannot read the limit on %s: %v", one.name, err)
		}
		if one.most < 0 || uint64(one.most) >= now.Max {
			continue
		}
		if err := unix.Setrlimit(one.resource, &unix.Rlimit{Cur: uint64(one.most), Max: uint64(one.most)}); err != nil {
			return fmt.Errorf("cannot limit %s: %v", one.name, err)
		}
	}
	return nil
}

// spareThreads makes threads ahead. A program of Go's that needs one when no
// more can be made dies of it, and the warden must outlive a tree that has
// used up its processes.
func spareThreads(n int) {
	var there, over sync.WaitGroup
	leave := make(chan struct{})
	for range n {
		there.Add(1)
		over.Go(func() {
			runtime.LockOSThread() // so that no two can share one
			defer runtime.UnlockOSThread()
			there.Done()
			<-leave
		})
	}
	there.Wait()
	close(leave)
	over.Wait()
}

// machineMemory is how many bytes of memory the machine has.
func machineMemory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 1 << 62 // as much as anybody has
	}
	return int64(uint64(info.Totalram) * uint64(info.Unit))
}
