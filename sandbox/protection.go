package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/autosession/autosession/internal/reach"
)

// protection is what cannot be changed in a project, although the project can.
type protection struct {
	paths  []string  // absolute, each exists once absent are made
	ways   []string  // the directories between the project and paths
	absent []standIn // of paths and ways, parents first
	held   []string  // git directories among them, and pointers to some, relative to the project
}

// standIn holds the place of a protected path that is absent, so that it
// cannot be made inside. It is valid and empty.
type standIn struct {
	Path string `json:"path"`          // relative to the project
	Dir  bool   `json:"dir,omitempty"` // it is a directory
}

// protect finds out how to protect paths, absolute ones below the project, and
// what git believes. A link on the way to one cannot be protected and is an
// error.
func protect(dir string, paths []string) (protection, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return protection{}, fmt.Errorf("cannot open the project: %v", err)
	}
	defer root.Close()
	var p protection
	names, held := believed(dir, slices.Contains(paths, filepath.Join(dir, ".git")))
	p.held = held
	for _, name := range paths {
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return protection{}, fmt.Errorf("cannot protect %s: %v", name, err)
		}
		if strings.HasSuffix(name, "/") {
			rel += "/"
		}
		names = append(names, rel)
	}
	for _, name := range names {
		if err := p.add(root, dir, name); err != nil {
			return protection{}, err
		}
	}
	p.ways = slices.DeleteFunc(p.ways, func(way string) bool { return slices.Contains(p.paths, way) })
	return p, nil
}

// add protects one path, relative to the project. A slash at its end says that
// it is a directory.
func (p *protection) add(root *os.Root, dir, name string) error {
	clean := path.Clean(name)
	if clean == "." {
		return errors.New("cannot protect the project as a whole: set git's core.hooksPath to a directory of its own")
	}
	for _, part := range prefixes(clean) {
		info, err := root.Lstat(part)
		last := part == clean
		switch {
		case errors.Is(err, fs.ErrNotExist):
			p.hold(standIn{Path: part, Dir: !last || directory(name)})
		case err != nil:
			return fmt.Errorf("cannot protect %s: %v", name, bare(err))
		case info.Mode().Type() == fs.ModeSymlink:
			return fmt.Errorf("cannot protect %s: %s is a link", name, part)
		case !last && !info.IsDir():
			return fmt.Errorf("cannot protect %s: %s is not a directory", name, part)
		}
		if full := filepath.Join(dir, part); last {
			p.paths = append(p.paths, full)
		} else if !slices.Contains(p.ways, full) {
			p.ways = append(p.ways, full)
		}
	}
	return nil
}

func (p *protection) hold(s standIn) {
	if i := slices.IndexFunc(p.absent, func(had standIn) bool { return had.Path == s.Path }); i >= 0 {
		p.absent[i].Dir = p.absent[i].Dir || s.Dir
		return
	}
	p.absent = append(p.absent, s)
}

// prefixes returns a, a/b and a/b/c for a/b/c.
func prefixes(name string) []string {
	var all []string
	for i, c := range name {
		if c == '/' {
			all = append(all, name[:i])
		}
	}
	return append(all, name)
}

// directory says whether an absent path is meant to be one.
func directory(name string) bool {
	if strings.HasSuffix(name, "/") {
		return true
	}
	switch path.Base(name) {
	case "hooks", ".git", ".claude", ".vscode", ".idea", ".github", ".devcontainer", ".husky", "commands", "agents", "tests":
		return true
	}
	return false
}

// content is what a stand-in for a file holds.
func (s standIn) content() string {
	switch {
	case path.Base(s.Path) == "commondir":
		return ".\n" // what git shares is where it is
	case path.Ext(s.Path) == ".json":
		return "{}\n"
	}
	return ""
}

// make makes the stand-in, unless something is there by now.
func (s standIn) make(root *os.Root) error {
	if s.Dir {
		if err := root.Mkdir(s.Path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("cannot hold the place of %s: %v", s.Path, bare(err))
		}
		return nil
	}
	file, err := root.OpenFile(s.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = file.WriteString(s.content())
		err = errors.Join(err, file.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot hold the place of %s: %v", s.Path, bare(err))
	}
	return nil
}

// remove removes the stand-in if it is still what was made, also where modes
// forbid it: what a person put there meanwhile stays.
func (s standIn) remove(root *os.Root) error {
	if err := s.take(reach.Root{Root: root}); err != nil {
		return fmt.Errorf("cannot remove the stand-in %s: %v", s.Path, bare(err))
	}
	return nil
}

func (s standIn) take(root reach.Root) error {
	info, err := root.Lstat(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid):
		return nil
	case err != nil:
		return err
	case s.Dir && info.IsDir():
		if err := root.Remove(s.Path); !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		return nil
	case s.Dir || !info.Mode().IsRegular() || info.Size() > int64(len(s.content())):
		return nil
	}
	data, err := root.ReadFile(s.Path)
	if err != nil || string(data) != s.content() && len(data) > 0 {
		return nil // an empty one is a stand-in that was cut off
	}
	return root.Remove(s.Path)
}
