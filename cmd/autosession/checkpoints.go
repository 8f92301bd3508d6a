package main

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
)

func (a *app) checkpointsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "checkpoints [DIR]",
		Short: "List the checkpoints of the project, newest first",
		Args:  takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.place(a.project(args))
			if err != nil {
				return err
			}
			list, err := p.checkpoints(c.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(append([]autosession.Checkpoint{}, list...))
			}
			for _, c := range list {
				fmt.Fprintf(a.stdout, "%.12s  %s  %s\n", c.ID, c.At.Local().Format(time.DateTime), harmless(c.Label))
			}
			return nil
		},
	}
	config.AddFlags(c.Flags())
	return c
}

func (a *app) checkpointCommand() *cobra.Command {
	return a.projectCommand("checkpoint NAME", "Save the project's tree under a name", takes(1, 1),
		func(ctx context.Context, cfg autosession.Config, args []string) error {
			if name := args[0]; strings.TrimSpace(name) == "" || strings.ContainsFunc(name, unicode.IsControl) {
				return usageError{fmt.Errorf("cannot name a checkpoint %q: give one line of visible characters", name)}
			}
			made, err := autosession.SaveCheckpoint(ctx, cfg, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(made)
			}
			fmt.Fprintf(a.stdout, "%.12s\n", made.ID)
			return nil
		})
}

func (a *app) rollbackCommand() *cobra.Command {
	return a.projectCommand("rollback ID", "Bring tree and ledger back to a checkpoint, after saving the present", takes(1, 1),
		func(ctx context.Context, cfg autosession.Config, args []string) error {
			before, err := autosession.Rollback(ctx, cfg, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"saved": before})
			}
			fmt.Fprintf(a.stdout, "rolled back; what was there is kept as %.12s\n", before.ID)
			return nil
		})
}

func (a *app) protectCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "protect",
		Short: "Print what is protected from the agent",
		Args:  takes(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.printProtected(c) },
	}
	config.AddFlags(c.Flags())
	allow := a.projectCommand("allow PATH", "Let the next session change one protected path", takes(1, 1),
		func(ctx context.Context, cfg autosession.Config, args []string) error {
			if err := autosession.Grant(ctx, cfg, args[0]); err != nil || !a.json {
				return err
			}
			return a.printJSON(map[string]string{"granted": args[0]})
		})
	c.AddCommand(allow)
	return c
}

// printProtected prints what the settings protect, as they are now.
func (a *app) printProtected(c *cobra.Command) error {
	p, err := a.place(a.dir)
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
	list := append([]string{p.specName(conf), config.FileName}, conf.Protect...)
	if a.json {
		return a.printJSON(list)
	}
	for _, pattern := range list {
		fmt.Fprintln(a.stdout, harmless(pattern))
	}
	return nil
}

// projectCommand makes a command that works on the project at -C without an
// agent.
func (a *app) projectCommand(use, short string, args cobra.PositionalArgs, do func(context.Context, autosession.Config, []string) error) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: args}
	config.AddFlags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.withProject(c, func(ctx context.Context, cfg autosession.Config) error { return do(ctx, cfg, args) })
	}
	return c
}
