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
	since time.Time       // all that are younger
	trees map[string]bool // that features were last proven on
	ids   map[string]bool // what sessions began and ended with
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
	r := retention{trees: map[string]bool{}, ids: map[string]bool{}}
	var oldest time.Time
	for _, e := range p.ledger.Entries {
		if e.Proof == nil {
			continue
		}
		r.trees[e.Proof.Tree] = true
		if oldest.IsZero() || e.Proof.At.Before(oldest) {
			oldest = e.Proof.At
		}
	}
	last := max(0, len(p.sessions)-keptSessions)
	for i, s := range p.sessions {
		if i == last {
			r.since = s.Started
		}
		if i >= last {
			r.ids[s.Opened], r.ids[s.Left] = true, true
		}
		if i >= last || !oldest.IsZero() && !s.Ended.Before(oldest) {
			r.ids[s.Closed] = true
		}
	}
	return r
}

// keeps says whether a checkpoint stays.
func (r retention) keeps(c Checkpoint) bool {
	switch {
	case strings.HasPrefix(c.Label, "manual: "), r.ids[c.ID], r.trees[c.Tree]:
		return true
	case c.Label == labelCheck, c.Label == labelAfterCheck:
		return false
	}
	return c.At.After(r.since)
}
