package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent"
	"github.com/autosession/autosession/claudecode"
	"github.com/autosession/autosession/config"
)

// finding is one thing that a run needs.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"` // what was found, or what to do

	Warnings []string `json:"warnings,omitempty"` // of what may go wrong all the same
}

func (a *app) doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor [DIR]",
		Short: "See whether everything is here that a run needs",
		Args:  takes(0, 1),
	}
	config.AddFlags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		p, err := a.place(a.project(args))
		if err != nil {
			return err
		}
		findings := p.examine(c.Context(), c.Flags())
		if a.json {
			err = a.printJSON(findings)
		}
		wrong := false
		for _, f := range findings {
			wrong = wrong || !f.OK
			if !a.json {
				f.print(a.stdout)
			}
		}
		if err == nil && wrong {
			return exitError(exitUnexpected)
		}
		return err
	}
	return c
}

// print prints a line for what was found, and one for each warning.
func (f finding) print(out io.Writer) {
	if f.Detail != "" {
		fmt.Fprintf(out, "%-7s %-10s %s\n", map[bool]string{true: "ok", false: "missing"}[f.OK], f.Name, harmlessLines(f.Detail, strings.Repeat(" ", 19)))
	}
	for _, warning := range f.Warnings {
		fmt.Fprintf(out, "%-7s %-10s %s\n", "warning", f.Name, harmlessLines(warning, strings.Repeat(" ", 19)))
	}
}

// examine looks at all that a run needs. It changes nothing but that it makes
// the project's state directory where that is missing.
func (p place) examine(ctx context.Context, flags *pflag.FlagSet) []finding {
	c, settings := p.settings(ctx, flags)
	state := p.stateFinding()
	findings := append([]finding{p.gitFinding(ctx), settings, p.projectFinding(), state, p.recordsFinding(ctx)}, agentFindings(ctx, c)...)
	if !state.OK {
		return findings // the sandbox is tried out there
	}
	return append(findings, p.sandboxFinding(ctx))
}

// projectFinding says whether we can write in the project.
func (p place) projectFinding() finding {
	f := finding{Name: "project", OK: true, Detail: p.dir}
	if err := writable(p.dir); err != nil {
		return finding{Name: "project", Detail: fmt.Sprintf("%s cannot be written to: %v; it must belong to you", p.dir, err)}
	}
	return f
}

func (p place) stateFinding() finding {
	if err := p.furnish(); err != nil {
		return finding{Name: "state", Detail: err.Error()}
	}
	return finding{Name: "state", OK: true, Detail: p.state}
}

func (p place) gitFinding(ctx context.Context) finding {
	f := finding{Name: "git", Detail: "install git 2.39 or newer"}
	if !installed("git") {
		return f
	}
	// Outside the project, so that nothing of it is looked at.
	cmd := exec.CommandContext(ctx, "git", "version")
	cmd.Dir = os.TempDir()
	out, err := cmd.Output()
	f.OK = err == nil
	if f.OK {
		f.Detail = strings.TrimSpace(string(out))
	}
	return f
}

// settings reads the configuration. It is the zero value when it is wrong.
func (p place) settings(ctx context.Context, flags *pflag.FlagSet) (config.Config, finding) {
	snapshot, err := p.snapshot(ctx)
	if err != nil {
		return config.Config{}, finding{Name: "settings", Detail: err.Error()}
	}
	c, err := p.load(flags, snapshot.Project.Trusted, true)
	if err != nil {
		return config.Config{}, finding{Name: "settings", Detail: err.Error()}
	}
	return c, finding{Name: "settings", OK: true, Detail: "autosession config prints them"}
}

func (p place) recordsFinding(ctx context.Context) finding {
	snapshot, err := p.snapshot(ctx)
	if err != nil {
		return finding{Name: "records", Detail: err.Error()}
	}
	entries, err := p.history(ctx, snapshot.Project.Head)
	if err != nil {
		return finding{Name: "records", Detail: err.Error()}
	}
	return finding{Name: "records", OK: true, Detail: fmt.Sprintf("%d sessions and %d changes of the ledger in %s", snapshot.Counted, entries, p.state)}
}

// history goes through the chain of the ledger's history.
func (p place) history(ctx context.Context, head autosession.Link) (n int64, err error) {
	store, err := p.records(ctx)
	if is[*noRecordsError](err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err = autosession.VerifyHistory(ctx, store, head)
	return n, errors.Join(err, store.Check(ctx), store.Close())
}

// agentFindings looks for the agent that c names, and tries Claude Code out
// when it may be the one.
func agentFindings(ctx context.Context, c config.Config) []finding {
	_, missing := claudecode.Find(c.AgentCommand, os.Getenv("PATH"), os.Getenv("HOME"))
	switch {
	case c.Agent == claudecode.Name && missing != nil:
		return []finding{{Name: "agent", Detail: missing.Error()}}
	case c.Agent == claudecode.Name, c.Agent == "auto" && missing == nil:
		return []finding{{Name: "agent", OK: true, Detail: "Claude Code"}, claudeFinding(ctx, c)}
	case apiagent.FromEnvironment().Key != "":
		return []finding{{Name: "agent", OK: true, Detail: "the built-in one, with the key of ANTHROPIC_API_KEY"}}
	case c.Agent == "auto":
		return []finding{{Name: "agent", Detail: "install Claude Code, or set ANTHROPIC_API_KEY for the built-in agent"}}
	}
	return []finding{{Name: "agent", Detail: "set ANTHROPIC_API_KEY for the built-in agent"}}
}

// claudeFinding tries Claude Code out with a played model. What is new or
// missing in what it says is a warning: it may do all the same.
func claudeFinding(ctx context.Context, c config.Config) finding {
	f := finding{Name: "claude", OK: true}
	t, err := newTrial(ctx, c)
	if err != nil {
		f.Warnings = append(f.Warnings, "it is not tried out: "+err.Error())
		return f
	}
	d := t.try(ctx, claudecode.Golden())
	f.Warnings = d.warnings
	if err := t.close(); err != nil {
		f.Warnings = append(f.Warnings, "what its trial left cannot be removed: "+err.Error())
	}
	if unfit, ok := errors.AsType[*autosession.OutcomeError](d.err); ok {
		return finding{Name: "claude", Detail: "it cannot be used: " + unfit.Outcome.Detail}
	}
	switch {
	case len(d.warnings) > 0:
		f.Detail = d.version
	case d.news != "":
		f.Detail = d.version + ", drives as recorded, and " + d.news
	default:
		f.Detail = d.version + ", drives as recorded"
	}
	return f
}

func (p place) sandboxFinding(ctx context.Context) finding {
	w := &parts{place: p}
	name, err := w.confine(ctx, config.Config{})
	if err != nil {
		return finding{Name: "sandbox", Detail: err.Error()}
	}
	f := finding{Name: "sandbox"}
	var failed, holds []string
	for _, c := range w.box.Check(ctx) {
		switch {
		case c.Missing != "":
			f.Warnings = append(f.Warnings, c.Name+": "+c.Missing+": "+c.Detail)
		case c.Holds:
			holds = append(holds, c.Name)
		default:
			failed = append(failed, c.Name+" ("+c.Detail+")")
		}
	}
	name, _, _ = strings.Cut(name, lacking)
	if f.OK = len(failed) == 0; f.OK {
		f.Detail = name + ": " + strings.Join(holds, ", ")
	} else {
		f.Detail = name + " does not hold: " + strings.Join(failed, ", ")
	}
	return f
}
