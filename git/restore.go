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
// its own, when there is anything. Files that are ignored, now or by the rules
// that it puts back, are removed only where a file of the checkpoint stands in
// their way, or where the checkpoint would hold them if they had been there:
// what Options.Include named for it. Each file is replaced at once; a Restore that was cut short is
// completed by calling it again.
func (r *Repo) Restore(ctx context.Context, id string, paths ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	scope, err := scopeOf(paths)
	if err != nil {
		return err
	}
	if _, err := parseOID(id); err != nil {
		return err
	}
	target, err := r.git.list(ctx, id)
	if err != nil {
		return fmt.Errorf("cannot read checkpoint %s: %w", id, err)
	}
	n, err := r.notes(ctx, id)
	if err != nil {
		return err
	}
	err = r.inPlace()
	if err == nil {
		err = r.restore(ctx, id, within(target, scope), scope, n)
	}
	if err != nil {
		return fmt.Errorf("cannot restore checkpoint %s: %w", id, err)
	}
	return nil
}

// scopeOf cleans the paths of a Restore. An empty scope is the whole tree.
func scopeOf(paths []string) ([]string, error) {
	var scope []string
	for _, p := range paths {
		if !filepath.IsLocal(p) {
			return nil, fmt.Errorf("cannot restore %q: it is not a path in the project", p)
		}
		if p = path.Clean(p); p == "." {
			return nil, nil
		}
		scope = append(scope, p)
	}
	return scope, nil
}

func within(list []listed, scope []string) []listed {
	return slices.DeleteFunc(list, func(l listed) bool { return scope != nil && !among(scope, l.path) })
}

func (r *Repo) restore(ctx context.Context, id string, target []listed, scope []string, n notes) error {
	x := r.covered(target, r.tracked(ctx))
	now, err := r.scan(ctx, x, nil)
	if err != nil {
		return err
	}
	put, drop := plan(now.entries, target, scope)
	if len(put)+len(drop) == 0 {
		return nil
	}
	if _, now, err = r.save(ctx, "before restoring "+id, x); err != nil {
		return err
	}
	put, drop = plan(now.entries, target, scope)
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
	return p.dropRest(newJudge(r.root, r.excludes()), n)
}

// covered is what a Restore of target must save although it is ignored: tracked
// files, and what it would overwrite.
func (r *Repo) covered(target []listed, tracked []string) extra {
	x := extra{tracked: tracked}
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
func plan(now []entry, target []listed, scope []string) (put []listed, drop []string) {
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
		below := scope == nil || among(scope, e.path)
		if !want[e.path] && (temporary || below || blocked[e.path]) {
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
