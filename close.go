package autosession

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autosession/autosession/internal/reach"
)

// The steps of CLOSE, in order. A record's Step is the last one that is done.
// Up to committed the next start does it all again; from there on the session
// is over, and the next start does what is left. What changes nothing that a
// next start would have to know is stored with the step after it.
const (
	stepClosing   = 1 // the row says so, with provisional outcome and usage
	stepEnded     = 2 // nothing of the agent lives; its events are written
	stepLeft      = 3 // the tree is saved as the agent left it
	stepPlanned   = 4 // what to put back and what to check is stored
	stepRestored  = 5 // protected files and the list without unproven claims are back
	stepChecked   = 6 // every check that could run has run
	stepCommitted = 7 // ledger, verdicts, outcome and ended, in one transaction
	stepWritten   = 8 // the list is written from the ledger
	stepSaved     = 9 // the tree is saved as it is now
)

// closing is CLOSE of one session. A live session and the rescue of a dead one
// run the same steps.
type closing struct {
	p      *project
	rec    *SessionRecord
	end    func(ctx context.Context) error // ends the agent and fills in usage and counts
	events *recorder
	check  bool           // run the checks; else claims stay pending
	undone []HistoryEntry // what was undone while it ran; it was reported then
	kept   []string       // where the agent's versions are

	begun      time.Time // when CLOSE began: the session's end
	edited     bool      // the tree may not be what it was left as
	found      found
	ledger     Ledger
	changed    map[int]bool
	history    []HistoryEntry
	violations []string
	notes      []string
}

// close goes through the steps. After the first one nothing but a failure of
// the store or of the disk stops it, and then the next start goes on.
func (c *closing) close(ctx context.Context) error {
	c.begun = time.Now()
	if c.begun.Before(c.rec.Started) { // a stop came while the prompt waited for its moment
		c.begun = c.rec.Started
	}
	saving, cancel := saveContext(ctx)
	defer cancel()
	if err := c.leave(saving); err != nil {
		return errors.Join(err, c.events.close())
	}
	pl, err := c.plan(saving)
	if err == nil {
		err = c.restore(saving, pl)
	}
	if err == nil {
		// Checks may take long: their bound is the caller's, not the saving's.
		err = c.runChecks(ctx, pl)
	}
	if err == nil {
		saving, cancel := saveContext(ctx)
		defer cancel()
		err = c.commit(saving)
	}
	return errors.Join(err, c.events.close())
}

// step stores how far CLOSE came.
func (c *closing) step(ctx context.Context, n int) error {
	c.rec.Step = n
	return c.p.apply(ctx, Change{Session: c.rec})
}

// leave is steps 1 to 3.
func (c *closing) leave(ctx context.Context) error {
	c.rec.Phase = PhaseClosing
	if err := c.step(ctx, stepClosing); err != nil {
		return err
	}
	if err := errors.Join(c.end(ctx), reach.Dir(c.p.cfg.Dir)); err != nil {
		c.emit(Event{Type: EventWarning, Text: err.Error()})
	}
	if c.rec.Left != "" {
		// A CLOSE that was cut short: what it wrote since is taken back where
		// the plan depends on it.
		c.p.present, c.edited = nil, true
		return c.p.cfg.Repo.Restore(ctx, c.rec.Left, ListFile, c.notesFile())
	}
	left, err := c.p.save(ctx, fmt.Sprintf("left %d", c.rec.Number))
	if err != nil {
		return err
	}
	c.rec.Left = left.ID
	c.p.present = &left
	return nil
}

// restore is step 5. Each write is atomic and can be repeated.
func (c *closing) restore(ctx context.Context, pl plan) error {
	if len(pl.PutBack) == 0 && !pl.List && len(pl.Lost) == 0 {
		return nil
	}
	if len(pl.Lost) > 0 {
		if err := c.p.cfg.Repo.(Historian).RestoreHistory(ctx, c.rec.Opened); err != nil {
			return err
		}
	}
	c.edited = true
	if len(pl.PutBack) > 0 {
		c.p.present = nil
		if err := c.p.cfg.Repo.Restore(ctx, c.rec.Opened, pl.PutBack...); err != nil {
			return err
		}
		c.tellWhere(fmt.Sprintf("The versions of %s that were put back are kept in checkpoint %.12s.", strings.Join(pl.PutBack, ", "), c.rec.Left))
	}
	if pl.List {
		aside, err := c.p.keepAside(ctx, c.found, c.rec.Left)
		if err != nil {
			return err
		}
		if aside != "" && c.rec.Violations > 0 {
			c.kept = append(c.kept, aside)
		}
		if err := c.p.writeList(c.ledger.List()); err != nil {
			return err
		}
	}
	return c.step(ctx, stepRestored)
}

// runChecks is step 6. What cannot be checked now stays pending.
func (c *closing) runChecks(ctx context.Context, pl plan) error {
	if !c.check || len(c.ledger.Entries) == 0 {
		return nil
	}
	ctx, stop := c.p.untilStop(ctx)
	defer stop()
	round, err := c.p.newRound(ctx, &c.ledger, c.rec.Number, c.emit)
	if err != nil {
		return err
	}
	round.mark(c.changed)
	switch {
	case pl.Accepted:
		round.untried(ctx)
	default:
		round.keys(ctx, pl.Claims)
		round.reports(ctx, pl.Reports)
		round.sample(ctx)
	}
	c.rec.Proven, c.rec.Disproved, c.rec.Broken = round.proven, round.disproved, round.credit[c.rec.Number].broken
	c.history = append(c.history, round.history...)
	c.notes = append(c.notes, round.notes...)
	c.changed = round.changed
	if round.err != nil {
		c.emit(Event{Type: EventWarning, Text: round.err.Error()})
	}
	if len(round.runs) == 0 {
		return nil
	}
	c.edited = true
	saving, cancel := saveContext(ctx)
	defer cancel()
	c.rec.Step = stepChecked
	return c.p.apply(saving, Change{Session: c.rec, Project: &c.p.record, Checks: round.runs})
}

// commit is steps 7 to 9. The session is over with the first of them.
func (c *closing) commit(ctx context.Context) error {
	for _, where := range c.kept {
		if where != "" {
			c.tellWhere("What was undone is kept in " + where + ".")
		}
	}
	p := c.p
	c.rec.Notes = c.notes
	c.rec.Phase, c.rec.Step, c.rec.Ended, c.rec.Plan = PhaseEnded, stepCommitted, c.begun, nil
	if c.rec.Active == 0 { // else the rescue knows it from the events
		c.rec.Active = max(time.Since(c.rec.Started), 0)
	}
	if c.asLeft() {
		c.rec.Closed, c.rec.Step = c.rec.Left, stepSaved
	}
	p.record.Grants = nil
	if look, err := p.cfg.Repo.Look(ctx); err == nil {
		for _, text := range p.unusual(look) {
			c.emit(Event{Type: EventWarning, Text: text})
		}
		p.record.RootCommit = look.RootCommit
	}
	run := p.run.after(*c.rec)
	change := Change{Session: c.rec, Run: &run, Project: &p.record, History: c.history}
	if c.rec.Kind == Init || len(c.ledger.Entries) != len(p.ledger.Entries) {
		change.Ledger = &c.ledger
	} else {
		change.Entries = map[int]LedgerEntry{}
		for i := range c.changed {
			change.Entries[i] = c.ledger.Entries[i]
		}
	}
	if err := p.apply(ctx, change); err != nil {
		return err
	}
	p.run, p.ledger = &run, &c.ledger
	p.spent = p.spent.Add(c.rec.Usage, c.rec.Active)
	p.remember(c.rec)
	c.emit(Event{Type: EventClosed, Kind: c.rec.Kind, Outcome: &c.rec.Outcome})
	if c.rec.Step == stepSaved {
		return nil
	}
	return p.finish(ctx, c.rec)
}

// tellWhere tells the next session and the person where something is kept.
func (c *closing) tellWhere(text string) {
	c.notes = append(c.notes, text)
	c.emit(Event{Type: EventNote, Text: text})
}

// asLeft says that CLOSE changes nothing in the project, so that the tree as
// the agent left it is also the tree after CLOSE.
func (c *closing) asLeft() bool {
	if info, err := c.p.root.Lstat(c.p.cfg.Notes); c.edited || c.p.cfg.CommitLeftovers || err == nil && info.Size() > maxNotes {
		return false
	}
	if len(c.ledger.Entries) == 0 {
		return true
	}
	return !c.found.missing && c.found.wrong == nil && c.found.list.same(c.ledger.List())
}

// remember keeps the last sessions in memory as the store does.
func (p *project) remember(rec *SessionRecord) {
	p.sessions = append(p.sessions, *rec)
	p.sessions = p.sessions[max(0, len(p.sessions)-RecentSessions):]
}

// finish is steps 8 and 9 of a session that was committed.
func (p *project) finish(ctx context.Context, rec *SessionRecord) error {
	if len(p.ledger.Entries) > 0 {
		if err := p.writeList(p.ledger.List()); err != nil {
			return err
		}
	}
	if err := p.archiveNotes(rec.Number); err != nil {
		return err
	}
	p.commitLeftovers(ctx, rec.Number)
	closed, err := p.save(ctx, fmt.Sprintf("closed %d", rec.Number))
	if err != nil {
		return err
	}
	p.present = &closed
	rec.Closed, rec.Step = closed.ID, stepSaved
	if n := len(p.sessions); n > 0 && p.sessions[n-1].ID == rec.ID {
		p.sessions[n-1] = *rec
	}
	return p.apply(ctx, Change{Session: rec})
}

func (c *closing) emit(e Event) {
	// A failure of the store is reported by the step that follows.
	_ = c.events.emit(e)
}

// notesFile is the notes of a session. A rescue may not know yet what the
// project's own configuration calls them.
func (c *closing) notesFile() string { return cmp.Or(c.rec.NotesFile, c.p.cfg.Notes) }

// lostNotes says what an agent did to the notes of earlier sessions, when a
// change left nothing of them. Else it is "".
func (c *closing) lostNotes(ch FileChange) string {
	if ch.Path != c.notesFile() || ch.Status == "added" {
		return ""
	}
	info, err := c.p.root.Lstat(ch.Path)
	switch {
	case err != nil:
		return "deleted"
	case !info.Mode().IsRegular():
		return "replaced by something that is no file"
	case strings.TrimSpace(c.p.readText(ch.Path, MaxListSize)) == "":
		return "emptied"
	}
	return ""
}

// isProtected says whether the session may not change a path: by what was
// protected when it was opened, and by what is now.
func (c *closing) isProtected(name string) bool {
	matches := func(pattern string) bool { return protects(pattern, name) }
	return slices.ContainsFunc(c.rec.Protected, matches) || c.p.isProtected(name)
}

// isProtected says whether an agent may not change a path.
func (p *project) isProtected(name string) bool {
	return slices.ContainsFunc(p.protected(), func(pattern string) bool { return protects(pattern, name) })
}
