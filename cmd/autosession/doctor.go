package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/sqlite"
)

// finding is one thing that a run needs.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"` // what was found, or what to do
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [DIR]",
		Short: "See whether everything is here that a run needs",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.place(a.project(args))
			if err != nil {
				return err
			}
			findings := p.examine(c.Context())
			if a.json {
				err = a.printJSON(findings)
			}
			wrong := false
			for _, f := range findings {
				wrong = wrong || !f.OK
				if !a.json {
					fmt.Fprintf(a.stdout, "%-7s %-10s %s\n", map[bool]string{true: "ok", false: "missing"}[f.OK], f.Name, harmless(f.Detail))
				}
			}
			if err == nil && wrong {
				return exitError(exitUnexpected)
			}
			return err
		},
	}
}

// examine looks at all that a run needs. It changes nothing.
func (p place) examine(ctx context.Context) []finding {
	return []finding{p.gitFinding(ctx), p.settings(ctx), p.records(ctx), agentFinding(), p.sandboxFinding(ctx)}
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

func (p place) settings(ctx context.Context) finding {
	snapshot, err := p.snapshot(ctx)
	if err != nil {
		return finding{Name: "settings", Detail: err.Error()}
	}
	if _, err := p.load(nil, snapshot.Project.Trusted, true); err != nil {
		return finding{Name: "settings", Detail: err.Error()}
	}
	return finding{Name: "settings", OK: true, Detail: "autosession config prints them"}
}

func (p place) records(ctx context.Context) finding {
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
	store, err := sqlite.OpenReadOnly(ctx, p.database())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err = autosession.VerifyHistory(ctx, store, head)
	return n, errors.Join(err, store.Check(ctx), store.Close())
}

func agentFinding() finding {
	if apiagent.FromEnvironment().Key == "" {
		return finding{Name: "agent", Detail: "set ANTHROPIC_API_KEY for the built-in agent"}
	}
	return finding{Name: "agent", OK: true, Detail: "the built-in one, with the key of ANTHROPIC_API_KEY"}
}

func (p place) sandboxFinding(ctx context.Context) finding {
	w := &parts{place: p}
	name, err := w.confine(config.Config{})
	if err != nil {
		return finding{Name: "sandbox", Detail: err.Error()}
	}
	var failed, holds []string
	for _, c := range w.box.Check(ctx) {
		if c.Holds {
			holds = append(holds, c.Name)
		} else {
			failed = append(failed, c.Name+" ("+c.Detail+")")
		}
	}
	if len(failed) > 0 {
		return finding{Name: "sandbox", Detail: name + " does not hold: " + strings.Join(failed, ", ")}
	}
	return finding{Name: "sandbox", OK: true, Detail: name + ": " + strings.Join(holds, ", ")}
}
