package autosession

import (
	"context"
	"errors"
	"os"
	"time"
)

// beginRun begins a run, or goes on with the one whose process died.
func (p *project) beginRun(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	if p.run == nil || !p.run.Ended.IsZero() {
		p.run = &RunRecord{ID: newID(), Started: time.Now()}
	}
	p.run.PID, p.run.Host, p.run.Confined = os.Getpid(), host, p.cfg.Confined
	return p.apply(ctx, Change{Run: p.run})
}

func (p *project) endRun(ctx context.Context) error {
	ctx, cancel := saveContext(ctx)
	defer cancel()
	p.run.Ended = time.Now()
	return errors.Join(p.apply(ctx, Change{Run: p.run}), p.prune(ctx))
}

// after is the run's record with one more session that ended.
func (r RunRecord) after(rec SessionRecord) RunRecord {
	r.Spent = r.Spent.Add(rec.Usage, rec.Active)
	r.Last, r.Parked = rec.Outcome, nil
	r.count(rec.Outcome)
	if !rec.Outcome.Class.conclusive() {
		return r
	}
	if rec.Kind == Init {
		r.Unsound++
		if rec.Unsound == "" {
			r.Unsound = 0
		}
		return r
	}
	r.NoProgress++
	r.NoProof++
	if rec.Changed || rec.Claimed > 0 || rec.Proven > 0 {
		r.NoProgress = 0
	}
	if rec.Proven > 0 {
		r.NoProof = 0
	}
	return r
}

// count takes an outcome into the counts of failures.
func (r *RunRecord) count(o Outcome) {
	r.Blocked = o.Block
	switch {
	case o.Class.Transient():
		r.Transient++
	case o.Class.Failed():
		r.Failures, r.Transient = r.Failures+1, 0
	case o.Class.conclusive():
		r.Failures, r.Transient = 0, 0
	}
}
