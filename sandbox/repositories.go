package sandbox

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// believer finds what git believes in the project's repository, and in those
// that belong to it: of its submodules and its further work trees. git goes
// into them by itself, so that a status of the project would run what they
// name.
type believer struct {
	dir    string   // the project, absolute
	closed bool     // nothing of a repository can be made: see believed
	names  []string // what is believed, relative to the project
	seen   []string // the git directories that were looked at, and pointers to them, absolute

	personal []setting // of all repositories
}

// believed names what git believes, relative to the project: of its repository,
// or of one around it. In a tree that cannot change .git itself that is also
// where the repositories of submodules would be that are not checked out.
// Directories that may be absent end with a slash. held are the git directories,
// and the files that point to them.
func believed(dir string, closed bool) (names, held []string) {
	b := &believer{dir: dir, closed: closed}
	b.personal = b.settings(personal()...)
	for top := dir; ; top = filepath.Dir(top) {
		if exists(filepath.Join(top, ".git")) {
			b.workTree(top)
			break
		}
		if top == filepath.Dir(top) {
			break
		}
	}
	for _, at := range b.seen {
		if name, ok := b.inside(at); ok {
			held = append(held, name)
		}
	}
	return b.names, held
}

// add says that git believes a path. What lies outside the project cannot be
// changed from inside.
func (b *believer) add(at ...string) {
	for _, one := range at {
		name, ok := b.inside(one)
		same := func(had string) bool { return path.Clean(had) == path.Clean(name) }
		if ok && !slices.ContainsFunc(b.names, same) {
			b.names = append(b.names, name)
		}
	}
}

// isInside says that a path is the project or in it.
func (b *believer) isInside(at string) bool { return at == b.dir || below(b.dir, at) }

// inside returns a path relative to the project, unless it is outside.
func (b *believer) inside(at string) (name string, ok bool) {
	name, err := filepath.Rel(b.dir, at)
	if err != nil || !b.isInside(path.Clean(at)) {
		return "", false
	}
	if strings.HasSuffix(at, "/") {
		name += "/"
	}
	return name, true
}

// workTree looks at a directory where git finds a repository. That is its .git,
// or a file .git says where it is.
func (b *believer) workTree(top string) {
	at := filepath.Join(top, ".git")
	info, err := os.Lstat(at)
	switch {
	case errors.Is(err, fs.ErrNotExist) && b.closed:
		b.add(at + "/")
	case err != nil:
		return
	case info.IsDir():
		b.gitDir(at, top)
	default:
		// What is neither a file nor a directory cannot be protected: that is
		// said when it is tried.
		b.add(at)
		b.seen = append(b.seen, at)
		if target, ok := pointed(at, "gitdir: "); ok {
			b.gitDir(resolve(target), top)
		}
	}
}

// pointed returns the path that a file of git's holds.
func pointed(file, prefix string) (target string, ok bool) {
	data, err := readFile(file)
	if err != nil {
		return "", false
	}
	target, ok = strings.CutPrefix(strings.TrimRight(string(data), "\r\n"), prefix)
	if !ok || target == "" {
		return "", false
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(file), target)
	}
	return target, true
}

// gitDir looks at a git directory. top is its work tree, or "" when only its
// configuration can tell.
func (b *believer) gitDir(dir, top string) {
	if slices.Contains(b.seen, dir) {
		return
	}
	b.seen = append(b.seen, dir)
	b.add(parts(dir)...)
	common := dir
	if target, ok := pointed(filepath.Join(dir, "commondir"), ""); ok && resolve(target) != dir {
		common = resolve(target)
		b.add(filepath.Join(dir, "gitdir"))
		b.gitDir(common, "")
	}
	configured := b.settings(filepath.Join(common, "config"), filepath.Join(dir, "config.worktree"))
	if common == dir {
		top = cmp.Or(workTreeOf(configured, dir), top)
	}
	// Without a work tree what is relative is so to the git directory.
	if at := cmp.Or(top, dir); exists(at) && (b.straight(at) || !b.isInside(at)) {
		paths := hookPaths(slices.Concat(b.personal, configured), at)
		b.add(paths...)
		b.linkedHooks(append(paths, dir+"/hooks"))
	}
	// What cannot be read cannot be believed either.
	trees, _ := os.ReadDir(filepath.Join(dir, "worktrees"))
	for _, tree := range trees {
		b.linked(filepath.Join(dir, "worktrees", tree.Name()))
	}
	b.modules(filepath.Join(dir, "modules"))
	if top == "" {
		return
	}
	if pointer := filepath.Join(top, ".git"); exists(pointer) && b.straight(pointer) {
		b.workTree(top)
	}
	for _, link := range gitlinks(dir) {
		if at := filepath.Join(top, link); b.straight(at) {
			b.workTree(at)
		}
	}
}

// linkedHooks says that git believes what hooks that are links lead to.
func (b *believer) linkedHooks(dirs []string) {
	for _, dir := range dirs {
		hooks, _ := os.ReadDir(dir)
		for _, hook := range hooks {
			at := filepath.Join(dir, hook.Name())
			if hook.Type() != fs.ModeSymlink {
				continue
			}
			target, err := os.Readlink(at)
			if real := resolve(at); real != at {
				b.add(real)
			} else if target = settingPath(target, dir); err == nil && b.straight(target) {
				b.add(target) // there is nothing yet
			}
		}
	}
}

// workTreeOf is the work tree that the configuration of a git directory names,
// or "".
func workTreeOf(configured []setting, dir string) string {
	top := ""
	for _, s := range configured {
		if s.key == "core.worktree" {
			top = settingPath(s.value, dir)
		}
	}
	return top
}

// linked looks at the git directory of a further work tree, which can be in the
// project as well.
func (b *believer) linked(dir string) {
	if pointer, ok := pointed(filepath.Join(dir, "gitdir"), ""); ok {
		b.gitDir(dir, filepath.Dir(pointer))
	}
}

// modules looks at the git directories of submodules. A submodule's name is a
// path: no part of it tells that there is none below.
func (b *believer) modules(dir string) {
	_ = filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return nil
		case isGitDir(at):
			b.gitDir(at, "")
		case slices.Contains([]string{"objects", "refs", "logs"}, filepath.Base(at)) && slices.Contains(b.seen, filepath.Dir(at)):
			return fs.SkipDir
		}
		return nil
	})
}

// isGitDir says that git could take a directory for a repository.
func isGitDir(dir string) bool {
	return exists(filepath.Join(dir, "config")) ||
		exists(filepath.Join(dir, "objects")) && exists(filepath.Join(dir, "refs"))
}

// parts are what git believes in one git directory: they can name programs that
// the next git runs, outside too. The last one can lead it to another
// repository. A further work tree shares the first two.
func parts(dir string) []string {
	all := []string{dir + "/hooks", dir + "/config", dir + "/config.worktree", dir + "/commondir"}
	if filepath.Base(filepath.Dir(dir)) == "worktrees" {
		return all[2:]
	}
	return all
}

// straight says that a path is in the project, and no link is on the way to it:
// git does not follow one.
func (b *believer) straight(at string) bool {
	name, ok := b.inside(at)
	if !ok {
		return false
	}
	for _, part := range prefixes(name) {
		if info, err := os.Lstat(filepath.Join(b.dir, part)); err == nil && info.Mode().Type() == fs.ModeSymlink {
			return false
		}
	}
	return true
}

// maxRead bounds, in bytes, what is read of a file of git's.
const maxRead = 512 << 20

// readFile reads a regular file: nothing else that was put in its place can
// make us wait, or lead us away.
func readFile(name string) ([]byte, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxRead {
		return nil, fs.ErrInvalid
	}
	data := make([]byte, info.Size())
	n, err := io.ReadFull(file, data)
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		err = nil
	}
	return data[:n], err
}
