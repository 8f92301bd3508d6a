package autosession

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
		if _, _, err := p.putBack(ctx, labelAfterCheck, base, time.Time{}); err != nil {
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

// undoCheck puts back what a check changed that died with its manager. What a
// person changed since then stays.
func (p *project) undoCheck(ctx context.Context) error {
	c := p.record.Checking
	if c == nil {
		return nil
	}
	alive := c.At
	if info, err := os.Stat(filepath.Join(p.cfg.State, beatFile)); err == nil && info.ModTime().After(alive) {
		alive = info.ModTime()
	}
	names, was, err := p.putBack(ctx, "found after a check that was cut short", c.Base, alive.Add(2*beatEvery))
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

// putBack saves the present and brings back what differs from before a check,
// and says what that was: but for the feature list, which is written from the
// ledger, and what was changed after until. The zero moment is no bound.
func (p *project) putBack(ctx context.Context, label string, base Checkpoint, until time.Time) (names []string, now Checkpoint, err error) {
	now, err = p.save(ctx, label)
	if err != nil || now.Tree == base.Tree {
		return nil, now, err
	}
	changes, err := p.cfg.Repo.Diff(ctx, base.ID, now.ID)
	if err != nil {
		return nil, now, err
	}
	for _, c := range changes {
		info, err := p.root.Lstat(c.Path)
		others := err == nil && !until.IsZero() && info.ModTime().After(until)
		if c.Path != ListFile && !others {
			names = append(names, c.Path)
		}
	}
	if len(names) == 0 {
		return nil, now, nil // no names would mean the whole tree
	}
	return names, now, p.cfg.Repo.Restore(ctx, base.ID, names...)
}
