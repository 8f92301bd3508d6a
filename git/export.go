package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
)

// Export writes the tree of a checkpoint to dir, an empty directory outside
// the project: the files for which keep is true, or all when it is nil. What is
// there may be lost with the power.
func (r *Repo) Export(ctx context.Context, id, dir string, keep func(path string) bool) error {
	if _, err := parseOID(id); err != nil {
		return err
	}
	target, err := r.git.list(ctx, id)
	if err != nil {
		return fmt.Errorf("cannot read checkpoint %s: %w", id, err)
	}
	if keep != nil {
		target = slices.DeleteFunc(target, func(l listed) bool { return !keep(l.path) })
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("cannot write checkpoint %s to %s: %w", id, dir, err)
	}
	defer root.Close()
	ids := make([]string, len(target))
	for i, l := range target {
		ids[i] = l.id
	}
	err = r.git.contents(ctx, ids, func(i int, _ int64, content io.Reader) error {
		return export(root, target[i], content)
	})
	if err != nil {
		return fmt.Errorf("cannot write checkpoint %s to %s: %w", id, dir, err)
	}
	return nil
}

func export(root *os.Root, l listed, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(l.path), 0o777); err != nil {
		return err
	}
	if l.mode == modeLink {
		target, err := io.ReadAll(io.LimitReader(content, maxLink))
		if err != nil {
			return err
		}
		return root.Symlink(string(target), l.path)
	}
	perm := os.FileMode(0o666)
	if l.mode == modeExecutable {
		perm = 0o777
	}
	f, err := root.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
