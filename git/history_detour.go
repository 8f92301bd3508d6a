package git

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// alternates is the file by which a repository borrows objects from others.
const alternates = "objects/info/alternates"

// detourFiles are the files by which git takes objects for a repository's own
// that are not, or commits for others than they are. What it does not see by
// them it drops sooner or later.
var detourFiles = []string{alternates, "info/grafts"}

// unread begins what stands for a detour that can't be read.
const unread = "\x00"

// detours reads them: what is in each, by name. One that is empty is none.
func (g *gitDir) detours() map[string]string {
	found := map[string]string{}
	for _, name := range detourFiles {
		text, err := readRegular(g.common, name, maxPointer)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			found[name] = unread + reason(err)
		case len(bytes.TrimSpace(text)) > 0:
			found[name] = string(text)
		}
	}
	return found
}

// strayed lists the detours that a standing does not have, or has otherwise.
// One that is gone harms nothing by that: what it led to is missing or not.
func (p *standing) strayed(now map[string]string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if p.detours[name] != now[name] {
			names = append(names, name)
		}
	}
	return names
}

// vouched says whether what a repository borrows may be read. It may be when
// it borrowed the same at the last checkpoint, or when there is none yet: then
// a person set it. What a session borrows is undone when it ends. Else objects
// that it could not read itself would come to it by way of our history.
func (r *Repo) vouched(ctx context.Context, p *standing) (bool, error) {
	if p.detours[alternates] == "" {
		return true, nil
	}
	id, err := r.newest()
	if err != nil || id == "" {
		return err == nil, err
	}
	last, err := r.readStanding(ctx, id)
	return last != nil && last.detours[alternates] == p.detours[alternates], err
}

// objects returns the directory to read the project's objects from: with what
// it borrows, or else a directory of ours with links to its own.
func (r *Repo) objects(own *gitDir, borrow bool) (string, error) {
	theirs := own.objects()
	info, err := own.common.Lstat(alternates)
	// Git would wait for the other side of a FIFO.
	if errors.Is(err, fs.ErrNotExist) || err == nil && borrow && info.Mode().IsRegular() {
		return theirs, nil
	}
	view := filepath.Join(r.opts.Store, "look", "own")
	if err := errors.Join(os.RemoveAll(view), os.MkdirAll(view, 0o700)); err != nil {
		return "", err
	}
	names := []string{"pack"}
	for first := range 256 {
		names = append(names, strconv.FormatInt(int64(first)+0x100, 16)[1:])
	}
	for _, name := range names {
		if err := os.Symlink(filepath.Join(theirs, name), filepath.Join(view, name)); err != nil {
			return "", err
		}
	}
	return view, nil
}

// straighten undoes the detours that a standing does not have. What is taken
// away is kept beside it.
func (w *planter) straighten(p *standing, strayed []string) error {
	for _, name := range strayed {
		if err := w.aside(name); err != nil {
			return err
		}
		was := p.detours[name]
		if was == "" || strings.HasPrefix(was, unread) {
			continue
		}
		if err := w.file(name, strings.NewReader(was), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// aside gives a file another name, beside it.
func (w *planter) aside(name string) error {
	names := newPlacer(w.root, w.next, nil, nil)
	return errors.Join(names.aside(name), names.sync())
}
