package git

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pruneHistory drops what no checkpoint that is left names.
func (r *Repo) pruneHistory(ctx context.Context) error {
	top := filepath.Join(r.opts.Store, historyDir)
	entries, err := os.ReadDir(top)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	standings, err := r.standings(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		of := standings[e.Name()]
		if len(of) == 0 {
			if err := os.RemoveAll(filepath.Join(top, e.Name())); err != nil {
				return err
			}
			continue
		}
		h, err := r.openHistory(of[0])
		if err != nil {
			return err
		}
		if err := h.prune(ctx, of); err != nil {
			return err
		}
	}
	return nil
}

// standings returns those that the checkpoints name, by the name of the history.
func (r *Repo) standings(ctx context.Context) (map[string][]*standing, error) {
	out, err := r.git.output(ctx, "for-each-ref", "--format=%(parent)", refs)
	if err != nil {
		return nil, err
	}
	ids := strings.Fields(string(out))
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found := map[string][]*standing{}
	err = r.git.contents(ctx, ids, func(_ int, _ int64, content io.Reader) error {
		text, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		_, body, _ := strings.Cut(string(text), "\n\n")
		p, err := parseStanding(body)
		if err == nil && len(p.tips()) > 0 {
			found[historyName(p)] = append(found[historyName(p)], p)
		}
		return err
	})
	return found, err
}

// maxPacks is how many packs a history may have before they become one.
const maxPacks = 50

// prune drops the tips that none of standings names, and the objects that only they
// needed. When there are none of those, not much is written.
func (h history) prune(ctx context.Context, standings []*standing) error {
	keep := map[string]bool{}
	for _, p := range standings {
		for _, id := range p.tips() {
			if h.tips[id] {
				keep[id] = true
			}
		}
	}
	var drop []string
	for id := range h.tips {
		if !keep[id] {
			drop = append(drop, id)
		}
	}
	packs, err := filepath.Glob(filepath.Join(h.dir, "objects/pack/*.pack"))
	if err != nil || len(drop) == 0 && len(packs) <= maxPacks {
		return err
	}
	var freed strings.Builder
	if len(drop) > 0 {
		if err := h.run(ctx, revisions(drop, keep), &freed, "rev-list", "--max-count=1", "--stdin"); err != nil {
			return err
		}
	}
	clear(h.tips)
	maps.Copy(h.tips, keep)
	if err := h.save(); err != nil {
		return err
	}
	if freed.Len() == 0 && len(packs) <= maxPacks {
		return nil
	}
	if _, err := h.output(ctx, "repack", "-a", "-d", "-n", "-q", "--threads=1", "--window=0"); err != nil {
		return err
	}
	return h.syncDirs("objects/pack")
}
