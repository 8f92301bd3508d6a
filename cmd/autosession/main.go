// Command autosession runs a coding agent in sessions on one project until the
// project's feature list is done.
//
// There is one file per command; wire.go alone picks adapters.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/internal/reexec"
)

func main() {
	reexec.Init()
	// What libraries log may quote what an agent or a server said, secrets
	// too. All that we have to say goes by the screen.
	log.SetOutput(io.Discard)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// app is what every command works with: the streams and the global flags.
type app struct {
	stdout, stderr *output
	dir            string // -C
	stateRoot      string // --state
	json           bool
	quiet          bool
	noColor        bool
}

// run runs one command line and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	a := &app{stdout: &output{Writer: stdout}, stderr: &output{Writer: stderr}}
	root := a.command()
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		err = a.stdout.lost()
	}
	if _, silent := errors.AsType[exitError](err); err != nil && !silent {
		fmt.Fprintln(stderr, harmlessLines("autosession: "+err.Error(), ""))
	}
	return exitStatus(err)
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "autosession",
		Short: "Runs a coding agent in sessions until the project's features are done",
		Long: `autosession runs a coding agent in sessions, one after another, on one project
directory, until the project's feature list is done. It confines the agent,
checks its claims, saves everything, and says why it goes on, waits or stops.

Exit status: 0 complete, or --once ended well; 1 unexpected; 2 usage,
configuration or no spec; 3 a limit was reached; 4 stuck or failing, or --once
failed; 5 needs a person; 6 another process holds the project; 7 the sandbox
does not hold; 8 stopped by autosession stop; 129, 130, 131, 143 after a signal.`,
		Args:          known,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),

		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{nearestFlag(c, err)} })
	flags := root.PersistentFlags()
	flags.StringVarP(&a.dir, "directory", "C", ".", "the project")
	flags.StringVar(&a.stateRoot, "state", "", "directory for the state of all projects (default $AUTOSESSION_STATE, else $XDG_STATE_HOME/autosession)")
	flags.BoolVar(&a.json, "json", false, "print JSON on stdout")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print only what must be said")
	flags.BoolVar(&a.noColor, "no-color", false, "use no colours")
	root.AddCommand(
		a.runCommand(), a.demoCommand(), a.detectCommand(), a.statusCommand(), a.logCommand(),
		a.featuresCommand(), a.trustCommand(), a.configCommand(), a.doctorCommand(),
		a.policyCommand(), a.sandboxCommand(),
		a.checkpointsCommand(), a.checkpointCommand(), a.rollbackCommand(), a.protectCommand(),
	)
	for _, c := range root.Commands() {
		c.Args = usage(c.Args)
	}
	return root
}

// known says that a command is none of ours, and which one could be meant.
func known(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("cannot find the command %q; autosession --help lists them", args[0])
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("cannot find the command %q; did you mean %s?", args[0], near[0])
	}
	return usageError{err}
}

// nearestFlag adds to the error about a flag that is none which one could be
// meant.
func nearestFlag(c *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := config.Nearest(unknown.GetSpecifiedName(), names); near != "" {
		return fmt.Errorf("cannot find the flag --%s; did you mean --%s?", unknown.GetSpecifiedName(), near)
	}
	return fmt.Errorf("cannot find the flag --%s; %s --help lists them", unknown.GetSpecifiedName(), c.CommandPath())
}

// usage makes what a check of arguments says an error of usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// project is the directory that a command works on: its argument, else -C.
func (a *app) project(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return a.dir
}
