package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/autosession/autosession/internal/reexec"
)

// ourCommand is an entry of our own program, as it runs now: an update that
// replaced its file during a night must not be mixed with it.
func ourCommand(entry string, args ...string) (path string, argv []string, err error) {
	path, argv, err = reexec.Command(entry, args...)
	if runningBinary != "" {
		return runningBinary, argv, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("cannot find our own program: %v", err)
	}
	return path, argv, nil
}

// binary is a file that holds our own program as it runs now: its own file,
// or a copy when that was replaced.
func (k *keeper) binary() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("cannot find our own program: %v", err)
	}
	now, err1 := os.Stat(path)
	running, err2 := os.Stat(runningBinary)
	if err1 == nil && err2 == nil && os.SameFile(now, running) {
		return resolve(path), nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	saved := filepath.Join(k.dir, "program")
	if k.copied {
		return saved, nil
	}
	if err := copyProgram(runningBinary, saved); err != nil {
		return "", fmt.Errorf("cannot save our own program, whose file was replaced: %v", err)
	}
	k.copied = true
	return saved, nil
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.CreateTemp(filepath.Dir(to), "program-")
	if err != nil {
		return err
	}
	defer os.Remove(target.Name()) // fails once it is renamed
	_, err = io.Copy(target, source)
	if err = errors.Join(err, target.Chmod(0o755), target.Close()); err != nil {
		return err
	}
	return os.Rename(target.Name(), to)
}
