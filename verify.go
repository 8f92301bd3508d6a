package autosession

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// Verify holds the project and runs checks again: of the features that are
// named, or of all that are proven or claimed. It returns the ledger as it is
// then. When Config.Stop is closed the check that runs is ended, and what the
// others showed counts.
func Verify(ctx context.Context, cfg Config, keys ...string) (Ledger, error) {
	return withLedger(ctx, cfg, func(p *project) error {
		l := p.ledger.clone()
		all := len(keys) == 0
		for i, e := range l.Entries {
			if all && e.State != FeatureOpen {
				keys = append(keys, l.Key(i))
			}
		}
		for _, key := range keys {
			if l.Find(key) < 0 {
				return unknown("cannot verify %q: there is no such feature; autosession features lists them", key)
			}
		}
		ctx, cancel := p.untilStop(ctx)
		defer cancel()
		round, err := p.newRound(ctx, &l, 0, p.report)
		if err != nil {
			return err
		}
		round.keys(ctx, keys)
		return errors.Join(round.err, p.settled(ctx, round))
	})
}

// Reset holds the project and starts over: what was proven is forgotten, and
// the list in the project counts as new, where it is one. What it says passes
// is a claim again. The records of sessions stay.
func Reset(ctx context.Context, cfg Config) error {
	_, err := withLedger(ctx, cfg, func(p *project) error {
		l := p.unseen()
		p.ledger = &l
		history := append([]HistoryEntry{{By: "person", What: "reset"}}, p.ledger.claims()...)
		return p.apply(ctx, Change{Ledger: p.ledger, History: history})
	})
	return err
}

// unseen is the ledger of a project that we never saw: what the list in it says
// passes is a claim.
func (p *project) unseen() Ledger {
	f := p.lookForList()
	if f.missing || f.wrong != nil {
		return Ledger{}
	}
	return newLedger(f.list, 0)
}

// withLedger holds a project that has a ledger.
func withLedger(ctx context.Context, cfg Config, do func(*project) error) (l Ledger, err error) {
	p, err := hold(ctx, cfg)
	if err != nil {
		return Ledger{}, err
	}
	defer func() { err = errors.Join(err, p.release()) }()
	if p.ledger == nil || len(p.ledger.Entries) == 0 {
		return Ledger{}, fmt.Errorf("cannot find features of %s: no session has made a sound list yet", p.cfg.Dir)
	}
	if err := do(p); err != nil {
		return Ledger{}, err
	}
	return *p.ledger, nil
}

// Trust holds the project and remembers that a person accepts its own
// configuration. hash is asked once the project is rescued.
func Trust(ctx context.Context, cfg Config, hash func(context.Context) (string, error)) error {
	p, err := hold(ctx, cfg)
	if err != nil {
		return err
	}
	if p.record.Trusted, err = hash(ctx); err == nil {
		err = p.apply(ctx, Change{Project: &p.record})
	}
	return errors.Join(err, p.release())
}

// Grant holds the project and lets the next session change one protected path,
// relative to the project, and what is below it.
func Grant(ctx context.Context, cfg Config, path string) error {
	p, err := hold(ctx, cfg)
	if err != nil {
		return err
	}
	if path = filepath.ToSlash(filepath.Clean(path)); p.isProtected(path) {
		p.record.Grants = append(p.record.Grants, path)
		err = p.apply(ctx, Change{Project: &p.record})
	} else {
		err = unknown("cannot grant %s: it is not protected; autosession protect prints what is", path)
	}
	return errors.Join(err, p.release())
}
