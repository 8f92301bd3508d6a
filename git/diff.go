package git

import (
	"bytes"
	"context"
	"fmt"

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
