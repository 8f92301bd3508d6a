package autosession

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rollback holds the project and brings tree and ledger back to a checkpoint,
// named by its id or by the beginning of it. The list of today stays, if there
// was one then: a feature that is now another one is open. The present is saved
// first; the checkpoint that holds it is returned. No commit and no branch of
// the project is changed; commits that cannot be reached any more are brought
// back, below refs/autosession/kept/, and a repository that is gone is made
// anew. Killed half-way, the next start completes it, unless that is a rollback
// to elsewhere.
func Rollback(ctx context.Context, cfg Config, id string) (before Checkpoint, err error) {
	// One that was cut short, or cannot be completed, ends with this one.
	p, err := holdAnd(ctx, cfg, func(*project, context.Context) error { return nil })
	if err != nil {
		return Checkpoint{}, err
	}
	defer func() { err = errors.Join(err, p.release()) }()
	goal, err := p.findCheckpoint(ctx, id)
	if err != nil {
		return Checkpoint{}, err
	}
	if before, err = p.save(ctx, "manual: before the rollback to "+goal.Label); err != nil {
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
		return Checkpoint{}, unknown("cannot find checkpoint %q; autosession checkpoints lists what is kept", id)
	}
	return Checkpoint{}, unknown("cannot tell which checkpoint %q is: %d begin with it; give more of the id", id, len(hits))
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
	if err := p.rollBack(ctx, goal); err != nil {
		return fmt.Errorf("%w; the rollback to checkpoint %.12s is under way: a rollback to another one takes its place", err, goal.ID)
	}
	return nil
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
	if p.ledger != nil {
		l, err := p.rewind(ctx, goal)
		if err != nil {
			return err
		}
		if len(l.Entries) > 0 {
			if err := p.writeList(l.List()); err != nil {
				return err
			}
		}
		change.Ledger, change.History = &l, rewound(*p.ledger, l, goal)
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
	if !slices.ContainsFunc(lost, func(l LostRef) bool { return l.ID != "" }) {
		return false, nil
	}
	p.report(Event{Type: EventWarning, Text: fmt.Sprintf("commits that could not be reached any more are brought back from checkpoint %.12s", checkpoint)})
	return true, h.RestoreHistory(ctx, checkpoint)
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
// a person drops it. The ledger of that moment is known with it.
func SaveCheckpoint(ctx context.Context, cfg Config, name string) (Checkpoint, error) {
	var made Checkpoint
	err := withRepo(ctx, cfg, func(p *project, _ Pruner) (err error) {
		if made, err = p.save(ctx, "manual: "+name); err != nil {
			return err
		}
		return p.apply(ctx, Change{})
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
