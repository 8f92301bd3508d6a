package sandbox

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/autosession/autosession/internal/proctree"
)

// sweep ends what no warden ends any more: all processes that carry the mark,
// a NAME=value, the wardens, what is in the control groups, and all that
// descends from one of them. The marks
// of a confined warden can be hidden from us, but it dies with its parent.
func sweep(ctx context.Context, mark string, records ...*record) error {
	return proctree.End(ctx, func(list []proctree.Process) []proctree.Process {
		roots := proctree.Marked(list, mark)
		for _, r := range records {
			members := r.members()
			for _, p := range list {
				isWarden := func(w proctree.Process) bool { return p.PID == w.PID && p.Born == w.Born }
				if slices.ContainsFunc(r.Wardens, isWarden) || slices.Contains(members, p.PID) {
					roots = append(roots, p)
				}
			}
		}
		return family(list, roots)
	})
}

// family returns the roots and all that descends from them, each once, but
// never ourselves.
func family(list, roots []proctree.Process) []proctree.Process {
	found := map[int]proctree.Process{}
	for _, root := range roots {
		found[root.PID] = root
		for _, p := range proctree.Below(list, root.PID) {
			found[p.PID] = p
		}
	}
	delete(found, os.Getpid())
	return slices.Collect(maps.Values(found))
}

// rescue ends what is left of a session and removes what was made for it. ""
// is whatever a manager that is dead has left.
func (k *keeper) rescue(ctx context.Context, session string) error {
	if session == "" {
		return k.rescueAbandoned(ctx)
	}
	if !validSession.MatchString(session) {
		return fmt.Errorf("cannot rescue session %q: not an id of a session", session)
	}
	left, err := k.records(session)
	if err != nil {
		return err
	}
	if err := sweep(ctx, sessionMark+"="+session, left...); err != nil {
		return err
	}
	for _, r := range left {
		if err := r.clear(); err != nil {
			return err
		}
	}
	return nil
}
