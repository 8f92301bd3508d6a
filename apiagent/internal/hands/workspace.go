package hands

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// maxFile is the largest file that a file tool reads, in bytes.
const maxFile = 10 << 20

// workspace is where tools work: the project and the temporary directory.
type workspace struct {
	dir   string // the project, absolute
	roots []area

	mu     sync.Mutex
	groups map[int]bool // process groups that commands may have left behind
}

// area is one directory that file tools may use.
type area struct {
	names []string // its absolute paths: as given, and without links
	root  *os.Root
}

// openWorkspace opens the project at dir and the temporary directory.
func openWorkspace(dir string) (*workspace, error) {
	w := &workspace{dir: dir, groups: map[int]bool{}}
	for _, name := range []string{dir, os.TempDir()} {
		root, err := os.OpenRoot(name)
		if err != nil {
			w.close()
			return nil, fmt.Errorf("cannot work in %s: %w", name, err)
		}
		a := area{names: []string{filepath.Clean(name)}, root: root}
		if real, err := filepath.EvalSymlinks(name); err == nil && real != a.names[0] {
			a.names = append(a.names, real)
		}
		w.roots = append(w.roots, a)
	}
	return w, nil
}

func (w *workspace) close() {
	for _, a := range w.roots {
		a.root.Close()
	}
}

// place is a path inside a root.
type place struct {
	root *os.Root
	name string // relative to root
	path string // as the model gave it, for messages
}

// resolve finds where a path of the model lies. Only os.Root decides whether
// links on the way lead out; this only picks the root.
func (w *workspace) resolve(path string) (place, error) {
	if path == "" {
		path = "."
	}
	if strings.ContainsRune(path, 0) {
		return place{}, errors.New("a path cannot hold a NUL character")
	}
	full := path
	if !filepath.IsAbs(full) {
		full = filepath.Join(w.dir, full)
	}
	full = filepath.Clean(full)
	for _, a := range w.roots {
		for _, name := range a.names {
			if rel, err := filepath.Rel(name, full); err == nil && filepath.IsLocal(rel) {
				return place{a.root, rel, path}, nil
			}
		}
	}
	return place{}, fmt.Errorf("%s is outside the project (%s) and the temporary directory (%s): use a path inside them",
		path, w.roots[0].names[0], w.roots[1].names[0])
}

// open opens a regular file of bounded size for reading. It never waits for a
// pipe's other end.
func (p place) open() (*os.File, fs.FileInfo, error) {
	f, err := p.root.OpenFile(p.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, p.explain("read", err)
	}
	info, err := f.Stat()
	if err == nil {
		err = p.check(info)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// check refuses what is not a regular file of bounded size.
func (p place) check(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return fmt.Errorf("%s is a directory: list it with Glob, or with ls in Bash", p.path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file but %s: file tools cannot use it", p.path, info.Mode().Type())
	case info.Size() > maxFile:
		return fmt.Errorf("%s has %d bytes, more than the %d that file tools read: search it with Grep, or take a part of it in Bash (head, tail, sed -n)", p.path, info.Size(), maxFile)
	}
	return nil
}

// explain turns an error of the file system into what a model can act on.
func (p place) explain(verb string, err error) error {
	var why *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s: look for it with Glob", p.path)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("cannot %s %s: it is protected here (%v)", verb, p.path, err)
	case errors.As(err, &why) && why.Err.Error() == "path escapes from parent":
		return fmt.Errorf("%s leads outside the project by a link: use a path inside it", p.path)
	}
	return fmt.Errorf("cannot %s %s: %v", verb, p.path, err)
}
