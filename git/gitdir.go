package git

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/autosession/autosession/internal/reach"
)

// gitDir is the project's own repository, read as files. Git itself never
// opens it: only its objects are lent to a git directory of ours.
type gitDir struct {
	own    reach.Root // what belongs to this work tree: HEAD, what is under way
	common reach.Root // refs and objects; the same, except in a linked work tree
}

func (g *gitDir) close() {
	g.own.Close()
	g.common.Close()
}

var errElsewhere = errors.New("cannot read the project's repository: it points to a place that does not point back")

// maxPointer bounds, in bytes, a file that names a ref, a commit or a place.
const maxPointer = 64 << 10

// openGitDir finds the repository of the project. A .git file or a commondir
// may lead out of the project only to a linked work tree or a submodule that
// points back: an agent could write the pointer, but not what it points to.
func openGitDir(project reach.Root) (*gitDir, error) {
	info, err := project.Lstat(".git")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(project.Name(), ".git")
	switch {
	case info.Mode().IsRegular():
		content, err := readRegular(project, ".git", maxPointer)
		if err != nil {
			return nil, err
		}
		target, ok := strings.CutPrefix(strings.TrimRight(string(content), "\r\n"), "gitdir: ")
		if !ok {
			return nil, errElsewhere
		}
		if dir, err = follow(project.Name(), target); err != nil {
			return nil, err
		}
		if !inside(project.Name(), dir) && !pointsBack(dir, project.Name()) {
			return nil, errElsewhere
		}
	case !info.IsDir():
		return nil, errElsewhere
	}
	return openCommon(project, dir)
}

// openCommon opens a git directory and the one that it shares, if any.
func openCommon(project reach.Root, dir string) (*gitDir, error) {
	own, err := openOwn(project, dir)
	if err != nil {
		return nil, err
	}
	common := dir
	if content, err := readRegular(own, "commondir", maxPointer); err == nil {
		common, err = follow(dir, strings.TrimRight(string(content), "\r\n"))
		if err != nil || !inside(project.Name(), common) && filepath.Dir(dir) != filepath.Join(common, "worktrees") {
			own.Close()
			return nil, errElsewhere
		}
	}
	shared, err := openOwn(project, common)
	if err != nil {
		own.Close()
		return nil, err
	}
	return &gitDir{own: reach.Root{Root: own}, common: reach.Root{Root: shared}}, nil
}

// openOwn opens a git directory, with the bits that we need if it is the
// project's own.
func openOwn(project reach.Root, dir string) (root *os.Root, err error) {
	open := func() error { root, err = openDir(dir); return err }
	name, outside := filepath.Rel(project.Name(), dir)
	if outside != nil || !filepath.IsLocal(name) {
		err = open()
		return root, err
	}
	err = project.Again(open, name)
	return root, err
}

// openDir opens a directory. What is none is not opened at all: a FIFO would
// never answer.
func openDir(path string) (*os.Root, error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = errElsewhere
	}
	if err != nil {
		return nil, err
	}
	return os.OpenRoot(path)
}

// follow resolves a path that a git directory's file in base names.
func follow(base, target string) (string, error) {
	if !filepath.IsAbs(target) {
		target = filepath.Join(base, target)
	}
	return filepath.EvalSymlinks(target)
}

// pointsBack says whether a git directory outside the project names it: as a
// linked work tree does in its file gitdir, or a submodule in core.worktree.
func pointsBack(dir, project string) bool {
	root, err := openDir(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	if content, err := readRegular(root, "gitdir", maxPointer); err == nil {
		back, err := follow(dir, filepath.Dir(strings.TrimRight(string(content), "\r\n")))
		return err == nil && back == project
	}
	content, err := readRegular(root, "config", maxPointer)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.EqualFold(strings.TrimSpace(key), "worktree") {
			back, err := follow(dir, strings.Trim(strings.TrimSpace(value), `"`))
			return err == nil && back == project
		}
	}
	return false
}

// head reads what HEAD is: a branch, and the commit that it is at. Either is ""
// when there is none.
func (g *gitDir) head() (branch, commit string) {
	text, err := readRegular(g.own, "HEAD", maxPointer)
	if err != nil {
		return "", ""
	}
	line := strings.TrimSpace(string(text))
	ref, symbolic := strings.CutPrefix(line, "ref:")
	if !symbolic {
		return "", objectName(line)
	}
	ref = strings.TrimSpace(ref)
	branch, _ = strings.CutPrefix(ref, "refs/heads/")
	return branch, g.ref(ref)
}

// ref returns the object that a ref names, or "".
func (g *gitDir) ref(name string) string {
	for range 5 { // so deep git follows symbolic refs
		if !strings.HasPrefix(name, "refs/") || !filepath.IsLocal(name) {
			return ""
		}
		text, err := readRegular(g.common, name, maxPointer)
		if err != nil {
			return g.packedRefs()[name]
		}
		line := strings.TrimSpace(string(text))
		next, symbolic := strings.CutPrefix(line, "ref:")
		if !symbolic {
			return objectName(line)
		}
		name = strings.TrimSpace(next)
	}
	return ""
}

// maxPackedRefs bounds, in bytes, what is read of the file of packed refs.
const maxPackedRefs = 64 << 20

// packedRefs reads the refs that have no file of their own.
func (g *gitDir) packedRefs() map[string]string {
	text, err := readRegular(g.common, "packed-refs", maxPackedRefs)
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for line := range bytes.Lines(text) {
		id, name, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
		if ok && objectName(id) != "" && strings.HasPrefix(name, "refs/") {
			found[name] = id
		}
	}
	return found
}

// objectName returns text if it is the name of an object, else "".
func objectName(text string) string {
	if _, err := hex.DecodeString(text); err != nil || len(text) != 40 && len(text) != 64 {
		return ""
	}
	return text
}

// underWay lists what git leaves in its directory while something is under way.
var underWay = []struct{ file, what string }{
	{"rebase-merge", "rebase"},
	{"rebase-apply/applying", "am"},
	{"rebase-apply", "rebase"},
	{"MERGE_HEAD", "merge"},
	{"CHERRY_PICK_HEAD", "cherry-pick"},
	{"REVERT_HEAD", "revert"},
	{"BISECT_LOG", "bisect"},
}

// busy says what is under way, or "".
func (g *gitDir) busy() string {
	for _, u := range underWay {
		if _, err := g.own.Lstat(u.file); err == nil {
			return u.what
		}
	}
	return ""
}

// isDir says whether name is a directory in the common part, and no link.
func (g *gitDir) isDir(name string) bool {
	info, err := g.common.Lstat(name)
	return err == nil && info.Mode().Type() == fs.ModeDir
}

// objects is the directory where the objects are.
func (g *gitDir) objects() string { return filepath.Join(g.common.Name(), "objects") }
