package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// storeStanding stores what names a standing that is kept, and adds the objects
// to stored. It returns the name, or "" for none.
func storeStanding(at *standing, p *packer, stored map[oid]bool) (string, error) {
	if at == nil {
		return "", nil
	}
	empty := name(treeKind, nil).ours
	content := standingCommit(empty, at)
	id := name(commitKind, content).ours
	stored[empty], stored[id] = true, true
	return id.String(), errors.Join(p.add(treeKind, empty, nil), p.add(commitKind, id, content))
}

// standingCommit is the content of the commit that holds a standing. It depends on
// nothing else.
func standingCommit(empty oid, p *standing) []byte {
	const who = "autosession <autosession@localhost> 0 +0000"
	head := fmt.Sprintf("tree %s\nauthor %s\ncommitter %s\n\n", empty, who, who)
	return append([]byte(head), p.text()...)
}

// standingOf tells what the project had committed when a checkpoint was made, and
// opens its history. A standing without tips has none.
func (r *Repo) standingOf(ctx context.Context, id string) (*standing, history, error) {
	p, err := r.readStanding(ctx, id)
	if err != nil || p == nil {
		return &standing{}, history{}, err
	}
	if len(p.tips()) == 0 {
		return p, history{}, nil
	}
	h, err := r.openHistory(p)
	return p, h, err
}

func (r *Repo) readStanding(ctx context.Context, id string) (*standing, error) {
	if known := r.recall(id); known != nil {
		return known.at, nil
	}
	if _, err := parseOID(id); err != nil {
		return nil, err
	}
	text, err := r.git.output(ctx, "cat-file", "commit", id)
	if err != nil {
		return nil, fmt.Errorf("cannot read checkpoint %s: %w", id, err)
	}
	head, _, _ := strings.Cut(string(text), "\n\n")
	for line := range strings.Lines(head) {
		parent, ok := strings.CutPrefix(strings.TrimSpace(line), "parent ")
		if !ok {
			continue
		}
		text, err := r.git.output(ctx, "cat-file", "commit", parent)
		if err != nil {
			return nil, fmt.Errorf("cannot read the refs of checkpoint %s: %w", id, err)
		}
		_, body, _ := strings.Cut(string(text), "\n\n")
		return parseStanding(body)
	}
	return nil, nil
}

// former returns what the refs that name something refused named at the last
// checkpoint, by name, where that is kept.
func (r *Repo) former(ctx context.Context, p *standing, refused map[string]string, h history) (map[string]string, error) {
	last, err := r.lastStanding(ctx)
	if err != nil || last == nil {
		return nil, err
	}
	found := map[string]string{}
	for name, id := range p.refs {
		if refused[id] != "" && h.tips[last.refs[name]] {
			found[name] = last.refs[name]
		}
	}
	if refused[p.head] != "" && h.tips[last.commit()] {
		found["HEAD"] = last.commit()
	}
	return found, nil
}

// standIn has refs name what they did before, as long as that is still
// reached: else somebody meant to drop it. Where the repository is damaged,
// nobody can tell.
func (r *Repo) standIn(ctx context.Context, own *gitDir, p *standing, former map[string]string, h history) error {
	if len(former) == 0 {
		return nil
	}
	was := &standing{refs: former, shallow: p.shallow, detours: p.detours}
	m, err := r.compare(ctx, own, was, h)
	if ctx.Err() != nil {
		return err
	}
	for name, id := range former {
		switch {
		case err == nil && m.whole && slices.Contains(m.lost, id):
		case name == "HEAD":
			p.head = id
		default:
			p.refs[name] = id
		}
	}
	return nil
}

// lastStanding returns that of the newest checkpoint, or nil.
func (r *Repo) lastStanding(ctx context.Context) (*standing, error) {
	id, err := r.newest()
	if err != nil || id == "" {
		return nil, err
	}
	return r.readStanding(ctx, id)
}

// newest returns the id of the newest checkpoint, or "" before the first one.
func (r *Repo) newest() (string, error) {
	if len(r.saved) > 0 {
		return r.saved[0].id, nil
	}
	entries, err := os.ReadDir(filepath.Join(r.opts.Store, refs))
	if err != nil {
		return "", err
	}
	for _, e := range slices.Backward(entries) { // by name, and so by moment
		if strings.HasSuffix(e.Name(), unnamed) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(r.opts.Store, refs, e.Name()))
		return strings.TrimSpace(string(text)), err
	}
	return "", nil
}
