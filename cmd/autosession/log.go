package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/sqlite"
)

// logged says which events log prints.
type logged struct {
	follow  bool
	denied  bool
	network bool
}

func (a *app) logCommand() *cobra.Command {
	var l logged
	c := &cobra.Command{
		Use:   "log [SESSION]",
		Short: "Print a session's events; without a number those of the last one",
		Args:  takes(0, 1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			p, err := a.place(a.dir)
			if err != nil {
				return err
			}
			store, err := p.records(c.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, store.Close()) }()
			number := 0
			if len(args) > 0 {
				if number, err = strconv.Atoi(args[0]); err != nil || number < 1 {
					return usageError{fmt.Errorf("cannot find session %q: give a number, from 1", args[0])}
				}
			}
			rec, err := findSession(c.Context(), store, number)
			if err != nil {
				return err
			}
			return a.printLog(c.Context(), p, store, rec, l)
		},
	}
	c.Flags().BoolVarP(&l.follow, "follow", "f", false, "go on until the session ends")
	c.Flags().BoolVar(&l.denied, "denied", false, "only what was refused")
	c.Flags().BoolVar(&l.network, "network", false, "only what was contacted")
	return c
}

// findSession finds a session by its number; 0 is the last one.
func findSession(ctx context.Context, store *sqlite.Store, number int) (autosession.SessionRecord, error) {
	snapshot, err := store.Load(ctx)
	if err != nil {
		return autosession.SessionRecord{}, err
	}
	recent := append(slices.Clone(snapshot.Sessions), snapshot.Pending...)
	for _, rec := range slices.Backward(recent) {
		if rec.Number > 0 && (number == 0 || rec.Number == number) {
			return rec, nil
		}
	}
	if rec, found, err := store.Session(ctx, number); err != nil || found {
		return rec, err
	}
	if snapshot.Counted == 0 {
		return autosession.SessionRecord{}, usageError{errors.New("cannot find a session: none was run yet")}
	}
	return autosession.SessionRecord{}, usageError{fmt.Errorf("cannot find session %d: there are %d sessions", number, snapshot.Counted)}
}

// printLog prints the events that there are, and with follow those that come.
func (a *app) printLog(ctx context.Context, p place, store *sqlite.Store, rec autosession.SessionRecord, l logged) error {
	screen := a.screen(autosession.Config{Dir: p.dir})
	screen.verbose = true
	next := int64(1)
	for {
		// Looked at before the events: what came before the end is printed.
		_, held := autosession.ReadHolder(p.state)
		now, err := findSession(ctx, store, rec.Number)
		if err != nil {
			return err
		}
		for e, err := range store.Events(ctx, rec.ID, next) {
			if err != nil {
				return err
			}
			next = e.Seq + 1
			if l.wants(e) {
				screen.event(e)
			}
		}
		if !l.follow || now.Phase == autosession.PhaseEnded {
			return nil
		}
		if !held {
			fmt.Fprintf(a.stderr, "session %d was left by a process that died; the next run closes it\n", now.Number)
			return nil
		}
		if err := autosession.AutoContinue(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func (l logged) wants(e autosession.Event) bool {
	if !l.denied && !l.network {
		return true
	}
	return l.denied && e.Type == autosession.EventDenied || l.network && e.Type == autosession.EventNetwork
}
