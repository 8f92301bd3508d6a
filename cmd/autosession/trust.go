package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
)

func (a *app) trustCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "trust [DIR]",
		Short: "Accept what the project's own autosession.toml runs or permits",
		Args:  takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.place(a.project(args))
			if err != nil {
				return err
			}
			conf, err := p.load(nil, "", true)
			if err != nil {
				return err
			}
			if conf.Hash == "" {
				return usageError{fmt.Errorf("cannot trust %s: it has no autosession.toml", p.dir)}
			}
			conf.NoSandbox = true // nothing runs
			w, err := wire(c.Context(), p, conf, "")
			if err != nil {
				return err
			}
			err = autosession.Trust(c.Context(), w.cfg, func(context.Context) (string, error) {
				// What lies there is a person's once the project is rescued.
				now, err := p.load(nil, "", true)
				conf.Hash, conf.Ignored = now.Hash, now.Ignored
				return now.Hash, err
			})
			if err := errors.Join(err, w.close()); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"hash": conf.Hash, "accepted": append([]config.Ignored{}, conf.Ignored...)})
			}
			for _, i := range conf.Ignored {
				fmt.Fprintf(a.stdout, "accepted: %s = %s (%s)\n", i.Name, harmless(i.Value), i.Source)
			}
			fmt.Fprintf(a.stdout, "trusted as it is now; a change asks again\n")
			return nil
		},
	}
}
