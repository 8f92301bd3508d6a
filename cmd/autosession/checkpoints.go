package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
)

func (a *app) checkpointsCommand() *cobra.Command {
	return a.projectCommand("checkpoints [DIR]", "List the checkpoints of the project, newest first", cobra.MaximumNArgs(1),
		func(ctx context.Context, cfg autosession.Config, _ []string) error {
			list, err := autosession.Checkpoints(ctx, cfg)
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
		})
}

func (a *app) checkpointCommand() *cobra.Command {
	return a.projectCommand("checkpoint NAME", "Save the project's tree under a name", cobra.ExactArgs(1),
		func(ctx context.Context, cfg autosession.Config, args []string) error {
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
	return a.projectCommand("rollback ID", "Bring tree and ledger back to a checkpoint, after saving the present", cobra.ExactArgs(1),
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
	c := a.projectCommand("protect", "Print what is protected from the agent", cobra.NoArgs,
		func(_ context.Context, cfg autosession.Config, _ []string) error {
			list := append([]string{cfg.Spec, config.FileName}, cfg.Protect...)
			if a.json {
				return a.printJSON(list)
			}
			for _, pattern := range list {
				fmt.Fprintln(a.stdout, harmless(pattern))
			}
			return nil
		})
	allow := a.projectCommand("allow PATH", "Let the next session change one protected path", cobra.ExactArgs(1),
		func(ctx context.Context, cfg autosession.Config, args []string) error {
			if err := autosession.Grant(ctx, cfg, args[0]); err != nil || !a.json {
				return err
			}
			return a.printJSON(map[string]string{"granted": args[0]})
		})
	allow.Args = usage(allow.Args)
	c.AddCommand(allow)
	return c
}

// projectCommand makes a command that works on a project without an agent. A
// command whose argument is the project is named with DIR.
func (a *app) projectCommand(use, short string, args cobra.PositionalArgs, do func(context.Context, autosession.Config, []string) error) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: args}
	config.AddFlags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		if c.Name() == "checkpoints" && len(args) > 0 {
			a.dir = args[0]
		}
		return a.withProject(c, func(ctx context.Context, cfg autosession.Config) error { return do(ctx, cfg, args) })
	}
	return c
}
