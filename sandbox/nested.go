package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/autosession/autosession/internal/reach"
	"golang.org/x/sys/unix"
)

// finder looks for all that git would take for a repository, wherever it is in
// a project. It reads names alone, each directory once.
type finder struct {
	dir      string   // the project, absolute
	dirs     []string // git directories, absolute
	pointers []string // what is called .git and is no directory
}

// find looks at a directory and all below it.
func (f *finder) find(top string) {
	for todo := []string{top}; len(todo) > 0; {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		entries := list(dir)
		place := strings.TrimPrefix(dir, f.dir) + "/"
		within := strings.Contains(place, "/.git/") // where git checks nothing out
		var names map[string]bool                   // few directories have one of these
		for _, e := range entries {
			switch name := e.Name(); name {
			case "HEAD", "objects", "refs", "commondir", "config":
				if names == nil {
					names = map[string]bool{}
				}
				names[name] = true
			case ".git":
				if !e.IsDir() {
					f.pointers = append(f.pointers, filepath.Join(dir, name))
				}
			}
		}
		repository := names["objects"] && names["refs"] || names["HEAD"] && names["commondir"] ||
			names["config"] && modular(place)
		if repository || filepath.Base(dir) == ".git" {
			f.dirs = append(f.dirs, dir)
		} else if within && slices.Contains(contents, filepath.Base(dir)) && slices.Contains(f.dirs, filepath.Dir(dir)) {
			continue
		}
		for _, e := range entries {
			if e.IsDir() {
				todo = append(todo, filepath.Join(dir, e.Name()))
			}
		}
	}
}

// modular says that the git directories of submodules can lie in a directory,
// which ends with a slash.
func modular(place string) bool {
	_, inner, ok := strings.Cut(place, "/.git/")
	return ok && strings.Contains("/"+inner, "/modules/")
}

// contents are the directories of a repository that can be large, and hold no
// other repository.
var contents = []string{"objects", "refs", "logs"}

// list reads a directory, also one whose owner was kept out. No link is
// followed. What cannot be read git cannot enter either.
func list(dir string) []fs.DirEntry {
	const flags = os.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW
	file, err := os.OpenFile(dir, flags, 0)
	if errors.Is(err, fs.ErrPermission) && reach.Dir(dir) == nil {
		file, err = os.OpenFile(dir, flags, 0)
	}
	if err != nil {
		return nil
	}
	defer file.Close()
	entries, _ := file.ReadDir(-1)
	return entries
}
