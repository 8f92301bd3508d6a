// Package atomicfile replaces a file so that it holds the old content or the
// new one whenever the machine stops, and reads files that somebody else may
// have put there.
//
// It works inside an [os.Root], so that no link leads it out of a directory
// that an agent can write to, and it makes the new name itself durable by
// syncing the directory. The libraries for atomic files that we know do
// neither, which is why this one exists. It does not lock: of two writers the
// later one wins.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// prefix begins the names of our temporary files. What follows is random: an
// agent can't lay a trap under the next name.
const prefix = ".autosession-"

// Write replaces the file name, or makes it, with mode perm, and returns when
// that is on the disk. A link in the place of name is replaced, not followed.
// The directory of name must exist. After an error the old content is there,
// unless only the sync of the directory failed: then the new one is, and may
// not survive a power cut.
func Write(root *os.Root, name string, data []byte, perm fs.FileMode) error {
	t, err := create(root, name)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	if err := t.write(data, perm); err != nil {
		return errors.Join(fmt.Errorf("cannot write %s: %w", name, err), t.discard())
	}
	if err := t.rename(); err != nil {
		return errors.Join(fmt.Errorf("cannot write %s: %w", name, err), t.discard())
	}
	if err := syncDir(root, path.Dir(name)); err != nil {
		return fmt.Errorf("cannot make %s durable: %w", name, err)
	}
	return nil
}

// temporary is a file that is not yet in its place.
type temporary struct {
	root       *os.Root
	file       *os.File
	name, goal string
}

// create makes an empty file, for us alone, beside the goal.
func create(root *os.Root, goal string) (*temporary, error) {
	name := path.Join(path.Dir(goal), prefix+rand.Text())
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &temporary{root: root, file: file, name: name, goal: goal}, nil
}

// write fills the file, brings it to the disk and closes it.
func (t *temporary) write(data []byte, perm fs.FileMode) error {
	_, err := t.file.Write(data)
	if err == nil {
		err = t.file.Chmod(perm) // whatever the umask
	}
	if err == nil {
		err = t.file.Sync()
	}
	if closing := t.file.Close(); err == nil {
		err = closing
	}
	return err
}

// rename puts the file in its place.
func (t *temporary) rename() error { return t.root.Rename(t.name, t.goal) }

// discard removes the file.
func (t *temporary) discard() error {
	if err := t.root.Remove(t.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove %s: %w", t.name, err)
	}
	return nil
}

// syncDir makes the names in a directory durable.
func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Clean removes the temporary files that a killed Write left in dir. Nobody
// may be writing there.
func Clean(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return fmt.Errorf("cannot clean %s: %w", dir, err)
	}
	entries, err := d.ReadDir(-1)
	if err := errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("cannot clean %s: %w", dir, err)
	}
	var failed []error
	for _, e := range entries {
		if !leftOver(e) {
			continue
		}
		if err := root.Remove(path.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, fmt.Errorf("cannot clean %s: %w", dir, err))
		}
	}
	return errors.Join(failed...)
}

// leftOver says whether an entry has a name and a type as create makes them.
func leftOver(e fs.DirEntry) bool {
	random, ours := strings.CutPrefix(e.Name(), prefix)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // of rand.Text
	return ours && e.Type().IsRegular() && len(random) == len(rand.Text()) && strings.Trim(random, alphabet) == ""
}
