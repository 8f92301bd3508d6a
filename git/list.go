package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/autosession/autosession"
)

// List lists the checkpoints that the store of the project dir keeps, newest
// first. It changes nothing and needs no lock: another process may have a Repo
// on the store. A store that was never made keeps none.
func List(ctx context.Context, dir, store string) ([]autosession.Checkpoint, error) {
	if _, err := os.Stat(filepath.Join(store, "config")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	binary, err := find(ctx, dir)
	if err != nil {
		return nil, err
	}
	g := git{path: binary, dir: store}
	list, err := g.checkpoints(ctx)
	for range 2 {
		if err == nil || ctx.Err() != nil {
			break
		}
		list, err = g.checkpoints(ctx) // one was dropped while it was read
	}
	return list, err
}

func (g git) checkpoints(ctx context.Context) ([]autosession.Checkpoint, error) {
	out, err := g.output(ctx, "for-each-ref", "--format=%(objectname)%00%(contents)%00", refs)
	if err != nil {
		return nil, fmt.Errorf("cannot list checkpoints: %w", err)
	}
	var list []autosession.Checkpoint
	fields := bytes.Split(out, []byte{0})
	for ; len(fields) >= 2; fields = fields[2:] {
		c, _, err := parseMessage(string(fields[1]))
		if err != nil {
			return nil, err
		}
		c.ID = string(bytes.TrimSpace(fields[0]))
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b autosession.Checkpoint) int { return b.At.Compare(a.At) })
	return list, nil
}
