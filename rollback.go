package autosession

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rollback holds the project and brings tree and ledger back to a checkpoint,
// named by its id or by the beginning of it. The present is saved first; the
// checkpoint that holds it is returned. No commit and no branch of the project
// is changed; commits that cannot be reached any more are brought back, below
// refs/autosession/kept/, and a repository that is gone is made anew. Killed
// half-way, the next start completes it.
func Rollback(ctx context.Context, cfg Config, id string) (before Checkpoint, err error) {
	p, err := hold(ctx, cfg)
	if err != nil {
		return Checkpoint{}, err
	}
	defer func() { err = errors.Join(err, p.release()) }()
	goal, err := p.findCheckpoint(ctx, id)
	if err != nil {
		return Checkpoint{}, err
	}
	if before, err = p.cfg.Repo.Save(ctx, "manual: before the rollback to "+goal.Label); err != nil {
		return Checkpoint{}, err
	}
	p.record.Rollback = goal.ID
	if err := p.apply(ctx, Change{Project: &p.record}); err != nil {
		return before, err
	}
	return before, p.rollBack(ctx, goal)
}

// findCheckpoint finds the checkpoint whose id begins with id.
func (p *project) findCheckpoint(ctx context.Context, id string) (Checkpoint, error) {
	pruner, ok := p.cfg.Repo.(Pruner)
	if !ok {
		return Checkpoint{}, errors.New("cannot find checkpoints: this repository does not list them")
	}
	all, err := pruner.Checkpoints(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	var hits []Checkpoint
	for _, c := range all {
		if id != "" && strings.HasPrefix(c.ID, id) {
			hits = append(hits, c)
		}
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return Checkpoint{}, fmt.Errorf("cannot find checkpoint %q; autosession checkpoints lists what is kept", id)
	}
	return Checkpoint{}, fmt.Errorf("cannot tell which checkpoint %q is: %d begin with it; give more of the id", id, len(hits))
}

// goOn completes a rollback that a dead process left.
func (p *project) goOn(ctx context.Context) error {
	if p.record.Rollback == "" {
		return nil
	}
	goal, err := p.findCheckpoint(ctx, p.record.Rollback)
	if err != nil {
		return err
	}
	p.report(Event{Type: EventWarning, Text: "a rollback was cut short; it is completed"})
	return p.rollBack(ctx, goal)
}

// rollBack restores lost commits, the tree, the list and then, in one transaction, the
// ledger. Each part can be repeated. The list comes before the transaction:
// after it, what lies in the project is a person's.
func (p *project) rollBack(ctx context.Context, goal Checkpoint) error {
	p.present = nil
	if err := p.keepCommits(ctx, goal); err != nil {
		return err
	}
	if err := p.cfg.Repo.Restore(ctx, goal.ID); err != nil {
		return err
	}
	change := Change{}
	if p.ledger != nil && len(p.ledger.Entries) > 0 {
		l, history, err := p.ledgerAt(ctx, goal)
		if err != nil {
			return err
		}
		if err := p.writeList(l.List()); err != nil {
			return err
		}
		change.Ledger, change.History = &l, history
	}
	if n := len(p.sessions); n > 0 {
		last := &p.sessions[n-1]
		const told = "A person rolled the project back to checkpoint "
		last.Notes = slices.DeleteFunc(last.Notes, func(note string) bool { return strings.HasPrefix(note, told) })
		last.Notes = append(last.Notes, fmt.Sprintf("%s%.12s (%s): later work is gone from the tree.", told, goal.ID, goal.Label))
		change.Session = last
	}
	p.record.Rollback = ""
	change.Project = &p.record
	if err := p.apply(ctx, change); err != nil {
		return err
	}
	if change.Ledger != nil {
		p.ledger = change.Ledger
	}
	return nil
}

// keepCommits makes reachable again what was committed when the goal of a
// rollback was saved. A repository that is gone is made anew first, with its
// branches where they stood when it was there last.
func (p *project) keepCommits(ctx context.Context, goal Checkpoint) error {
	historian, ok := p.cfg.Repo.(Historian)
	if !ok {
		return nil
	}
	look, err := p.cfg.Repo.Look(ctx)
	if err != nil {
		return err
	}
	if pruner, ok := p.cfg.Repo.(Pruner); ok && look.Head == "" {
		list, err := pruner.Checkpoints(ctx)
		if err != nil {
			return err
		}
		for _, c := range list {
			found, err := p.bringBack(ctx, historian, c.ID)
			if err != nil {
				return err
			}
			if found {
				break
			}
		}
	}
	_, err = p.bringBack(ctx, historian, goal.ID)
	return err
}

// bringBack makes the commits of a checkpoint reachable, and says whether some
// were not.
func (p *project) bringBack(ctx context.Context, h Historian, checkpoint string) (bool, error) {
	lost, err := h.Lost(ctx, checkpoint)
	if err != nil {
		// A history that cannot be compared is no reason not to go back.
		p.report(Event{Type: EventWarning, Text: err.Error()})
		return false, nil
	}
	if len(lost) == 0 {
		return false, nil
	}
	p.report(Event{Type: EventWarning, Text: fmt.Sprintf("commits that could not be reached any more are brought back from checkpoint %.12s", checkpoint)})
	return true, h.RestoreHistory(ctx, checkpoint)
}

// ledgerAt is the ledger with every feature in the state that its history
// gives it at the moment of a checkpoint, and what that adds to the history.
// The list itself stays as it is now.
func (p *project) ledgerAt(ctx context.Context, goal Checkpoint) (Ledger, []HistoryEntry, error) {
	archive, ok := p.cfg.Store.(Archive)
	if !ok {
		return Ledger{}, nil, errors.New("cannot bring the ledger back: this store keeps no history")
	}
	was := map[string]HistoryEntry{}
	for h, err := range archive.Chain(ctx) {
		switch {
		case err != nil:
			return Ledger{}, nil, err
		case h.At.After(goal.At):
		case h.What == "reset":
			clear(was)
		case stateAfter[h.What] != "":
			was[h.Feature] = h
		}
	}
	detail := fmt.Sprintf("to checkpoint %.12s (%s) of %s", goal.ID, goal.Label, goal.At.Format(time.DateTime))
	history := []HistoryEntry{{By: "person", What: "rolled back", Detail: detail}}
	l := p.ledger.clone()
	for i := range l.Entries {
		key, before := l.Key(i), l.Entries[i]
		then := was[key]
		if err := p.takeBack(ctx, archive, &l.Entries[i], key, then, goal.At); err != nil {
			return Ledger{}, nil, err
		}
		if is := l.Entries[i]; is.State != before.State || is.Broken != before.Broken {
			// A later rollback to a moment after this one finds it here.
			history = append(history, HistoryEntry{
				Feature: key, By: "person", Session: then.Session, What: cmp.Or(then.What, "reopened"), Detail: "rolled back " + detail,
			})
		}
	}
	return l, history, nil
}

// stateAfter is the state that a change of a feature leaves it in.
var stateAfter = map[string]FeatureState{
	"claimed": FeatureClaimed, "proven": FeatureProven,
	"disproved": FeatureOpen, "broken": FeatureOpen, "reopened": FeatureOpen, "edited": FeatureOpen, "added": FeatureOpen,
}

// takeBack gives an entry the state that it had. What is known of its check
// stays known.
func (p *project) takeBack(ctx context.Context, a Archive, e *LedgerEntry, key string, was HistoryEntry, at time.Time) error {
	e.State = cmp.Or(stateAfter[was.What], FeatureOpen)
	e.Pending, e.ClaimedBy = e.State == FeatureClaimed && was.By != "check", was.Session
	e.Broken, e.BrokenAfter, e.BrokenBy, e.Flaky, e.Proof = was.What == "broken", 0, 0, false, nil
	if e.Broken {
		e.BrokenAfter, e.BrokenBy = max(was.Session-1, 0), was.Session
	}
	if e.State != FeatureProven {
		return nil
	}
	runs, err := a.Checks(ctx, key, 1000)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.Passed && !r.At.After(at) {
			r.Output = ""
			e.Proof = &r
			return nil
		}
	}
	e.State, e.Pending = FeatureClaimed, true // its proof is not there any more: the check is due
	return nil
}

// Checkpoints holds the project and lists its checkpoints, newest first.
func Checkpoints(ctx context.Context, cfg Config) ([]Checkpoint, error) {
	var list []Checkpoint
	err := withRepo(ctx, cfg, func(p *project, r Pruner) (err error) {
		list, err = r.Checkpoints(ctx)
		return err
	})
	return list, err
}

// SaveCheckpoint holds the project and makes a checkpoint that is kept until
// a person drops it.
func SaveCheckpoint(ctx context.Context, cfg Config, name string) (Checkpoint, error) {
	var made Checkpoint
	err := withRepo(ctx, cfg, func(p *project, _ Pruner) (err error) {
		made, err = p.cfg.Repo.Save(ctx, "manual: "+name)
		return err
	})
	return made, err
}

func withRepo(ctx context.Context, cfg Config, do func(*project, Pruner) error) error {
	p, err := hold(ctx, cfg)
	if err != nil {
		return err
	}
	pruner, ok := p.cfg.Repo.(Pruner)
	if !ok {
		err = errors.New("cannot list checkpoints: this repository does not")
	} else {
		err = do(p, pruner)
	}
	return errors.Join(err, p.release())
}
