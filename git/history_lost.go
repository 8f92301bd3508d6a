package git

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/autosession/autosession"
)

// Lost lists the refs of a checkpoint whose commits the project's repository
// no longer reaches from its own refs, or whose objects are gone, by name. A
// ref that only moved on is not lost. Files that came since, and by which git
// takes other commits for those, are listed without an ID; .git/shallow has
// that of a commit which it cuts off. Lost waits at most Options.HistoryLimit
// for git.
func (r *Repo) Lost(ctx context.Context, id string) ([]autosession.LostRef, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, h, err := r.standingOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := r.inPlace(); err != nil {
		return nil, fmt.Errorf("cannot compare the project's history: %w", err)
	}
	list, err := r.lost(ctx, p, h)
	if len(list) > 0 && r.root.UnlockAll(".git") { // it was there, and we could not see it
		list, err = r.lost(ctx, p, h)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot compare the project's history with checkpoint %s: %w", id, err)
	}
	return list, nil
}

func (r *Repo) lost(ctx context.Context, p *standing, h history) ([]autosession.LostRef, error) {
	own := r.openWhole()
	if own == nil {
		return p.lost(p.tips()), nil
	}
	defer own.close()
	m, err := r.compare(ctx, own, p, h)
	if err != nil {
		return nil, err
	}
	list := p.lost(m.lost)
	for _, name := range m.strayed {
		list = append(list, autosession.LostRef{Ref: ".git/" + name})
	}
	if m.below != "" {
		list = append(list, autosession.LostRef{Ref: ".git/shallow", ID: m.below})
	}
	return list, nil
}

// lost lists the refs that name one of tips.
func (p *standing) lost(tips []string) []autosession.LostRef {
	var list []autosession.LostRef
	if slices.Contains(tips, p.head) {
		list = append(list, autosession.LostRef{Ref: "HEAD", ID: p.head})
	}
	for _, name := range slices.Sorted(maps.Keys(p.refs)) {
		if slices.Contains(tips, p.refs[name]) {
			list = append(list, autosession.LostRef{Ref: name, ID: p.refs[name]})
		}
	}
	return list
}

// openWhole opens the project's repository, or returns nil when there is
// nothing that git would take for one.
func (r *Repo) openWhole() *gitDir {
	own, err := openGitDir(r.root)
	if err != nil {
		return nil
	}
	now, _ := own.standing()
	if now.head == "" || !own.isDir("objects") || !own.isDir("refs") {
		own.close()
		return nil
	}
	return own
}

// missing is what a repository lacks of a standing.
type missing struct {
	lost    []string        // tips that it does not reach, sorted
	named   map[string]bool // what its refs name
	whole   bool            // all that its refs name is there, with all that it needs
	strayed []string        // detours that the standing does not have
	cuts    []string        // commits that it is cut off at now, and was not
	below   string          // a commit that it does not reach because of that
	now     *standing
	reader  git // of its own objects
}

// compare tells what the project's repository lacks of a standing. Where its own
// objects are not whole, it lacks all.
func (r *Repo) compare(ctx context.Context, own *gitDir, p *standing, h history) (missing, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.opts.HistoryLimit, errTooLong)
	defer cancel()
	now, _ := own.standing()
	m := missing{lost: p.tips(), named: map[string]bool{}, strayed: p.strayed(now.detours), now: now}
	for _, id := range now.tips() {
		m.named[id] = true
	}
	if len(m.lost) == 0 || len(m.named) == 0 || format(now.tips()[0]) != format(m.lost[0]) {
		return m, nil
	}
	objects, err := r.objects(own, !slices.Contains(m.strayed, alternates))
	if err != nil {
		return m, err
	}
	if m.reader, err = r.reader(own, objects, now.tips()[0]); err != nil {
		return m, nil
	}
	err = h.compare(ctx, p, objects, &m)
	return m, err
}

// compare fills in what is lost of a standing. Both repositories walk the
// history, and neither waits for the other.
func (h history) compare(ctx context.Context, p *standing, objects string, m *missing) error {
	far := slices.DeleteFunc(p.tips(), func(id string) bool { return m.named[id] })
	beyond := map[string]bool{}
	var unknown error
	broken := together(
		func() error {
			return m.reader.run(ctx, revisions(m.now.tips(), nil), io.Discard, "rev-list", "--objects", "--quiet", "--stdin")
		},
		func() error {
			beyond, unknown = h.beyond(ctx, objects, far, m.named)
			return nil
		},
	)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	m.cuts = p.newCuts(m.now)
	if m.whole = broken == nil; !m.whole {
		return nil
	}
	if unknown != nil {
		return unknown
	}
	if len(m.cuts) > 0 {
		reached, err := h.cutOff(ctx, p, m, objects)
		if err != nil {
			return err
		}
		for _, id := range far {
			beyond[id] = !reached[id]
		}
	}
	others, err := h.others(ctx, p.apart(far))
	m.lost = slices.DeleteFunc(far, func(id string) bool { return !beyond[id] && !others[id] })
	return err
}

// apart returns those of tips that some ref names which is no branch: they may
// be no commits.
func (p *standing) apart(tips []string) []string {
	var found []string
	for name, id := range p.refs {
		if !strings.HasPrefix(name, "refs/heads/") && slices.Contains(tips, id) {
			found = append(found, id)
		}
	}
	return found
}

// beyond returns the commits of tips, and those before them, that named does
// not reach.
func (h history) beyond(ctx context.Context, objects string, tips []string, named map[string]bool) (map[string]bool, error) {
	if len(tips) == 0 {
		return map[string]bool{}, nil
	}
	var out strings.Builder
	if err := h.borrowing(objects).run(ctx, revisions(tips, named), &out, "rev-list", "--stdin"); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for id := range strings.FieldsSeq(out.String()) {
		found[id] = true
	}
	return found, nil
}

// others returns those of tips that are no commits. Such a tag is reached only
// by its own name.
func (h history) others(ctx context.Context, tips []string) (map[string]bool, error) {
	found := map[string]bool{}
	if len(tips) == 0 {
		return found, nil
	}
	kinds, err := h.kinds(ctx, tips)
	for _, id := range tips {
		found[id] = kinds[id] != "commit"
	}
	return found, err
}
