package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
)

func (a *app) featuresCommand() *cobra.Command {
	var history string
	c := &cobra.Command{
		Use:   "features [DIR]",
		Short: "Print the ledger: every feature, its state and its proof",
		Args:  takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.place(a.project(args))
			if err != nil {
				return err
			}
			if history != "" {
				return a.printHistory(c.Context(), p, history)
			}
			snapshot, err := p.snapshot(c.Context())
			if err != nil {
				return err
			}
			if snapshot.Ledger == nil {
				snapshot.Ledger = &autosession.Ledger{}
			}
			return a.printLedger(*snapshot.Ledger)
		},
	}
	c.Flags().StringVar(&history, "history", "", "print what happened to the feature with this id")
	c.AddCommand(a.verifyCommand(), a.resetCommand())
	return c
}

func (a *app) verifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify [ID…]",
		Short: "Run the checks of features again: of those named, or of all that pass",
		Args:  takes(0, anyNumber),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withProject(c, func(ctx context.Context, cfg autosession.Config) error {
				l, err := autosession.Verify(ctx, cfg, args...)
				if err != nil {
					return err
				}
				return a.printLedger(l)
			})
		},
	}
	config.AddFlags(c.Flags())
	return c
}

func (a *app) resetCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "reset",
		Short: "Start over: forget the ledger, so that the list in the project counts as new",
		Args:  takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withProject(c, func(ctx context.Context, cfg autosession.Config) error {
				if err := autosession.Reset(ctx, cfg); err != nil || !a.json {
					return err
				}
				snapshot, err := cfg.Store.Load(ctx)
				if err != nil {
					return err
				}
				return a.printLedger(*cmp.Or(snapshot.Ledger, &autosession.Ledger{}))
			})
		},
	}
	config.AddFlags(c.Flags())
	return c
}

// withProject does something with the configuration of the project at -C. No
// agent is needed for it. stdout is for what came of it alone.
func (a *app) withProject(c *cobra.Command, do func(context.Context, autosession.Config) error) error {
	return a.wired(c, a.dir, a.beside(), func(ctx context.Context, w *parts, signals *signals, _ *screen) error {
		return signals.after(a, do(ctx, w.cfg))
	})
}

// listed is one feature as features --json prints it.
type listed struct {
	ID          string                `json:"id"`
	Category    string                `json:"category"`
	Description string                `json:"description"`
	State       string                `json:"state"` // open, claimed, proven
	Pending     bool                  `json:"pending"`
	Broken      bool                  `json:"broken"`
	BrokenBy    int                   `json:"broken_by,omitempty"`
	BrokenAfter int                   `json:"broken_after,omitempty"`
	Blame       string                `json:"-"`
	Flaky       bool                  `json:"flaky"`
	SeenFailing bool                  `json:"seen_failing"`
	Proof       *autosession.CheckRun `json:"proof"`
	Failure     string                `json:"failure,omitempty"`
}

func (a *app) printLedger(l autosession.Ledger) error {
	list := []listed{}
	for i, e := range l.Entries {
		list = append(list, listed{
			ID: l.Key(i), Category: e.Feature.Category, Description: e.Feature.Description, State: string(e.State),
			Pending: e.Pending, Broken: e.Broken, BrokenBy: e.BrokenBy, BrokenAfter: e.BrokenAfter, Blame: e.Blame(), Flaky: e.Flaky, SeenFailing: e.SeenFailing,
			Proof: e.Proof, Failure: e.Failure,
		})
	}
	if a.json {
		return a.printJSON(list)
	}
	for _, f := range list {
		fmt.Fprintf(a.stdout, "%-8s %-8s %s%s\n", f.State, harmless(f.ID), harmless(f.Description), f.remark())
	}
	return nil
}

// remark is what a person should know besides the state.
func (f listed) remark() string {
	switch {
	case f.Pending:
		return " (claimed; its check is due)"
	case f.Broken:
		return " (broken by " + f.Blame + ")"
	case f.Proof != nil && f.State == "proven":
		how := "own check"
		if f.Proof.Suite {
			how = "suite"
		}
		if f.Flaky {
			how += ", flaky"
		}
		return fmt.Sprintf(" (%s, %s, tree %.8s, by %s, session %d)", how, f.Proof.At.Local().Format(time.DateTime), f.Proof.Tree, harmless(f.Proof.Command), f.Proof.Session)
	}
	return ""
}

func (a *app) printHistory(ctx context.Context, p place, key string) (err error) {
	store, err := p.records(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	entries, err := store.History(ctx, key, 1000)
	if err != nil {
		return err
	}
	if snapshot, err := store.Load(ctx); err != nil || len(entries) == 0 && (snapshot.Ledger == nil || snapshot.Ledger.Find(key) < 0) {
		return cmp.Or(err, error(usageError{fmt.Errorf("cannot find the feature %q; autosession features lists them", key)}))
	}
	if a.json {
		return a.printJSON(append([]autosession.HistoryEntry{}, entries...))
	}
	for _, h := range entries {
		fmt.Fprintf(a.stdout, "%s  session %d  %s %s  %s\n", h.At.Format(time.DateTime), h.Session, h.By, h.What, harmless(h.Detail))
	}
	return nil
}
