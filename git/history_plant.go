package git

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/autosession/autosession/internal/reach"
)

// planting begins the names of files that are not yet in their place.
const planting = "tmp_autosession_"

// planter puts files into a git directory of the project.
type planter struct {
	root  reach.Root
	next  func()
	dirty map[string]bool // directories whose entries changed
}

// clear removes the files in dirs that a killed planter left.
func (w *planter) clear(dirs ...string) {
	for _, dir := range dirs {
		found, _ := readDir(w.root, dir)
		for _, e := range found {
			if strings.HasPrefix(e.Name(), planting) {
				w.root.Remove(path.Join(dir, e.Name()))
			}
		}
	}
}

func (w *planter) mkdir(dir string) error {
	for at := dir; at != "."; at = path.Dir(at) {
		w.dirty[path.Dir(at)] = true
	}
	w.next()
	return w.root.MkdirAll(dir, 0o777)
}

func (w *planter) copy(name, from string, perm fs.FileMode) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return w.file(name, f, perm)
}

// file writes a file that is there whole or not at all. Until then it has a
// name that git takes neither for a pack nor for a ref.
func (w *planter) file(name string, content io.Reader, perm fs.FileMode) error {
	w.next()
	temporary := path.Join(path.Dir(name), planting+rand.Text()+".lock")
	f, err := w.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		w.next()
		err = w.root.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, w.root.Remove(temporary))
	}
	w.dirty[path.Dir(name)] = true
	return nil
}

// sync makes the names of what was put in durable.
func (w *planter) sync() error {
	for dir := range w.dirty {
		w.next()
		d, err := w.root.Open(dir)
		if err == nil {
			err = errors.Join(d.Sync(), d.Close())
		}
		if err != nil {
			return err
		}
	}
	clear(w.dirty)
	return nil
}
