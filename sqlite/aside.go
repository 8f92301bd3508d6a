package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// SetAside renames the database at path, and what SQLite keeps beside it, so
// that the next Open makes a new one. It returns the new path. It is for a
// person who said so: no code calls it by itself. Nobody may have the database
// open.
//
// The new names are made before the old ones go, so that a crash in between
// loses nothing; call it again then.
func SetAside(path string, now time.Time) (string, error) {
	aside := path + ".aside-" + now.UTC().Format("20060102T150405.000000000Z")
	if err := os.Link(path, aside); err != nil {
		return "", fmt.Errorf("cannot set the records aside: %w", err)
	}
	// The log holds what is not yet in the file: it must keep its company.
	if err := os.Link(path+"-wal", aside+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cannot set the records aside: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return "", err
	}
	// The index of the log can be made again. The log goes before the file: a
	// log without its file would be taken for that of the next one.
	for _, suffix := range []string{"-shm", "-wal", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("cannot set the records aside: %w", err)
		}
	}
	return aside, syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("cannot make %s durable: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("cannot make %s durable: %w", dir, err)
	}
	return nil
}
