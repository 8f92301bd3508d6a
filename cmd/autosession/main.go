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
does not hold; 8 stopped without a signal; 129, 130, 131, 143 after a signal.`,
		Args:          known,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),

		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
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
	return root
}

// project is the directory that a command works on: its argument, else -C.
func (a *app) project(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return a.dir
}
