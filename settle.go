package autosession

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/autosession/autosession/internal/reach"
)

// takeStock looks at the feature list between sessions. What a person changed
// is taken over; a list that is gone or broken is written again. The error is
// a [*ListError] for a list that cannot be used and not be restored.
func (p *project) takeStock(ctx context.Context) (Detection, error) {
	f := p.lookForList()
	d := detect(f, p.ledger)
	switch {
	case d.Problem != nil:
		return d, d.Problem
	case d.Kind == Init:
		return d, nil
	case p.ledger == nil || len(p.ledger.Entries) == 0:
		return d, p.adopt(ctx, f)
	}
	r := p.ledger.reconcile(f, author{name: "person"})
	if r.write {
		aside, err := p.keepAside(ctx, f, "")
		if err != nil {
			return d, err
		}
		p.report(Event{Type: EventWarning, Text: d.Reason + keptWhere(aside)})
		if err := p.writeList(r.ledger.List()); err != nil {
			return d, err
		}
	}
	if len(r.history) == 0 {
		return d, nil
	}
	if err := p.apply(ctx, Change{Ledger: &r.ledger, History: r.history}); err != nil {
		return d, err
	}
	p.ledger = &r.ledger
	return detect(p.lookForList(), p.ledger), nil
}

func keptWhere(aside string) string {
	if aside == "" {
		return ""
	}
	return "; what was there is kept in " + aside
}

// adopt takes over a list that was there before we saw the project. What it
// says passes is a claim.
func (p *project) adopt(ctx context.Context, f found) error {
	l := newLedger(f.list, 0)
	history := append([]HistoryEntry{{By: "person", What: "accepted", Detail: fmt.Sprintf("%d features", len(l.Entries))}}, l.claims()...)
	if err := p.apply(ctx, Change{Ledger: &l, History: history}); err != nil {
		return err
	}
	p.ledger = &l
	return nil
}

// settle runs the checks that are due between sessions: of claims that were
// left pending or have a check only now, of features whose check never ran, and, when every feature
// passes, of all whose proof is of another tree.
func (p *project) settle(ctx context.Context) error {
	if p.ledger == nil || len(p.ledger.Entries) == 0 || !p.due() {
		return nil
	}
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	l := p.ledger.clone()
	round, err := p.newRound(ctx, &l, 0, p.report)
	if err != nil {
		return err
	}
	round.pending(ctx)
	round.untried(ctx)
	if l.Tally().Complete() {
		round.reprove(ctx)
	}
	if len(round.changed) == 0 && len(round.runs) == 0 {
		return round.err
	}
	return errors.Join(round.err, p.settled(ctx, round))
}

// settled stores what a round between sessions showed.
func (p *project) settled(ctx context.Context, r *round) error {
	ctx, cancel := saveContext(ctx)
	defer cancel()
	change := Change{Entries: map[int]LedgerEntry{}, History: r.history, Checks: r.runs, Project: &p.record}
	for i := range r.changed {
		change.Entries[i] = r.ledger.Entries[i]
	}
	if n := len(p.sessions); n > 0 {
		// What was found between sessions is told to the next one, and the
		// claims of a session that was cut short are counted as its own.
		last := &p.sessions[n-1]
		last.Notes = append(last.Notes, r.notes...)
		last.Proven += r.credit[last.Number].proven
		last.Disproved += r.credit[last.Number].disproved
		last.Broken += r.credit[last.Number].broken
		change.Session = last
	}
	if err := p.apply(ctx, change); err != nil {
		return err
	}
	p.ledger = r.ledger
	return p.writeList(p.ledger.List())
}

// due says whether settle could have something to do.
func (p *project) due() bool {
	if p.ledger.Tally().Complete() {
		return true
	}
	for _, e := range p.ledger.Entries {
		if p.cfg.Checks.due(e) || p.cfg.Checks.untried(e) {
			return true
		}
	}
	return false
}

// proofsHold says whether every proof is of the present tree.
func (p *project) proofsHold(ctx context.Context) (bool, error) {
	if p.ledger == nil || !p.ledger.Tally().Complete() {
		return false, nil
	}
	now, err := p.tree(ctx)
	if err != nil {
		return false, err
	}
	look := RepoState{}
	if p.cfg.Checks.Clean {
		if look, err = p.cfg.Repo.Look(ctx); err != nil {
			return false, err
		}
	}
	for _, e := range p.ledger.Entries {
		if e.State == FeatureProven && !p.cfg.Checks.hold(e, now.Tree, look.Head) {
			return false, nil
		}
	}
	return true, nil
}

// writeList writes the feature list, unless the file says the same already:
// its layout is the agent's affair.
func (p *project) writeList(list FeatureList) error {
	f := p.lookForList()
	if !f.missing && f.wrong == nil && f.list.same(list) {
		return nil
	}
	data, err := list.Format()
	if err != nil {
		return err
	}
	if info, err := p.root.Lstat(ListFile); err == nil && !info.Mode().IsRegular() {
		if err := (reach.Root{Root: p.root}).RemoveAll(ListFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot write %s: %w", ListFile, err)
		}
	}
	return p.writeFile(ListFile, data)
}
