package autosession

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// rewind is the ledger that belongs to a tree which was brought back. A feature
// has the state that it had, if it is the same feature.
func (p *project) rewind(ctx context.Context, goal Checkpoint) (Ledger, error) {
	if r, ok := p.cfg.Store.(Rewinder); ok {
		then, known, err := r.LedgerAt(ctx, goal)
		switch {
		case err != nil:
			return Ledger{}, err
		case !known:
		case then == nil:
			return p.unseen(), nil
		case len(then.Entries) == 0 || len(p.ledger.Entries) == 0:
			return *then, nil
		default:
			return p.ledger.asOf(*then), nil
		}
	}
	return p.recall(ctx, goal)
}

// asOf is the list of today with each feature as it was then. One that was not
// in the list, said something else or was checked by another command is open:
// what was known of it is not of this feature. What is known of a check stays
// known.
func (l Ledger) asOf(then Ledger) Ledger {
	l = l.clone()
	for i, j := range match(l.List(), then.List()) {
		is, was := l.Entries[i], LedgerEntry{State: FeatureOpen}
		if j >= 0 && is.Feature.hash() == then.Entries[j].Feature.hash() {
			was = then.Entries[j]
		}
		was.Feature = is.Feature
		if is.Tried {
			was.Tried, was.CheckedBy, was.SeenFailing, was.FailedTree = true, is.CheckedBy, is.SeenFailing, is.FailedTree
		}
		l.Entries[i] = was
	}
	return l
}

// recall is for records that do not say what the ledger was. What passed at the
// time of a checkpoint by the history, and is the same feature for sure, is
// claimed, and its check is due.
func (p *project) recall(ctx context.Context, goal Checkpoint) (Ledger, error) {
	if len(p.ledger.Entries) == 0 {
		return p.unseen(), nil
	}
	archive, ok := p.cfg.Store.(Archive)
	if !ok {
		return Ledger{}, errors.New("cannot bring the ledger back: this store keeps no history")
	}
	passed, moved, err := passedBy(ctx, archive, goal.At)
	if err != nil {
		return Ledger{}, err
	}
	l := p.ledger.clone()
	for i := range l.Entries {
		e := &l.Entries[i]
		h, ok := passed[l.Key(i)]
		*e = LedgerEntry{Feature: e.Feature, State: FeatureOpen, Tried: e.Tried, CheckedBy: e.CheckedBy, SeenFailing: e.SeenFailing, FailedTree: e.FailedTree}
		if ok && (e.Feature.ID != "" || !moved) { // else its place may have been another one's
			e.State, e.Pending, e.ClaimedBy = FeatureClaimed, true, h.Session
		}
	}
	return l, nil
}

// passedBy follows the history for the features, by key, that passed at a
// moment and were not changed since. moved says that places changed since.
func passedBy(ctx context.Context, archive Archive, moment time.Time) (passed map[string]HistoryEntry, moved bool, err error) {
	passed = map[string]HistoryEntry{}
	for h, err := range archive.Chain(ctx) {
		if err != nil {
			return nil, false, err
		}
		later := h.At.After(moment)
		switch h.What {
		case "reset":
			clear(passed)
		case "edited", "added":
			delete(passed, h.Feature)
		case "claimed", "proven":
			if !later {
				passed[h.Feature] = h
			}
		case "reopened", "broken", "disproved":
			if !later {
				delete(passed, h.Feature)
			}
		}
		moved = moved || later && (h.What == "added" || h.What == "removed" || h.What == "reordered")
	}
	return passed, moved, nil
}

// rewound is what a rollback adds to the history.
func rewound(before, after Ledger, goal Checkpoint) []HistoryEntry {
	detail := fmt.Sprintf("to checkpoint %.12s (%s) of %s", goal.ID, goal.Label, goal.At.Format(time.DateTime))
	if len(after.Entries) == 0 && len(before.Entries) > 0 {
		detail += "; there was no list then"
	}
	history := []HistoryEntry{{By: "person", What: "rolled back", Detail: detail}}
	if len(before.Entries) == 0 && len(after.Entries) > 0 {
		history = append(history, HistoryEntry{By: "person", What: "accepted", Detail: fmt.Sprintf("%d features again", len(after.Entries))})
	}
	at := match(after.List(), before.List())
	for i, e := range after.Entries {
		was := LedgerEntry{State: FeatureOpen}
		if at[i] >= 0 {
			was = before.Entries[at[i]]
		}
		if e.State != was.State || e.Broken != was.Broken {
			what, session := e.last()
			history = append(history, HistoryEntry{
				Feature: after.Key(i), By: "person", Session: session, What: what, Detail: "rolled back " + detail,
			})
		}
	}
	for _, j := range unmatched(at, len(before.Entries)) {
		history = append(history, HistoryEntry{Feature: before.Key(j), By: "person", What: "removed", Detail: "rolled back " + detail})
	}
	return history
}

// last is what the history says last of an entry in this state, and of which
// session.
func (e LedgerEntry) last() (what string, session int) {
	switch {
	case e.State == FeatureProven:
		return "proven", e.Proof.Session
	case e.State == FeatureClaimed:
		return "claimed", e.ClaimedBy
	case e.Broken:
		return "broken", e.BrokenBy
	}
	return "reopened", 0
}
