package autosession

import (
	"context"
	"fmt"
	"time"
)

// freshEnough is how long after its end a conversation is worth going on with.
const freshEnough = 6 * time.Hour

// resumable is the last session when its conversation was cut short, not long
// ago, and the tree is as it left it; else nil.
func (p *project) resumable(ctx context.Context) *SessionRecord {
	if !p.cfg.Resume || len(p.sessions) == 0 {
		return nil
	}
	last := &p.sessions[len(p.sessions)-1]
	cut := last.Outcome.Class.Transient() || last.Outcome.Class == OutcomeInterrupted || last.Outcome.Class == OutcomeWrappedUp
	if !cut || last.Info.ID == "" || last.Violations > 0 || last.Closed == "" || time.Since(last.Ended) > freshEnough {
		return nil
	}
	now, err := p.tree(ctx)
	if err != nil {
		return nil
	}
	changes, err := p.cfg.Repo.Diff(ctx, last.Closed, now.ID)
	if err != nil || len(changes) > 0 {
		return nil
	}
	return last
}

// billed refuses a lane that the person did not choose.
func (p *project) billed(lane string) error {
	want := p.cfg.Billing
	if want == "" {
		want = p.record.Lane
	}
	if want == "" || want == "any" || lane == want || lane == LanePlayed {
		return nil
	}
	return &OutcomeError{Outcome: Outcome{
		Class: OutcomeNeedsPerson, Block: BlockLane,
		Detail: fmt.Sprintf("%s would pay for this session, and %s was chosen", lane, want),
	}}
}
