package git

import (
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Restore makes the given paths what they were in a checkpoint, or the whole
// tree. All that it overwrites or removes is saved first, in a checkpoint of
// its own, when there is anything. What is ignored is told by the ignore files
// of the checkpoint, however they read now. Ignored files are removed only
// where a file of the checkpoint stands in their way, or where the checkpoint
// would hold them if they had been there: what Options.Include named for it.
// Each file is replaced at once; a Restore that was cut short is completed by
// calling it again.
func (r *Repo) Restore(ctx context.Context, id string, paths ...string) error {
	var s scope
	for _, p := range paths {
		if !filepath.IsLocal(p) {
			return fmt.Errorf("cannot restore %q: it is not a path in the project", p)
		}
		if p = path.Clean(p); p == "." {
			return r.bringTo(ctx, id, scope{})
		}
		s.only = append(s.only, p)
	}
	return r.bringTo(ctx, id, s)
}

// Revert restores the whole tree but for some paths.
func (r *Repo) Revert(ctx context.Context, id string, except ...string) error {
	return r.bringTo(ctx, id, scope{except: except})
}

// scope is the part of the tree that is restored.
type scope struct {
	only   []string // nil is the whole
	except []string
}

func (s scope) has(path string) bool {
	return (s.only == nil || among(s.only, path)) && !among(s.except, path)
}

func (r *Repo) bringTo(ctx context.Context, id string, s scope) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := parseOID(id); err != nil {
		return err
	}
	target, n, err := r.contains(ctx, id)
	if err != nil {
		return err
	}
	if err = r.inPlace(); err == nil {
		err = r.restore(ctx, id, target, s, n)
	}
	if err != nil {
		return fmt.Errorf("cannot restore checkpoint %s: %w", id, err)
	}
	return nil
}

// contains tells what is in a checkpoint. Of one that is in mind nobody is
// asked.
func (r *Repo) contains(ctx context.Context, id string) ([]listed, notes, error) {
	if known := r.recall(id); known != nil {
		list := make([]listed, len(known.entries))
		for i, e := range known.entries {
			list[i] = listed{e.path, e.mode, e.id.String()}
		}
		return list, known.notes, nil
	}
	list, err := r.git.list(ctx, id)
	if err != nil {
		return nil, notes{}, fmt.Errorf("cannot read checkpoint %s: %w", id, err)
	}
	n, err := r.notes(ctx, id)
	return list, n, err
}

func (r *Repo) restore(ctx context.Context, id string, all []listed, s scope, n notes) error {
	then, err := r.rulesOf(ctx, id, all)
	if err != nil {
		return err
	}
	target := slices.DeleteFunc(slices.Clone(all), func(l listed) bool { return !s.has(l.path) })
	x := r.covered(target, s, r.tracked(ctx))
	x.then = then
	now, err := r.scan(ctx, x, nil)
	if err != nil {
		return err
	}
	put, drop := plan(now.entries, target, s)
	stay := then.stay(drop, n)
	if len(put)+len(drop) == len(stay) {
		return nil
	}
	if _, now, err = r.save(ctx, "before restoring "+id, x); err != nil {
		return err
	}
	put, drop = plan(now.entries, target, s)
	stay = then.stay(drop, n)
	p := newPlacer(r.root, r.git.next, drop, now.leftOut)
	ids := make([]string, len(put))
	for i, l := range put {
		ids[i] = l.id
	}
	err = r.git.contents(ctx, ids, func(i int, _ int64, content io.Reader) error {
		return p.put(put[i].path, put[i].mode, content)
	})
	if err != nil {
		return err
	}
	return p.dropRest(stay)
}

// covered is what a Restore of target must save although it is ignored: tracked
// files, what it would overwrite, and what is named.
func (r *Repo) covered(target []listed, s scope, tracked []string) extra {
	x := extra{tracked: slices.Concat(tracked, s.only)}
	for _, l := range target {
		x.tracked = append(x.tracked, l.path)
		if info, err := r.root.Lstat(l.path); err == nil && info.IsDir() {
			x.include = append(x.include, l.path)
		}
	}
	slices.Sort(x.tracked)
	x.tracked = slices.Compact(x.tracked)
	return x
}

// plan compares what is there now with what a checkpoint holds: the files to
// put back, and the paths to drop. What an earlier Restore left half-way is
// dropped in any case.
func plan(now []entry, target []listed, s scope) (put []listed, drop []string) {
	have := make(map[string]entry, len(now))
	for _, e := range now {
		have[e.path] = e
	}
	want := make(map[string]bool, len(target))
	for _, l := range target {
		want[l.path] = true
		if e, ok := have[l.path]; !ok || e.mode != l.mode || e.id.String() != l.id {
			put = append(put, l)
		}
	}
	blocked := blockers(put)
	for _, e := range now {
		temporary := strings.HasPrefix(path.Base(e.path), temporaryPrefix)
		if !want[e.path] && (temporary || s.has(e.path) || blocked[e.path]) {
			drop = append(drop, e.path)
		}
	}
	return put, drop
}

// blockers is the paths that must be directories for put to stand.
func blockers(put []listed) map[string]bool {
	dirs := map[string]bool{}
	for _, l := range put {
		for dir := path.Dir(l.path); dir != "." && !dirs[dir]; dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	return dirs
}
