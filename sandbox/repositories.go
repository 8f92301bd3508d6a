package sandbox

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path"
	"strings"
)

// believed names what git believes in the project's repository, and in those
// that belong to it: of its submodules and its further work trees. git goes
// into them by itself, so that a status of the project would run what they
// name. Paths are relative to the project.
func believed(root *os.Root) []string {
	info, err := root.Lstat(".git")
	if err != nil {
		return nil
	}
	if !info.IsDir() {
		return []string{".git"} // of a work tree: it says where the repository is
	}
	names := parts(".git")
	trees, _ := fs.Glob(root.FS(), ".git/worktrees/*/commondir")
	for _, tree := range trees {
		dir := path.Dir(tree)
		names = append(names, tree, dir+"/gitdir", dir+"/config.worktree")
	}
	// What cannot be read cannot be believed either.
	_ = fs.WalkDir(root.FS(), ".git/modules", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return nil
		case path.Base(name) == "objects" || path.Base(name) == "refs" || path.Base(name) == "logs":
			return fs.SkipDir
		}
		if head, err := root.Lstat(name + "/HEAD"); err == nil && head.Mode().IsRegular() {
			names = append(append(names, parts(name)...), pointer(root, name)...)
		}
		return nil
	})
	return names
}

// parts are what git believes in one repository: they can name programs that
// the next git runs, outside too. The last one can lead it to another
// repository.
func parts(repository string) []string {
	return []string{repository + "/hooks", repository + "/config", repository + "/config.worktree", repository + "/commondir"}
}

// pointer is the file in a submodule's work tree that says where its
// repository is.
func pointer(root *os.Root, repository string) []string {
	data, err := root.ReadFile(repository + "/config")
	if err != nil {
		return nil
	}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), "=")
		if strings.TrimSpace(key) != "worktree" {
			continue
		}
		name := path.Join(repository, strings.TrimSpace(value), ".git")
		if info, err := root.Lstat(name); err == nil && info.Mode().IsRegular() && straight(root, name) {
			return []string{name}
		}
	}
	return nil
}

// straight says that no link is on the way to a path.
func straight(root *os.Root, name string) bool {
	for _, part := range prefixes(name) {
		if info, err := root.Lstat(part); err != nil || info.Mode().Type() == fs.ModeSymlink {
			return false
		}
	}
	return true
}
