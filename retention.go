package autosession

import (
	"context"
	"strings"
	"time"
)

// keptSessions is for how many sessions all checkpoints are kept.
const keptSessions = 3

// pruneEvery is after how many sessions of a run old checkpoints are dropped.
// A run drops them at its end, too.
const pruneEvery = 10

// Labels of checkpoints that only a round of checks needs.
const (
	labelCheck      = "check"
	labelAfterCheck = "after a check"
)

// retention says which checkpoints are still needed.
type retention struct {
	since  time.Time       // all that are not older
	proof  time.Time       // of the oldest last proof: what sessions ended with since then is kept
	trees  map[string]bool // that features were last proven on
	closed map[string]bool // what the sessions that we know of ended with
}

// prune drops the checkpoints that nothing needs any more.
func (p *project) prune(ctx context.Context) error {
	pruner, ok := p.cfg.Repo.(Pruner)
	if !ok || p.ledger == nil {
		return nil
	}
	return pruner.Prune(ctx, p.retention().keeps)
}

// retention is what a project needs: all of its last sessions, what sessions
// ended with since the oldest proof, so that who broke what can be found, and
// the trees of the proofs.
func (p *project) retention() retention {
	r := retention{trees: map[string]bool{}, closed: map[string]bool{}}
	if n := len(p.sessions); n > 0 {
		r.since = p.sessions[max(0, n-keptSessions)].Started.Add(-time.Minute) // OPEN saved the tree a little before
	}
	for _, e := range p.ledger.Entries {
		if e.Proof == nil {
			continue
		}
		r.trees[e.Proof.Tree] = true
		if r.proof.IsZero() || e.Proof.At.Before(r.proof) {
			r.proof = e.Proof.At
		}
	}
	for _, s := range p.sessions {
		if !r.proof.IsZero() && !s.Ended.Before(r.proof) {
			r.closed[s.Closed] = true
		}
	}
	return r
}

// keeps says whether a checkpoint stays.
func (r retention) keeps(c Checkpoint) bool {
	switch {
	case strings.HasPrefix(c.Label, "manual: "), r.closed[c.ID], r.trees[c.Tree]:
		return true
	case c.Label == labelCheck, c.Label == labelAfterCheck:
		return false
	}
	return c.At.After(r.since)
}
