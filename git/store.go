package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// prepare makes the checkpoint repository when it is missing.
func (r *Repo) prepare(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(r.opts.Store, "config")); err != nil {
		return r.create(ctx)
	}
	return nil
}

// create makes the repository. Its configuration comes last, with a rename:
// where it is, the repository is whole.
func (r *Repo) create(ctx context.Context) error {
	store := r.opts.Store
	for _, dir := range []string{"objects/pack", "objects/info", "refs/heads", "refs/checkpoints"} {
		if err := os.MkdirAll(filepath.Join(store, dir), 0o700); err != nil {
			return fmt.Errorf("cannot make the checkpoint repository: %w", err)
		}
	}
	const config = `[core]
	repositoryFormatVersion = 1
	bare = true
	fsync = all
	hooksPath = /dev/null
[extensions]
	objectFormat = sha256
[gc]
	auto = 0
[maintenance]
	auto = false
[receive]
	autogc = false
`
	for _, file := range []struct{ name, text string }{
		{"HEAD", "ref: refs/heads/none\n"},
		{"config", config},
	} {
		if err := r.git.writeDurably(file.name, []byte(file.text)); err != nil {
			return fmt.Errorf("cannot make the checkpoint repository: %w", err)
		}
	}
	if err := r.git.syncDirs("objects", "refs", "."); err != nil {
		return err
	}
	if _, err := r.git.output(ctx, "rev-parse", "--git-dir"); err != nil {
		return fmt.Errorf("cannot use the checkpoint repository: %w", err)
	}
	return nil
}

// repair removes what a git that was killed left in the repository, before the
// first write. Nobody else writes there: whoever changes something holds the
// project's lock. Whoever only has a Repo may not. It need not look again while
// nothing of ours was cut short.
func (r *Repo) repair() error {
	if r.clean {
		return nil
	}
	store := r.opts.Store
	err := filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, name := strings.TrimPrefix(path, store+"/"), d.Name()
		switch {
		case d.IsDir() && name != "pack" && strings.HasPrefix(rel, "objects/"):
			return fs.SkipDir
		case d.IsDir():
			return nil
		case strings.HasSuffix(name, ".lock") || strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, ".tmp-"):
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot repair the checkpoint repository: %w", err)
	}
	r.clean = true
	return nil
}

// unnamed ends the name of a file that is not yet in its place: the one ending
// that git never takes for a ref.
const unnamed = ".lock"

// writeDurably writes a file of the git directory so that it is there, whole,
// even after the power went. The directory's own entry is not yet synced.
func (g git) writeDurably(name string, content []byte) error {
	path := filepath.Join(g.dir, name)
	g.next()
	if err := writeSynced(path+unnamed, content); err != nil {
		return err
	}
	g.next()
	return os.Rename(path+unnamed, path)
}

// writeSynced writes a file and brings its content to the disk.
func writeSynced(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDirs makes the entries of directories durable. Git syncs the files that
// it writes, but not where they stand.
func (g git) syncDirs(dirs ...string) error {
	for _, dir := range dirs {
		g.next()
		d, err := os.Open(filepath.Join(g.dir, dir))
		if err != nil {
			return fmt.Errorf("cannot make the checkpoint durable: %w", err)
		}
		err = errors.Join(d.Sync(), d.Close())
		if err != nil {
			return fmt.Errorf("cannot make the checkpoint durable: %w", err)
		}
	}
	return nil
}
