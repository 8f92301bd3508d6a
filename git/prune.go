package git

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/autosession/autosession"
)

// Prune drops the checkpoints for which keep is false, and what only they
// held, of the project's history too. The newest stays.
func (r *Repo) Prune(ctx context.Context, keep func(autosession.Checkpoint) bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.prune(ctx, keep); err != nil {
		r.clean = false
		return fmt.Errorf("cannot prune checkpoints: %w", err)
	}
	return nil
}

func (r *Repo) prune(ctx context.Context, keep func(autosession.Checkpoint) bool) error {
	if err := r.repair(); err != nil {
		return err
	}
	list, err := r.checkpoints(ctx)
	if err != nil {
		return err
	}
	var drop strings.Builder
	for i, c := range list {
		if i > 0 && !keep(c) {
			fmt.Fprintf(&drop, "delete %s %s\n", refName(c.ID, c.At), c.ID)
		}
	}
	if drop.Len() == 0 {
		return nil
	}
	// The index says what is stored. It goes first, so that a Prune that is
	// cut short can't make it lie.
	if err := r.forget(); err != nil {
		return err
	}
	if err := r.git.run(ctx, strings.NewReader(drop.String()), io.Discard, "update-ref", "--stdin"); err != nil {
		return err
	}
	// Without a search for deltas this is little more than a copy of what stays.
	if _, err := r.git.output(ctx, "repack", "-a", "-d", "-q", "--threads=1", "--window=0"); err != nil {
		return err
	}
	if err := r.git.syncDirs("objects/pack", refs); err != nil {
		return err
	}
	if err := r.recheck(ctx); err != nil {
		return err
	}
	return r.pruneHistory(ctx)
}

func (r *Repo) forget() error {
	if r.index == nil {
		r.index = loadIndex(r.opts.Store)
	}
	err := os.Remove(filepath.Join(r.opts.Store, indexFile))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// recheck asks git which objects of the index are still stored.
func (r *Repo) recheck(ctx context.Context) error {
	ids := make([]oid, 0, len(r.index.records)+len(r.index.trees))
	var ask strings.Builder
	for id := range r.index.stored() {
		ids = append(ids, id)
		ask.WriteString(id.String() + "\n")
	}
	var out strings.Builder
	if err := r.git.run(ctx, strings.NewReader(ask.String()), &out, "cat-file", "--batch-check"); err != nil {
		r.index = nil
		return err
	}
	there := map[oid]bool{}
	for i, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
		if i < len(ids) && !strings.HasSuffix(line, " missing") {
			there[ids[i]] = true
		}
	}
	for path, rec := range r.index.records {
		rec.Stored = rec.Stored && there[rec.Names.ours]
		r.index.records[path] = rec
	}
	for id := range r.index.trees {
		if !there[id] {
			delete(r.index.trees, id)
		}
	}
	r.index.changed = true
	return r.index.save(r.opts.Store)
}
