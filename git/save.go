package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/autosession/autosession"
)

// Save makes a checkpoint of the whole tree: what git would not ignore by the
// ignore files of the project (what HEAD holds is never ignored), and what
// Options.Include names. A nested
// repository is saved as the files that it holds. What can't be saved, such as
// a FIFO or a file that can't be read, is left out; LeftOut lists it. The
// checkpoint keeps as well where the project's refs stand, and all commits that
// they reach. When Save returns, the checkpoint is on the disk.
func (r *Repo) Save(ctx context.Context, label string) (autosession.Checkpoint, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, _, err := r.save(ctx, label, extra{tracked: r.tracked(ctx)})
	return c, err
}

// save makes a checkpoint and returns what is in it.
func (r *Repo) save(ctx context.Context, label string, x extra) (autosession.Checkpoint, *scan, error) {
	c, s, err := r.store(ctx, label, x)
	if err != nil {
		r.index, r.clean = nil, false // it may call stored what is not
		return autosession.Checkpoint{}, nil, fmt.Errorf("cannot save a checkpoint: %w", err)
	}
	return c, s, nil
}

func (r *Repo) store(ctx context.Context, label string, x extra) (autosession.Checkpoint, *scan, error) {
	c := autosession.Checkpoint{Label: label}
	if err := errors.Join(r.inPlace(), r.repair()); err != nil {
		return c, nil, err
	}
	if r.index == nil {
		r.index = loadIndex(r.opts.Store)
	}
	p := newPacker(r.git, r.index.stored())
	s, err := r.scan(ctx, x, p)
	if err != nil {
		return c, nil, err
	}
	trees := map[oid]bool{}
	top, err := makeTrees(s.entries, func(id oid, content []byte) error {
		trees[id] = true
		return p.add(treeKind, id, content)
	})
	if err != nil {
		return c, nil, err
	}
	c.Tree = workHash(s.entries, r.opts.Exclude)
	if c.At, err = r.moment(); err != nil {
		return c, nil, err
	}
	at, unkept, err := r.keepStanding(ctx)
	if err != nil {
		return c, nil, err
	}
	parent, err := storeStanding(at, p, trees)
	if err != nil {
		return c, nil, err
	}
	n := notes{slices.Concat(s.leftOut, unkept), r.opts.Include}
	content := commit(top, parent, c, n)
	id := name(commitKind, content).ours
	c.ID = id.String()
	err = p.add(commitKind, id, content)
	if err == nil {
		err = p.flush()
	}
	if err == nil {
		err = r.keep(c)
	}
	if err != nil {
		return c, nil, err
	}
	r.last, r.unkept = c.At, n.leftOut
	r.remember(c.ID, s.entries, at, n)
	r.index.setTrees(trees)
	return c, s, r.index.save(r.opts.Store)
}

// moment is the time of a checkpoint that is made now: later than that of any
// before it, even when the clock was set back.
func (r *Repo) moment() (time.Time, error) {
	if r.last.IsZero() {
		entries, err := os.ReadDir(filepath.Join(r.opts.Store, refs))
		if err != nil {
			return time.Time{}, err
		}
		for _, e := range entries {
			text, _, _ := strings.Cut(e.Name(), "-")
			if at, err := time.Parse(momentForm, text); err == nil && at.After(r.last) {
				r.last = at
			}
		}
	}
	now := time.Now().UTC()
	if !now.After(r.last) {
		now = r.last.Add(1)
	}
	return now, nil
}

// keep gives a checkpoint, whose objects are stored, its ref. It is written
// here and not by git, which would not make it durable in its directory. The
// ref gets its name when the objects have theirs for good.
func (r *Repo) keep(c autosession.Checkpoint) error {
	path := filepath.Join(r.opts.Store, refName(c.ID, c.At))
	err := together(
		func() error { return r.git.syncDirs("objects/pack") },
		func() error { return writeSynced(path+unnamed, []byte(c.ID+"\n")) },
	)
	if err != nil {
		return err
	}
	r.git.next()
	if err := os.Rename(path+unnamed, path); err != nil {
		return err
	}
	return r.git.syncDirs(refs)
}

// stored is the objects that are known to be in the repository.
func (ix *index) stored() map[oid]bool {
	have := make(map[oid]bool, len(ix.records)+len(ix.trees))
	for id := range ix.trees {
		have[id] = true
	}
	for _, rec := range ix.records {
		if rec.Stored {
			have[rec.Names.ours] = true
		}
	}
	return have
}

// excludes reads the project's own list of ignored files beside its .gitignore
// files, or nothing.
func (r *Repo) excludes() []byte {
	own, err := openGitDir(r.root)
	if err != nil {
		return nil
	}
	defer own.close()
	content, err := readRegular(own.common, "info/exclude", maxIgnoreFile)
	if err != nil {
		return nil
	}
	return content
}
