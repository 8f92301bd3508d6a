package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/git"
	"github.com/autosession/autosession/sqlite"
)

// records opens the records of a project. It changes nothing.
func (p place) records(ctx context.Context) (*sqlite.Store, error) {
	store, err := sqlite.OpenReadOnly(ctx, p.database())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &noRecordsError{p}
	case err != nil:
		return nil, fmt.Errorf("cannot read the records of %s: %w", p.dir, err)
	}
	return store, nil
}

// noRecordsError says that a project was never seen.
type noRecordsError struct{ place place }

func (e *noRecordsError) Error() string {
	return fmt.Sprintf("cannot find records of %s: nothing was run there, or its state is not in %s", e.place.dir, e.place.state)
}

// snapshot reads what is known of the project. It changes nothing, and a
// project that was never seen is an empty snapshot.
func (p place) snapshot(ctx context.Context) (autosession.Snapshot, error) {
	store, err := p.records(ctx)
	if is[*noRecordsError](err) {
		return autosession.Snapshot{}, nil
	}
	if err != nil {
		return autosession.Snapshot{}, err
	}
	snapshot, err := store.Load(ctx)
	return snapshot, errors.Join(err, store.Close())
}

// checkpoints lists the checkpoints of the project, newest first. It changes
// nothing.
func (p place) checkpoints(ctx context.Context) ([]autosession.Checkpoint, error) {
	return git.List(ctx, p.dir, p.checkpointStore())
}

// look finds the project that a command is about, what is known of it, and
// what is next there. It changes nothing.
func (a *app) look(ctx context.Context, args []string) (place, autosession.Snapshot, autosession.Detection, error) {
	p, err := a.place(a.project(args))
	if err != nil {
		return p, autosession.Snapshot{}, autosession.Detection{}, err
	}
	snapshot, err := p.snapshot(ctx)
	if err != nil {
		return p, snapshot, autosession.Detection{}, err
	}
	d, err := autosession.Detect(p.dir, snapshot.Ledger)
	return p, snapshot, d, err
}
