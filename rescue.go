package autosession

import (
	"context"
	"errors"
	"time"
)

// rescue closes what a dead process left, by the same steps that a live
// session takes: whatever lies in the project until then is the agent's.
func (p *project) rescue(ctx context.Context, pending []SessionRecord) error {
	for i := range pending {
		rec := &pending[i]
		if err := p.cfg.Sandbox.Rescue(ctx, rec.ID); err != nil {
			return err
		}
		if rec.Phase == PhasePrepared {
			rec.Phase = PhaseDiscarded
			if err := p.apply(ctx, Change{Session: rec}); err != nil {
				return err
			}
			continue
		}
		if err := p.rescueOne(ctx, rec); err != nil {
			return err
		}
	}
	n := len(p.sessions)
	if n == 0 || p.sessions[n-1].Step >= stepSaved {
		return nil
	}
	return p.finish(ctx, &p.sessions[n-1])
}

func (p *project) rescueOne(ctx context.Context, rec *SessionRecord) error {
	events, err := newRecorder(p, *rec)
	if err != nil {
		return err
	}
	if rec.Outcome.Class == "" {
		rec.Outcome = Outcome{Class: OutcomeInterrupted, Detail: "autosession itself was killed"}
	}
	rec.Claimed, rec.Proven, rec.Disproved, rec.Broken, rec.Violations = 0, 0, 0, 0, 0
	events.begin(rec.Number)
	c := closing{p: p, rec: rec, events: events}
	c.end = func(ctx context.Context) error { return c.recover(ctx) }
	if err := c.close(ctx); err != nil {
		return err
	}
	p.counted = max(p.counted, rec.Number)
	p.report(Event{Type: EventRescued, Session: rec.Number, Kind: rec.Kind, Outcome: &rec.Outcome, Usage: rec.Usage})
	return nil
}

// recover takes from the stored events what the dead process knew of its
// session.
func (c *closing) recover(ctx context.Context) error {
	rec := c.rec
	rec.Denied = 0
	for e, err := range c.p.cfg.Store.Events(ctx, rec.ID, 1) {
		if err != nil {
			return errors.Join(errors.New("cannot read the events of the session that was interrupted"), err)
		}
		if e.Usage.Tokens.Total() >= rec.Usage.Tokens.Total() && e.Usage != (Usage{}) {
			rec.Usage = e.Usage // the record's own may be older, or newer than the last event
		}
		rec.Active = max(e.Time.Sub(rec.Started), time.Millisecond)
		switch e.Type {
		case EventDenied:
			rec.Denied++
		case EventViolation:
			h := HistoryEntry{Feature: e.Feature, By: "agent", Session: rec.Number, Detail: e.Text}
			if e.Call != nil { // else a CLOSE that was cut short saw it, and this one sees it again
				h.What = "restored"
			}
			c.undone = append(c.undone, h)
		case EventText:
			rec.Said = clip(e.Text, 1000)
		}
	}
	c.events.goOn(rec.Usage)
	return nil
}
