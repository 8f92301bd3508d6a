package atomicfile

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// TypeError says that something other than a regular file lies at a name: a
// link, a directory, a FIFO, a device.
type TypeError struct {
	Name string
	Mode os.FileMode
}

// Error names the file and what it is.
func (e *TypeError) Error() string {
	return fmt.Sprintf("cannot read %s: it is no regular file (%s)", e.Name, e.Mode)
}

// SizeError says that a file is larger than the reader allows.
type SizeError struct {
	Name  string
	Limit int64 // bytes
}

// Error names the file and the limit.
func (e *SizeError) Error() string {
	return fmt.Sprintf("cannot read %s: it is larger than %d bytes", e.Name, e.Limit)
}

// Read returns the content of the regular file name, at most limit bytes of
// it. It never waits for a writer and never follows a link at name. Errors: a
// [TypeError], a [SizeError], or [io/fs.ErrNotExist] and its like.
func Read(root *os.Root, name string, limit int64) ([]byte, error) {
	const tries = 10 // the file may be replaced while we look
	for range tries {
		f, err := openRegular(root, name)
		if err != nil {
			return nil, err
		}
		if f != nil {
			data, err := readAtMost(f, name, limit)
			f.Close() // it was only read
			return data, err
		}
	}
	return nil, fmt.Errorf("cannot read %s: it is replaced again and again", name)
}

// openRegular opens the file that lies at name itself. A device can act on
// being opened, so it looks before; a root follows a link that stays inside
// whatever the flags say, so it sees afterwards that the file is the one it
// looked at. The result is nil when it is another one.
func openRegular(root *os.Root, name string) (*os.File, error) {
	before, err := root.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	if !before.Mode().IsRegular() {
		return nil, &TypeError{Name: name, Mode: before.Mode()}
	}
	f, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	after, err := f.Stat()
	if err != nil || !os.SameFile(before, after) {
		f.Close() // it was not even read
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", name, err)
		}
		return nil, nil
	}
	return f, nil
}

func readAtMost(f *os.File, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, limit+1)) // it may grow while we read
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, &SizeError{Name: name, Limit: limit}
	}
	return data, nil
}
