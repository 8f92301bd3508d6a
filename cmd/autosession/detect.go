package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/sqlite"
)

func (a *app) detectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "detect [DIR]",
		Short: "Print the kind of the next session, and why",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.place(a.project(args))
			if err != nil {
				return err
			}
			snapshot, err := p.snapshot(c.Context())
			if err != nil {
				return err
			}
			d, err := autosession.Detect(p.dir, snapshot.Ledger)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(d)
			}
			fmt.Fprintf(a.stdout, "%s: %s\n", d.Kind, harmless(d.Reason))
			return nil
		},
	}
}

// snapshot reads what is known of the project. It changes nothing, and a
// project that was never seen is an empty snapshot.
func (p place) snapshot(ctx context.Context) (autosession.Snapshot, error) {
	store, err := sqlite.OpenReadOnly(ctx, p.database())
	if errors.Is(err, fs.ErrNotExist) {
		return autosession.Snapshot{}, nil
	}
	if err != nil {
		return autosession.Snapshot{}, err
	}
	snapshot, err := store.Load(ctx)
	return snapshot, errors.Join(err, store.Close())
}

// printJSON prints one JSON value on stdout.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("cannot print: %w", err)
	}
	return nil
}
