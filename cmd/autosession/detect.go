package main

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) detectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "detect [DIR]",
		Short: "Print the kind of the next session, and why",
		Args:  takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			_, _, d, err := a.look(c.Context(), args)
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

// printJSON prints one JSON value on stdout.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return cmp.Or(a.stdout.lost(), fmt.Errorf("cannot print: %w", err))
	}
	return nil
}
