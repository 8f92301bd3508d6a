package autosession

import (
	"context"
	"fmt"
	"time"
)

// milestone is the project's tree at the end of a session, or as it is now.
type milestone struct {
	session    int    // 0: as it is now, changed since the last session
	checkpoint string // "" is the present
}

// Blame says what broke the feature of a broken entry, as exactly as it is
// known.
func (e LedgerEntry) Blame() string {
	switch {
	case e.BrokenBy == 0:
		return fmt.Sprintf("something after session %d", e.BrokenAfter)
	case e.BrokenAfter+1 < e.BrokenBy:
		return fmt.Sprintf("one of the sessions %d to %d", e.BrokenAfter+1, e.BrokenBy)
	}
	return fmt.Sprintf("session %d", e.BrokenBy)
}

// blame finds who broke a feature that was proven and whose check fails now.
// Where several sessions lie between, it looks for the one in their
// checkpoints, and keeps the range as far as it came.
func (r *round) blame(ctx context.Context, i int) {
	e := &r.ledger.Entries[i]
	held, path := r.since(ctx, *e.Proof)
	e.BrokenAfter, e.BrokenBy = held, 0
	if len(path) == 0 {
		return
	}
	low, high := -1, len(path)-1 // it holds at low, or at the proof, and fails at high
	if high > 0 && r.reproduces(ctx, *e) {
		for low+1 < high {
			middle := (low + high) / 2
			passed, known := r.passedAt(ctx, path[middle].checkpoint, e.Feature)
			if !known {
				break
			}
			if passed {
				low = middle
			} else {
				high = middle
			}
		}
	}
	e.BrokenBy = path[high].session
	if low >= 0 {
		e.BrokenAfter = path[low].session
	}
}

// since says after which session a proof was made, and lists what lies between
// it and now. The last one is as the tree is now.
func (r *round) since(ctx context.Context, proof CheckRun) (held int, path []milestone) {
	held = proof.Session
	for _, s := range r.p.sessions {
		if proof.Session == 0 && !s.Ended.After(proof.At) {
			held = s.Number
		}
	}
	for _, s := range r.p.sessions {
		if s.Number > held && s.Number != r.session {
			path = append(path, milestone{s.Number, s.Closed})
		}
	}
	switch {
	case r.session > 0:
		path = append(path, milestone{session: r.session})
	case len(path) == 0 || r.trees(ctx)[path[len(path)-1].checkpoint] != r.checker.base.Tree:
		path = append(path, milestone{})
	}
	return held, path
}

// trees are the trees of the checkpoints that are kept. One that cannot be
// listed is not there.
func (r *round) trees(ctx context.Context) map[string]string {
	if r.kept == nil {
		r.kept = map[string]string{}
		if pruner, ok := r.p.cfg.Repo.(Pruner); ok {
			list, _ := pruner.Checkpoints(ctx)
			for _, c := range list {
				r.kept[c.ID] = c.Tree
			}
		}
	}
	return r.kept
}

// reproduces says whether a check passes in a scratch copy of the very tree
// that it proved its feature on: else no copy can tell anything.
func (r *round) reproduces(ctx context.Context, e LedgerEntry) bool {
	if r.checker.checks.Setup == "" {
		return false
	}
	for id, tree := range r.trees(ctx) {
		if tree == e.Proof.Tree {
			passed, known := r.passedAt(ctx, id, e.Feature)
			return passed && known
		}
	}
	return false
}

// passedAt says whether a feature's check passes in a scratch copy of a
// checkpoint. It is not known when there is no time left, when the copy cannot
// be made or when it cannot be made ready.
func (r *round) passedAt(ctx context.Context, checkpoint string, f Feature) (passed, known bool) {
	command, _ := r.checker.checks.of(f)
	at := checkpoint + " " + command
	if verdict, tried := r.scratched[at]; tried {
		return verdict, true
	}
	if _, kept := r.trees(ctx)[checkpoint]; !kept || ctx.Err() != nil || time.Now().After(r.until) {
		return false, false
	}
	passed, err := r.scratch(ctx, checkpoint, command)
	if err != nil {
		r.emit(Event{Type: EventWarning, Text: "who broke a feature cannot be found out: " + err.Error()})
		return false, false
	}
	if r.scratched == nil {
		r.scratched = map[string]bool{}
	}
	r.scratched[at] = passed
	return passed, true
}

// scratch runs the setup and a check in a copy of a checkpoint.
func (r *round) scratch(ctx context.Context, checkpoint, command string) (passed bool, err error) {
	dir, remove, err := r.p.export(ctx, checkpoint, nil)
	if err != nil {
		return false, err
	}
	defer remove()
	scope := r.checker.scope
	scope.Session, scope.Dir, scope.ReadOnly = newID(), dir, nil
	limit, out := r.checker.checks.Timeout, &headTail{limit: 1 << 10}
	end, err := script{r.p.cfg.Sandbox, scope, r.checker.checks.Setup}.run(ctx, limit, out)
	if err == nil && !end.ok() {
		err = fmt.Errorf("cannot make the copy of a checkpoint ready: %q ended with %d: %s", r.checker.checks.Setup, end.exit.Code, tail(r.checker.redact(out.String()), 300))
	}
	if err != nil {
		return false, err
	}
	end, err = script{r.p.cfg.Sandbox, scope, command}.run(ctx, limit, out)
	return end.ok(), err
}
