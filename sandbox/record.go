package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/autosession/autosession/internal/proctree"
)

// record is what Rescue must know of one tree. It is written before anything
// that it names is made, and removed last.
type record struct {
	Session string            `json:"session"`
	Tree    string            `json:"tree"`
	Temp    string            `json:"temp,omitempty"`   // to be removed
	Warden  *proctree.Process `json:"warden,omitempty"` // known only after its start

	path string // of its file
}

// validSession keeps a session's id usable as a file name and as a mark.
var validSession = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// write saves the record. A kill leaves the old one or the new one.
func (r *record) write() error {
	data, err := json.Marshal(r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(r.path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(r.path+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(r.path+".new", r.path)
	}
	if err != nil {
		return fmt.Errorf("cannot record a process tree: %v", err)
	}
	return nil
}

// clear removes what the record names and then the record.
func (r *record) clear() error {
	if r.Temp != "" {
		if err := removeAll(r.Temp); err != nil {
			return fmt.Errorf("cannot remove the temporary directory of a session: %v", err)
		}
	}
	if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove the record of a process tree: %v", err)
	}
	os.Remove(filepath.Dir(r.path)) // fails while another tree of the session has a record
	return nil
}

// removeAll removes a tree of files, also below directories that were made
// read-only, as module caches are.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// records reads what is recorded of a session, in dir. A record that was cut
// off when its disk was full names nothing that exists.
func records(dir, session string) ([]*record, error) {
	files, err := filepath.Glob(filepath.Join(dir, session, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("cannot read the records of session %s: %v", session, err)
	}
	var all []*record
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read a record of session %s: %v", session, err)
		}
		r := &record{path: file}
		if err := json.Unmarshal(data, r); err != nil {
			return nil, fmt.Errorf("cannot read a record of session %s: %v", session, err)
		}
		all = append(all, r)
	}
	return all, nil
}
