package git

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// newCuts lists the commits that a repository is cut off at, and was not in a
// standing.
func (p *standing) newCuts(now *standing) []string {
	return slices.DeleteFunc(slices.Clone(now.shallow), func(id string) bool { return slices.Contains(p.shallow, id) })
}

// cutOff looks what the repository does not reach because it is cut off at
// m.cuts, and names one in m.below: a commit that the standing reached, also
// below what its refs name, or one that is there all the same. Where there is
// none, nothing is wrong with the cuts. It returns what is reached.
func (h history) cutOff(ctx context.Context, p *standing, m *missing, objects string) (map[string]bool, error) {
	var was, is []string
	err := together(
		func() (err error) { was, err = h.commits(ctx, p.tips()); return err },
		func() (err error) { is, err = m.reader.commits(ctx, m.now.tips()); return err },
	)
	if err != nil {
		return nil, err
	}
	reached := setOf(is)
	if i := slices.IndexFunc(was, func(id string) bool { return !reached[id] }); i >= 0 {
		m.below = was[i]
		return reached, nil
	}
	parents, err := m.reader.parents(ctx, m.cuts)
	if err != nil {
		return nil, err
	}
	hidden, err := h.borrowing(objects).kinds(ctx, slices.Concat(slices.Collect(maps.Values(parents))...))
	if err != nil {
		return nil, err
	}
	if len(hidden) == 0 {
		m.cuts = nil
		return reached, nil
	}
	m.below = slices.Min(slices.Collect(maps.Keys(hidden)))
	return reached, nil
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// commits lists what is reached from tips.
func (g git) commits(ctx context.Context, tips []string) ([]string, error) {
	var out strings.Builder
	err := g.run(ctx, revisions(tips, nil), &out, "rev-list", "--stdin")
	return strings.Fields(out.String()), err
}

// parents tells those of commits as they were made, wherever the repository is
// cut off. A commit that is not there has none.
func (g git) parents(ctx context.Context, ids []string) (map[string][]string, error) {
	kinds, err := g.kinds(ctx, ids)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(kinds, func(_, kind string) bool { return kind != "commit" })
	g.env = append(slices.Clone(g.env), "GIT_SHALLOW_FILE=")
	var out strings.Builder
	err = g.run(ctx, revisions(slices.Collect(maps.Keys(kinds)), nil), &out, "rev-list", "--no-walk", "--parents", "--stdin")
	found := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		ids := strings.Fields(line)
		found[ids[0]] = ids[1:]
	}
	return found, err
}

// rejoin takes the commits that have all their parents out of the list of those
// that the repository is cut off at.
func (w *planter) rejoin(ctx context.Context, m missing) error {
	parents, err := m.reader.parents(ctx, m.cuts)
	if err != nil {
		return err
	}
	there, err := m.reader.kinds(ctx, slices.Concat(slices.Collect(maps.Values(parents))...))
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(m.now.shallow), func(id string) bool {
		all, known := parents[id]
		return known && !slices.ContainsFunc(all, func(parent string) bool { return there[parent] == "" })
	})
	if len(left) == 0 {
		w.dirty["."] = true
		w.next()
		return w.root.Remove("shallow")
	}
	return w.file("shallow", strings.NewReader(strings.Join(left, "\n")+"\n"), 0o666)
}
