package git

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// ownerRoot is a directory of the project. Where a mode keeps us from what is
// ours, we give ourselves the owner's bits and try again: an agent that runs
// as we do could shut us out by a chmod else. No link is followed out of it.
type ownerRoot struct{ *os.Root }

// The bits that an owner needs.
const (
	dirBits  = 0o700
	fileBits = 0o400 // files are replaced, never written to
)

// again does something, and once more if modes were in the way of names.
func (r ownerRoot) again(do func() error, names ...string) error {
	err := do()
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	opened := false
	for _, name := range names {
		opened = r.unlock(name) || opened
	}
	if opened {
		err = do()
	}
	return err
}

// unlock gives us the bits that we lack on the directories above name and on
// name itself. It says whether there were any.
func (r ownerRoot) unlock(name string) bool {
	name = path.Clean(name)
	opened := false
	for i, c := range name + "/" {
		if c == '/' {
			opened = r.unlockOne(name[:i]) || opened
		}
	}
	return opened
}

func (r ownerRoot) unlockOne(name string) bool {
	info, err := r.Root.Lstat(name)
	if err != nil {
		return false
	}
	need := fs.FileMode(fileBits)
	switch {
	case info.IsDir():
		need = dirBits
	case !info.Mode().IsRegular():
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) != os.Geteuid() || info.Mode()&need == need {
		return false
	}
	return r.Root.Chmod(name, info.Mode()&(fs.ModePerm|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)|need) == nil
}

// unlockAll does so with a directory and all that is in it.
func (r ownerRoot) unlockAll(dir string) bool {
	opened := r.unlock(dir)
	entries, _ := readDir(r, dir)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			opened = r.unlockAll(name) || opened
		} else {
			opened = r.unlockOne(name) || opened
		}
	}
	return opened
}

func (r ownerRoot) Lstat(name string) (info fs.FileInfo, err error) {
	err = r.again(func() error { info, err = r.Root.Lstat(name); return err }, path.Dir(name))
	return info, err
}

func (r ownerRoot) Open(name string) (*os.File, error) { return r.OpenFile(name, os.O_RDONLY, 0) }

func (r ownerRoot) OpenFile(name string, flag int, perm fs.FileMode) (f *os.File, err error) {
	err = r.again(func() error { f, err = r.Root.OpenFile(name, flag, perm); return err }, name)
	return f, err
}

func (r ownerRoot) OpenRoot(name string) (root *os.Root, err error) {
	err = r.again(func() error { root, err = r.Root.OpenRoot(name); return err }, name)
	return root, err
}

func (r ownerRoot) Readlink(name string) (target string, err error) {
	err = r.again(func() error { target, err = r.Root.Readlink(name); return err }, path.Dir(name))
	return target, err
}

func (r ownerRoot) Mkdir(name string, perm fs.FileMode) error {
	return r.again(func() error { return r.Root.Mkdir(name, perm) }, path.Dir(name))
}

func (r ownerRoot) MkdirAll(name string, perm fs.FileMode) error {
	return r.again(func() error { return r.Root.MkdirAll(name, perm) }, name)
}

func (r ownerRoot) Symlink(target, name string) error {
	return r.again(func() error { return r.Root.Symlink(target, name) }, path.Dir(name))
}

func (r ownerRoot) Rename(from, to string) error {
	return r.again(func() error { return r.Root.Rename(from, to) }, path.Dir(from), path.Dir(to))
}

func (r ownerRoot) Remove(name string) error {
	return r.again(func() error { return r.Root.Remove(name) }, path.Dir(name))
}

func (r ownerRoot) RemoveAll(name string) error {
	err := r.Root.RemoveAll(name)
	if errors.Is(err, fs.ErrPermission) && r.unlockAll(name) {
		err = r.Root.RemoveAll(name)
	}
	return err
}
