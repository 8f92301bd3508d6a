package git

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// history is a repository of ours for what the project has committed. All that
// is in it is whole: what an object names is there too, down to the commits
// without parents and to those that the project's repository is cut off at. So
// there is one for each format of objects, and for each such cut.
//
// Its refs are in one file, one for each object that a ref of the project ever
// named. Which ref that was is told by the checkpoints: each has for a parent
// a commit without files whose message is a standing. Checkpoints between which no
// ref moved have the same.
type history struct {
	git
	tips map[string]bool // the objects that are kept, with all that they need
}

// keptRefs begins the names of the refs of a history.
const keptRefs = "refs/kept/"

// historyDir is where the histories are in a store.
const historyDir = "history"

// historyName is the directory of the history that a standing's objects go to.
func historyName(p *standing) string {
	name := format(p.tips()[0])
	if len(p.shallow) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(p.shallow, "\n")))
		name += "-shallow-" + hex.EncodeToString(sum[:8])
	}
	return name
}

// openHistory opens the history of a standing that has tips. It is made on first
// use.
func (r *Repo) openHistory(p *standing) (history, error) {
	dir := filepath.Join(r.opts.Store, historyDir, historyName(p))
	h := history{git: git{path: r.git.path, dir: dir, step: r.git.step}, tips: map[string]bool{}}
	text, err := os.ReadFile(filepath.Join(dir, "packed-refs"))
	if err == nil {
		for line := range strings.Lines(string(text)) {
			id, _, _ := strings.Cut(line, " ")
			h.tips[id] = objectName(id) != ""
		}
		return h, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	if err := makeReader(dir, format(p.tips()[0])); err != nil {
		return h, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "objects/pack"), 0o700); err != nil {
		return h, err
	}
	if len(p.shallow) > 0 {
		if err := h.writeDurably("shallow", []byte(strings.Join(p.shallow, "\n")+"\n")); err != nil {
			return h, err
		}
	}
	return h, h.syncDirs(".", "objects", "..", "../..")
}

// save writes the tips down. Their objects must be durable.
func (h history) save() error {
	var text bytes.Buffer
	for _, id := range slices.Sorted(maps.Keys(h.tips)) {
		text.WriteString(id + " " + keptRefs + id + "\n")
	}
	if err := h.writeDurably("packed-refs", text.Bytes()); err != nil {
		return err
	}
	return h.syncDirs(".")
}

// keepStanding keeps what the project's repository has committed. It returns nil
// where there is nothing to keep, and what could not be kept. Only a store that
// can't be written to and the end of ctx are errors.
func (r *Repo) keepStanding(ctx context.Context) (*standing, []LeftOut, error) {
	p, out, err := r.keepWhatIsSeen(ctx)
	if len(out) > 0 && err == nil && r.root.UnlockAll(".git") {
		clear(r.refused)
		return r.keepWhatIsSeen(ctx)
	}
	return p, out, err
}

func (r *Repo) keepWhatIsSeen(ctx context.Context) (*standing, []LeftOut, error) {
	own, err := openGitDir(r.root)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && !r.hasGit() {
			return nil, nil, nil
		}
		return nil, []LeftOut{{Path: ".git", Why: reason(err)}}, nil
	}
	defer own.close()
	p, out := own.standing()
	switch {
	case len(p.tips()) == 0 && len(p.detours) == 0:
		return nil, some(out), nil
	case len(p.tips()) == 0:
		return p, some(out), nil
	case !own.isDir("objects"):
		return nil, some(append(out, LeftOut{Path: ".git/objects", Why: errElsewhere.Error()})), nil
	}
	unkept, err := r.keepHistory(ctx, own, p)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot keep the project's history: %w", err)
	}
	out = append(out, unkept...)
	if len(p.tips()) == 0 && len(p.detours) == 0 {
		return nil, some(out), nil
	}
	return p, some(out), nil
}

// keepHistory keeps what a standing names, which has tips. What can't be kept
// is no part of the standing then: a ref that names it names what it did at
// the last checkpoint, as long as that is still reached.
func (r *Repo) keepHistory(ctx context.Context, own *gitDir, p *standing) ([]LeftOut, error) {
	h, err := r.openHistory(p)
	if err != nil {
		return nil, err
	}
	vouched, err := r.vouched(ctx, p)
	if err != nil {
		return nil, err
	}
	objects, err := r.objects(own, vouched)
	if err != nil {
		return nil, err
	}
	refused, err := r.keepTips(ctx, h, objects, p.tips())
	if err != nil || len(refused) == 0 {
		return nil, err
	}
	if !vouched {
		clear(r.refused) // the next time it may be
	}
	former, err := r.former(ctx, p, refused, h)
	if err != nil {
		return nil, err
	}
	out := p.drop(refused)
	return out, r.standIn(ctx, own, p, former, h)
}

// maxUnkept bounds how many refs a checkpoint tells of that are not kept.
const maxUnkept = 50

// some returns out sorted and in bounds.
func some(out []LeftOut) []LeftOut {
	slices.SortFunc(out, func(a, b LeftOut) int { return strings.Compare(a.Path, b.Path) })
	if more := len(out) - maxUnkept; more > 0 {
		out = append(out[:maxUnkept], LeftOut{Path: ".git/refs", Why: fmt.Sprintf("%d more", more)})
	}
	return out
}

// keepTips sees that tips are in the history, and returns why some are not.
// What was refused once is not tried again until it is named otherwise. When
// all are there already, no git is asked.
func (r *Repo) keepTips(ctx context.Context, h history, objects string, tips []string) (map[string]string, error) {
	refused := map[string]string{}
	var missing []string
	for _, id := range tips {
		if why, ok := r.refused[id]; ok && !h.tips[id] {
			refused[id] = why
		} else if !h.tips[id] {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return refused, nil
	}
	limited, cancel := context.WithTimeoutCause(ctx, r.opts.HistoryLimit, errTooLong)
	defer cancel()
	kept := h.take(limited, objects, missing, r.opts.HistorySize, refused)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for id, why := range refused {
		r.refused[id] = why
		r.clean = false // a git may have been cut short
	}
	if len(kept) == 0 {
		return refused, nil
	}
	if err := h.syncDirs("objects/pack"); err != nil {
		return nil, err
	}
	for _, id := range kept {
		h.tips[id] = true
	}
	return refused, h.save()
}
