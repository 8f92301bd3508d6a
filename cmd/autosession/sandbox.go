package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
)

func (a *app) sandboxCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sandbox -- COMMAND [ARGUMENT…]",
		Short: "Run one command confined, as a session of this project would be",
		Long: `Runs one command in the project, confined as the sessions of the project are,
with this terminal's input and output. The policy does not judge it.

Ctrl-C once asks the command to end, twice kills it.

Exit status: that of the command, 128 and the signal's number when one ended
it; 127 when there is no such program, 126 when it cannot be executed; 6 when
another process holds the project; 7 when there is no sandbox.`,
		Args: takes(1, anyNumber),
	}
	config.AddFlags(c.Flags())
	c.Flags().SetInterspersed(false)
	c.RunE = func(c *cobra.Command, args []string) error {
		p, err := a.place(a.dir)
		if err != nil {
			return err
		}
		w, err := p.wire(c)
		if err != nil {
			return err
		}
		err = a.shell(c.Context(), w, c.Flags(), autosession.Command{
			Path: args[0], Args: args[1:], Stdin: c.InOrStdin(), Stdout: a.stdout.Writer, Stderr: a.stderr.Writer,
		})
		return errors.Join(err, w.close())
	}
	return c
}

// shell runs one command to its end, and returns its exit status.
func (a *app) shell(ctx context.Context, w *parts, flags *pflag.FlagSet, cmd autosession.Command) error {
	outlive()
	ctx, signals := listen(ctx)
	defer signals.end()
	// The command's output is its own.
	screen := a.beside().screen(w.cfg)
	defer screen.end()
	if weak := weakness(w.cfg.Confined); weak != "" && !a.quiet {
		fmt.Fprintln(a.stderr, weak)
	}
	w.cfg.Stop, w.cfg.Report = signals.stop, screen.event
	w.cfg.Refine = func(ctx context.Context, e *autosession.Config) error {
		_, _, err := w.reread(ctx, flags, screen)
		*e = w.cfg
		return err
	}
	exit, err := autosession.Shell(ctx, w.cfg, cmd)
	program, unfit := errors.AsType[*autosession.ProgramError](err)
	switch {
	case unfit && program.Missing:
		return errors.Join(exitError(exitMissing), told(a, err))
	case unfit:
		return errors.Join(exitError(exitUnusable), told(a, err))
	case signals.first() != 0:
		return errors.Join(exitError(exitSignal+int(signals.first())), told(a, err))
	case err != nil:
		return err
	case exit.Signal != 0:
		return exitError(exitSignal + int(exit.Signal))
	case exit.Code != 0:
		return exitError(exit.Code)
	}
	return nil
}
