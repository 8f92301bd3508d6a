// Package reach gets at files of our own user whose modes keep us out.
//
// What runs for a project may take away its directories' bits, by accident or
// not. For who is not root, nothing could be saved, put back or removed there
// then. Only bits of the owner are added, only where they are missing, and no
// link leads out of the root that is given. Nobody may be changing the files
// meanwhile.
package reach

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// all is what an owner needs to list, to change and to enter a directory.
const all = 0o700

// Dir makes a directory usable for its owner. The last part of its path is not
// followed. It does nothing for what is missing, or no directory.
func Dir(name string) error {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !closed(info) {
		return nil
	}
	if err == nil {
		err = os.Chmod(name, info.Mode().Perm()|all)
	}
	if err != nil {
		return fmt.Errorf("cannot get at %s: %w", name, err)
	}
	return nil
}

func closed(info fs.FileInfo) bool { return info.IsDir() && info.Mode().Perm()&all != all }

// Parents makes every directory between root and name usable for its owner.
func Parents(root *os.Root, name string) error {
	parent := path.Dir(path.Clean(name))
	if parent == "." {
		return nil
	}
	if err := Parents(root, parent); err != nil {
		return err
	}
	return open(root, parent)
}

// open makes one directory usable, if it is one.
func open(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !closed(info) {
		return nil
	}
	if err == nil {
		err = root.Chmod(name, info.Mode().Perm()|all)
	}
	if err != nil {
		return fmt.Errorf("cannot get at %s: %w", name, err)
	}
	return nil
}

// RemoveAll removes name and all below it, as [os.Root.RemoveAll] does, also
// where modes forbid it.
func RemoveAll(root *os.Root, name string) error {
	err := root.RemoveAll(name)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err := errors.Join(Parents(root, name), below(root, name)); err != nil {
		return err
	}
	return root.RemoveAll(name)
}

// below makes a directory and all directories in it usable.
func below(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err != nil || !info.IsDir() {
		return err
	}
	if err := open(root, name); err != nil {
		return err
	}
	dir, err := root.OpenRoot(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := fs.ReadDir(dir.FS(), ".")
	for _, e := range entries {
		if e.IsDir() && err == nil {
			err = below(dir, e.Name())
		}
	}
	return err
}
