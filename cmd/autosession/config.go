package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession/config"
)

func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "config [DIR]",
		Short: "Print every setting, its value and where it came from",
		Args:  takes(0, 1),
	}
	config.AddFlags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		p, err := a.place(a.project(args))
		if err != nil {
			return err
		}
		snapshot, err := p.snapshot(c.Context())
		if err != nil {
			return err
		}
		conf, err := p.load(c.Flags(), snapshot.Project.Trusted, true)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(map[string]any{"settings": conf.Origins, "ignored": append([]config.Ignored{}, conf.Ignored...)})
		}
		for _, o := range conf.Origins {
			fmt.Fprintf(a.stdout, "%-18s = %-34s %s\n", o.Name, harmless(o.Value), harmless(o.Source))
		}
		for _, i := range conf.Ignored {
			fmt.Fprintf(a.stderr, "%s: %s is ignored: %s\n", harmless(i.Source), i.Name, i.Reason)
		}
		return nil
	}
	return c
}
