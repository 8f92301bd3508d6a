package autosession

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Checking is a check under way, as the next start must know it: what it
// changed in the project is to be put back.
type Checking struct {
	Base Checkpoint `json:"base"` // the tree that it runs on
	At   time.Time  `json:"at"`   // when it began
}

// beatEvery is how often it is noted that a check still runs.
const beatEvery = time.Second

// beatFile lies in the state directory. Its time of change says when a check
// was alive last: what changed later in the project was not the check.
const beatFile = "checking"

// beginCheck stores that a check begins. end puts back what the check changed,
// once nothing of it runs. That it is done is stored with the check's result,
// or at once when it has none.
func (p *project) beginCheck(ctx context.Context, base Checkpoint) (end func(ctx context.Context, result bool) error, err error) {
	p.record.Checking = &Checking{Base: base, At: time.Now()}
	if err := p.apply(ctx, Change{Project: &p.record}); err != nil {
		return nil, err
	}
	still := p.beat()
	return func(ctx context.Context, result bool) error {
		still()
		ctx, cancel := saveContext(ctx)
		defer cancel()
		if err := p.putBack(ctx, base); err != nil {
			return err
		}
		p.record.Checking = nil
		if result {
			return nil
		}
		return p.apply(ctx, Change{Project: &p.record})
	}, nil
}

// beat notes again and again that a check runs, until stop is called. That it
// could not be noted makes what a next start puts back less.
func (p *project) beat() (stop func()) {
	path := filepath.Join(p.cfg.State, beatFile)
	_ = os.WriteFile(path, nil, 0o600)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(beatEvery)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				_ = os.Chtimes(path, time.Time{}, time.Now())
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// putBack brings the tree back to what it was before a check, but for some
// paths, and for the feature list, which is written from the ledger.
func (p *project) putBack(ctx context.Context, base Checkpoint, except ...string) error {
	except = append(except, ListFile)
	if repo, ok := p.cfg.Repo.(Reverter); ok {
		return repo.Revert(ctx, base.ID, except...)
	}
	now, err := p.save(ctx, labelAfterCheck)
	if err != nil {
		return err
	}
	changes, err := p.cfg.Repo.Diff(ctx, base.ID, now.ID)
	if err != nil {
		return err
	}
	var names []string
	for _, c := range changes {
		if !slices.Contains(except, c.Path) {
			names = append(names, c.Path)
		}
	}
	if len(names) == 0 {
		return nil // no names would mean the whole tree
	}
	return p.cfg.Repo.Restore(ctx, base.ID, names...)
}

// undoCheck puts back what a check changed that died with its manager. What a
// person changed since then stays.
func (p *project) undoCheck(ctx context.Context) error {
	c := p.record.Checking
	if c == nil {
		return nil
	}
	names, was, err := p.undo(ctx, *c)
	switch {
	case err != nil: // no reason not to begin: the tree from before is saved, and all else is where it was
		p.report(Event{Type: EventWarning, Text: fmt.Sprintf(
			"what a check changed that was cut short is not put back (checkpoint %.12s is from before it): %v", c.Base.ID, err)})
	case len(names) > 0:
		p.report(Event{Type: EventWarning, Text: fmt.Sprintf(
			"a check was cut short; what it changed is put back: %s. What was there is kept in checkpoint %.12s", clip(strings.Join(names, ", "), 500), was.ID)})
	}
	p.record.Checking = nil
	return p.apply(ctx, Change{Project: &p.record})
}

// undo saves the present, puts back what differs and was not changed after the
// check had died, and says what that was.
func (p *project) undo(ctx context.Context, c Checking) (names []string, was Checkpoint, err error) {
	alive := c.At
	if info, err := os.Stat(filepath.Join(p.cfg.State, beatFile)); err == nil && info.ModTime().After(alive) {
		alive = info.ModTime()
	}
	if was, err = p.save(ctx, "found after a check that was cut short"); err != nil {
		return nil, was, err
	}
	changes, err := p.cfg.Repo.Diff(ctx, c.Base.ID, was.ID)
	var others []string
	for _, change := range changes {
		info, err := p.root.Lstat(change.Path)
		switch {
		case err == nil && info.ModTime().After(alive.Add(2*beatEvery)):
			others = append(others, change.Path)
		case change.Path != ListFile:
			names = append(names, change.Path)
		}
	}
	if err != nil || len(names) == 0 {
		return nil, was, err
	}
	return names, was, p.putBack(ctx, c.Base, others...)
}
