package autosession

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// plan is what step 4 stores: what the later steps do, for who reads a record
// of a session that was not closed.
type plan struct {
	PutBack  []string `json:"put_back,omitempty"` // protected paths, and notes that were lost
	Lost     []string `json:"lost,omitempty"`     // commits that were thrown away and are brought back, a sentence each
	List     bool     `json:"list,omitempty"`     // the feature list is written again
	Accepted bool     `json:"accepted,omitempty"` // the list becomes the ledger
	Claims   []string `json:"claims,omitempty"`   // checked
	Reports  []string `json:"reports,omitempty"`  // checked
}

// plan is step 4: it compares what the agent left with the ledger and with the
// tree at OPEN.
func (c *closing) plan(ctx context.Context) (plan, error) {
	changes, err := c.p.cfg.Repo.Diff(ctx, c.rec.Opened, c.rec.Left)
	if err != nil {
		return plan{}, err
	}
	var pl plan
	for _, ch := range changes {
		c.rec.Changed = c.rec.Changed || ch.Path != c.notesFile() && ch.Path != ListFile
		if c.isProtected(ch.Path) && !grants(c.p.record.Grants, ch.Path) {
			pl.PutBack = append(pl.PutBack, ch.Path)
			c.violation(fmt.Sprintf("%s is protected and was %s", ch.Path, ch.Status))
		}
		if lost := c.lostNotes(ch); lost != "" {
			pl.PutBack = append(pl.PutBack, ch.Path)
			c.violation(fmt.Sprintf("%s was %s", ch.Path, lost))
		}
	}
	pl.Lost = c.lost(ctx)
	for _, text := range pl.Lost {
		c.violation(text)
	}
	for _, h := range c.undone {
		c.violation(h.Detail)
		if h.What != "" {
			c.history = append(c.history, h)
		}
	}
	c.found = c.p.lookForList()
	c.ledger = *c.p.ledger
	if c.rec.Kind == Init && len(c.ledger.Entries) == 0 {
		c.accept(&pl)
	} else {
		c.reconcile(&pl)
	}
	if c.rec.Plan, err = json.Marshal(pl); err != nil {
		return plan{}, fmt.Errorf("cannot write the plan: %w", err)
	}
	return pl, c.step(ctx, stepPlanned)
}

// lost says which commits that were there at OPEN cannot be reached any more. A
// CLOSE that was cut short may have brought them back: its plan tells of them.
func (c *closing) lost(ctx context.Context) []string {
	historian, ok := c.p.cfg.Repo.(Historian)
	if !ok {
		return nil
	}
	refs, err := historian.Lost(ctx, c.rec.Opened)
	if err != nil {
		// A history that cannot be compared is no reason to lose the session.
		c.emit(Event{Type: EventWarning, Text: err.Error()})
	}
	var before plan
	if len(c.rec.Plan) > 0 {
		_ = json.Unmarshal(c.rec.Plan, &before) // what cannot be read tells nothing
	}
	texts := before.Lost
	for _, r := range refs {
		text := r.String()
		if (r.Ref != "HEAD" || len(refs) == 1) && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// accept makes the list of an init session the ledger when it is sound and the
// session came to an end. One that died half-way is done again: nobody knows
// what would have followed.
func (c *closing) accept(pl *plan) {
	switch {
	case c.found.missing:
		c.rec.Unsound = "there is no " + ListFile
	case c.found.wrong != nil:
		c.rec.Unsound = c.found.wrong.Error()
	default:
		c.rec.Unsound = c.found.list.Sound(c.p.cfg.MinFeatures)
	}
	if half := !c.rec.Outcome.Class.conclusive(); half && c.rec.Unsound == "" {
		c.ledger.Unfinished = c.found.sum()
		c.rec.Unsound = fmt.Sprintf("the session ended as %s before it was finished, with %d features in it", c.rec.Outcome.Class, len(c.found.list.Features))
	}
	if c.rec.Unsound != "" {
		c.emit(Event{Type: EventWarning, Text: "the feature list is not sound: " + c.rec.Unsound})
		return
	}
	pl.Accepted = true
	c.ledger = newLedger(c.found.list, c.rec.Number)
	c.history = append(c.history, HistoryEntry{By: "agent", Session: c.rec.Number, What: "accepted", Detail: fmt.Sprintf("%d features", len(c.ledger.Entries))})
}

// reconcile takes the agent's claims and undoes the rest.
func (c *closing) reconcile(pl *plan) {
	r := c.ledger.reconcile(c.found, author{name: "agent", session: c.rec.Number})
	c.ledger, c.changed = r.ledger, r.changed
	c.history = append(c.history, r.history...)
	for _, v := range r.violations {
		c.violation(v)
	}
	pl.List = r.write
	for _, i := range r.claims {
		key := c.ledger.Key(i)
		pl.Claims = append(pl.Claims, key)
		c.rec.Claimed++
		c.emit(Event{Type: EventClaim, Feature: key})
	}
	for _, i := range r.reports {
		pl.Reports = append(pl.Reports, c.ledger.Key(i))
	}
	if len(pl.Claims) > 1 && len(pl.Claims) == c.p.ledger.Tally().Open {
		c.notes = append(c.notes, fmt.Sprintf("All %d open features were claimed in one session.", len(pl.Claims)))
	}
}

// violation counts what is undone, each thing once.
func (c *closing) violation(text string) {
	if slices.Contains(c.violations, text) {
		return
	}
	c.violations = append(c.violations, text)
	c.rec.Violations = len(c.violations)
	c.notes = append(c.notes, "Undone: "+text+".")
	if !slices.ContainsFunc(c.undone, func(h HistoryEntry) bool { return h.Detail == text }) {
		c.emit(Event{Type: EventViolation, Text: text})
	}
}
