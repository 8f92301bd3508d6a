// Package reach gets at files of our own user whose modes keep us out.
//
// What runs for a project may take away its directories' bits, by accident or
// not. For who is not root, nothing could be saved, put back or removed there
// then. Only bits of the owner are added, only where they are missing, and no
// link leads out of the root. Nobody may be changing the files meanwhile.
package reach

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// Root is a directory whose methods do what those of [os.Root] do. Where a mode
// keeps them from what is ours, they give us the owner's bits and try again.
type Root struct{ *os.Root }

// The bits that an owner needs.
const (
	dirBits  = 0o700
	fileBits = 0o400 // files are replaced, never written to
)

// Again does something, and once more if modes were in the way of names and we
// could mend that.
func (r Root) Again(do func() error, names ...string) error {
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
func (r Root) unlock(name string) bool {
	name = path.Clean(name)
	opened := false
	for i, c := range name + "/" {
		if c == '/' {
			opened = r.unlockOne(name[:i]) || opened
		}
	}
	return opened
}

func (r Root) unlockOne(name string) bool {
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

// UnlockAll gives us the bits that we lack on the directories above dir, on dir
// and on all that is in it. It says whether there were any.
func (r Root) UnlockAll(dir string) bool {
	opened := r.unlock(dir)
	if info, err := r.Root.Lstat(dir); err != nil || !info.IsDir() {
		return opened // a FIFO would never answer
	}
	entries, _ := fs.ReadDir(r.FS(), dir)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			opened = r.UnlockAll(name) || opened
		} else {
			opened = r.unlockOne(name) || opened
		}
	}
	return opened
}

func (r Root) Lstat(name string) (info fs.FileInfo, err error) {
	err = r.Again(func() error { info, err = r.Root.Lstat(name); return err }, path.Dir(name))
	return info, err
}

func (r Root) Open(name string) (*os.File, error) { return r.OpenFile(name, os.O_RDONLY, 0) }

func (r Root) OpenFile(name string, flag int, perm fs.FileMode) (f *os.File, err error) {
	err = r.Again(func() error { f, err = r.Root.OpenFile(name, flag, perm); return err }, name)
	return f, err
}

func (r Root) OpenRoot(name string) (root *os.Root, err error) {
	err = r.Again(func() error { root, err = r.Root.OpenRoot(name); return err }, name)
	return root, err
}

func (r Root) Readlink(name string) (target string, err error) {
	err = r.Again(func() error { target, err = r.Root.Readlink(name); return err }, path.Dir(name))
	return target, err
}

func (r Root) Mkdir(name string, perm fs.FileMode) error {
	return r.Again(func() error { return r.Root.Mkdir(name, perm) }, path.Dir(name))
}

func (r Root) MkdirAll(name string, perm fs.FileMode) error {
	return r.Again(func() error { return r.Root.MkdirAll(name, perm) }, name)
}

func (r Root) Symlink(target, name string) error {
	return r.Again(func() error { return r.Root.Symlink(target, name) }, path.Dir(name))
}

func (r Root) Rename(from, to string) error {
	return r.Again(func() error { return r.Root.Rename(from, to) }, path.Dir(from), path.Dir(to))
}

func (r Root) Remove(name string) error {
	return r.Again(func() error { return r.Root.Remove(name) }, path.Dir(name))
}

func (r Root) RemoveAll(name string) error {
	err := r.Root.RemoveAll(name)
	if errors.Is(err, fs.ErrPermission) && r.UnlockAll(name) {
		err = r.Root.RemoveAll(name)
	}
	return err
}

// Dir gives us the bits that we lack on one directory. The last part of its
// path is not followed. It does nothing for what is missing, or no directory.
func Dir(name string) error {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.IsDir() || info.Mode()&dirBits == dirBits) {
		return nil
	}
	if err == nil {
		err = os.Chmod(name, info.Mode().Perm()|dirBits)
	}
	if err != nil {
		return fmt.Errorf("cannot get at %s: %w", name, err)
	}
	return nil
}
