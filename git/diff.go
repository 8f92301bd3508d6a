package git

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/autosession/autosession"
)

// Diff lists what differs between two checkpoints, by path. A file that was
// moved is one deleted and one added.
func (r *Repo) Diff(ctx context.Context, from, to string) ([]autosession.FileChange, error) {
	for _, id := range []string{from, to} {
		if _, err := parseOID(id); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	a, b := r.recall(from), r.recall(to)
	r.mu.Unlock()
	if a != nil && b != nil {
		return differences(a.entries, b.entries), nil
	}
	out, err := r.git.output(ctx, "diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--name-status", from, to)
	if err != nil {
		return nil, fmt.Errorf("cannot compare checkpoints: %w", err)
	}
	var changes []autosession.FileChange
	fields := bytes.Split(out, []byte{0})
	for ; len(fields) >= 2; fields = fields[2:] {
		status := "changed"
		switch string(fields[0]) {
		case "A":
			status = "added"
		case "D":
			status = "deleted"
		}
		changes = append(changes, autosession.FileChange{Path: string(fields[1]), Status: status})
	}
	return changes, nil
}

// saved is what is in a checkpoint that was made here.
type saved struct {
	id      string
	entries []entry   // sorted by path
	at      *standing // of the project then, or nil
	notes   notes
}

// remembered is how many checkpoints are kept in mind: those that a session
// began and ended with.
const remembered = 2

// remember keeps in mind what is in a checkpoint, so that comparing it with
// the next one asks nobody.
func (r *Repo) remember(id string, entries []entry, at *standing, n notes) {
	if len(r.saved) > 0 && slices.Equal(r.saved[0].entries, entries) {
		entries = r.saved[0].entries // one copy in memory is enough
	}
	r.saved = slices.Insert(r.saved, 0, saved{id, entries, at, n})
	r.saved = r.saved[:min(len(r.saved), remembered)]
}

// recall returns what is in a checkpoint, or nil when it is not in mind.
func (r *Repo) recall(id string) *saved {
	for i := range r.saved {
		if r.saved[i].id == id {
			return &r.saved[i]
		}
	}
	return nil
}

// differences compares two trees as git's diff-tree does.
func differences(from, to []entry) []autosession.FileChange {
	var changes []autosession.FileChange
	note := func(path, status string) {
		changes = append(changes, autosession.FileChange{Path: path, Status: status})
	}
	for len(from) > 0 || len(to) > 0 {
		switch {
		case len(to) == 0 || len(from) > 0 && from[0].path < to[0].path:
			note(from[0].path, "deleted")
			from = from[1:]
		case len(from) == 0 || to[0].path < from[0].path:
			note(to[0].path, "added")
			to = to[1:]
		default:
			if from[0] != to[0] {
				note(to[0].path, "changed")
			}
			from, to = from[1:], to[1:]
		}
	}
	return changes
}
