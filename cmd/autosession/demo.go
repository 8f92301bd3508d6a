package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autosession/autosession/cmd/autosession/demo"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/fakemodel"
)

func (a *app) demoCommand() *cobra.Command {
	var agent, command string
	c := &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Show the main job, start to finish, on a small real project with a played model",
		Long: `demo makes a small project in DIR, else in the present directory. It must be
empty or not there yet. Then demo runs sessions on it until its six features are proven. Only the model is played: its
replies come from a file. The agent, its tools, git and the checks are real.
It needs Go and git, and neither a key nor a network.`,
		Args: takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			for _, program := range []string{"git", "go"} {
				if !installed(program) {
					return usageError{fmt.Errorf("cannot show the demo: it needs %s; install it first", program)}
				}
			}
			flags, err := demoFlags(agent, command)
			if err != nil {
				return err
			}
			dir, err := filepath.Abs(a.project(args))
			if err != nil {
				return usageError{err}
			}
			if err := demo.Create(dir); err != nil {
				return usageError{err}
			}
			return a.play(c, dir, flags)
		},
	}
	c.Flags().StringVar(&agent, "agent", "api", "the agent to show: api, or claude-code without your account")
	c.Flags().StringVar(&command, "agent-command", "", "path of the agent's program")
	return c
}

// demoFlags are the flags of run as the demo needs them. What is wrong with the
// settings is told before anything is made.
func demoFlags(agent, command string) (*pflag.FlagSet, error) {
	flags := pflag.NewFlagSet("demo", pflag.ContinueOnError)
	config.AddFlags(flags)
	err := errors.Join(flags.Set("continue-delay", "1s"), flags.Set("backoff-base", "1s"),
		flags.Set("resume", "never"), flags.Set("agent", agent), flags.Set("agent-command", command))
	if err != nil {
		return nil, usageError{err}
	}
	_, err = place{}.load(flags, "", false)
	return flags, err
}

// play runs the demo's sessions with the played model.
func (a *app) play(c *cobra.Command, dir string, flags *pflag.FlagSet) error {
	p, err := a.place(dir)
	if err == nil {
		err = p.furnish() // before a sandbox is tried out there
	}
	if err != nil {
		return err
	}
	scenario, err := demo.Scenario()
	if err != nil {
		return err
	}
	server, err := fakemodel.Start(scenario, fakemodel.Options{Values: demo.Values(p.dir)})
	if err != nil {
		return err
	}
	if !p.holds(c.Context()) {
		a.say("This demo runs UNCONFINED, since there is no sandbox here: what it plays is ours.")
		err = flags.Set("no-sandbox", "true")
	}
	if err != nil {
		return errors.Join(err, server.Close())
	}
	conf, err := p.load(flags, "", false)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	w, err := wire(c.Context(), p, conf, server.URL())
	if err != nil {
		return errors.Join(err, server.Close())
	}
	a.say("The model is played: its replies come from a file. No account is used; everything else is real.")
	return errors.Join(a.attend(c.Context(), w, flags, a.loop), w.close(), server.Close())
}

// holds says whether there is a sandbox here that confines.
func (p place) holds(ctx context.Context) bool {
	w := &parts{place: p}
	if _, err := w.confine(ctx, config.Config{}); err != nil {
		return false
	}
	for _, canary := range w.box.Check(ctx) {
		if !canary.Holds {
			return false
		}
	}
	return true
}
