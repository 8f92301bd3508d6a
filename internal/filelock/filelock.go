// Package filelock takes a lock of the kernel on a file or a directory. The
// kernel gives it back when the process ends, however it ends, so that there
// is never a stale lock to clean up.
//
// The lock belongs to what a path leads to, not to the path: by a symbolic
// link it is the same lock. It is advice: it keeps out who asks for it, and
// says nothing of who holds it; what is known of the holder is kept elsewhere.
// It does not reach over a network file system that has no locks.
package filelock

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// HeldError says that somebody else holds the lock: another process, or
// another [Lock] of this one.
type HeldError struct {
	Path string
}

// Error names the path.
func (e *HeldError) Error() string {
	return "cannot lock " + e.Path + ": it is held"
}

// Lock is a lock that is held.
type Lock struct {
	mu   sync.Mutex
	file *os.File // nil once it was released
}

// Acquire locks the file or directory at path, which must exist, or fails at
// once with a [HeldError]. A process that is started meanwhile does not
// inherit the lock.
func Acquire(path string) (*Lock, error) {
	// O_NONBLOCK: a FIFO in the place of a directory must not hang us.
	fd, err := openRetrying(path)
	if err != nil {
		return nil, fmt.Errorf("cannot lock: %w", &os.PathError{Op: "open", Path: path, Err: err})
	}
	file := os.NewFile(uintptr(fd), path)
	if err := flockRetrying(fd); err != nil {
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &HeldError{Path: path}
		}
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	return &Lock{file: file}, nil
}

func openRetrying(path string) (fd int, err error) {
	for {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

func flockRetrying(fd int) error {
	for {
		err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Release gives the lock back. It may be called twice.
func (l *Lock) Release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	// Closing alone is not enough: a process that is being started has the
	// descriptor, too, until it is another program.
	err := errors.Join(unix.Flock(int(l.file.Fd()), unix.LOCK_UN), l.file.Close())
	l.file = nil
	if err != nil {
		return fmt.Errorf("cannot unlock: %w", err)
	}
	return nil
}
