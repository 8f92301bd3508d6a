package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/policy"
)

func (a *app) policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Ask what an agent may run: judge commands, and learn from what was denied",
		Args:  takes(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.policyCheckCommand(), a.policyLearnCommand(), a.policySimulateCommand())
	for _, sub := range c.Commands() {
		sub.Args = usage(sub.Args)
		config.AddFlags(sub.Flags())
	}
	return c
}

func (a *app) policyCheckCommand() *cobra.Command {
	var lines bool
	c := &cobra.Command{
		Use:   "check [COMMAND]",
		Short: "Judge a shell command as in a session of this project, and say why",
		Long: `Judges the text of one shell command, without running it, as in a session that
goes on with this project. ~ and $HOME are your own here.

With --jsonl each line of stdin is a JSON object {"id", "command"}. Each is
answered by a line {"id", "verdict", "reason"} on stdout, in the same order;
verdict is "allow" or "deny". A line that cannot be read is answered with deny.

Exit status: 0 allowed, 1 denied; with --jsonl 0 when all lines are answered.`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case lines && len(args) > 0:
				return errors.New("cannot judge a COMMAND and --jsonl at once: with --jsonl the commands come from stdin")
			case !lines && len(args) != 1:
				return fmt.Errorf("cannot judge %d arguments: give the whole command as one, in quotes", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.policy(c)
			if err != nil {
				return err
			}
			if lines {
				return answer(p, c.InOrStdin(), a.stdout)
			}
			return a.check(p, args[0])
		},
	}
	c.Flags().BoolVar(&lines, "jsonl", false, "judge many commands: JSON lines from stdin to stdout")
	return c
}

// personHome is the home directory of who runs us, or "" where it is not
// known. The root of the file system is nobody's home.
func personHome() string {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) || filepath.Clean(home) == "/" {
		return ""
	}
	return filepath.Clean(home)
}

// policy makes the policy of the project that -C names, by the settings as
// they are now, for commands that a person gives.
func (a *app) policy(c *cobra.Command) (*policy.Policy, error) {
	p, err := a.place(a.dir)
	if err != nil {
		return nil, err
	}
	conf, err := p.settled(c)
	if err != nil {
		return nil, err
	}
	made, err := policy.New(p.judgedBy(conf, cmp.Or(personHome(), p.agentHome())))
	if err != nil {
		return nil, usageError{err}
	}
	return made, nil
}

// settled reads the settings of a project, with the flags of a command.
func (p place) settled(c *cobra.Command) (config.Config, error) {
	snapshot, err := p.snapshot(c.Context())
	if err != nil {
		return config.Config{}, err
	}
	return p.load(c.Flags(), snapshot.Project.Trusted, rescued(snapshot))
}

// rescued says whether nothing of the project is to be put right first. Until a
// dead session, check or rollback is, whatever lies there may be an agent's.
func rescued(s autosession.Snapshot) bool {
	return len(s.Pending) == 0 && s.Project.Checking == nil && s.Project.Rollback == ""
}

// judgedBy is what the policy of a project is made of: for a session, and for a
// person who asks what a session may do. home is what ~ means.
func (p place) judgedBy(c config.Config, home string) policy.Options {
	return policy.Options{
		Project: p.dir, Home: home, State: filepath.Dir(p.state),
		Allow: c.Allow, Deny: c.Deny, AllowPaths: c.AllowPaths, ReadPaths: c.ReadPaths, Permit: c.Permit,
		Protect: append([]string{p.specName(c)}, c.Protect...),
		Tools:   tools(c),
		// As the sandbox sets it. Where it can only be a directory below, what
		// may be done there is the same.
		Env:   map[string]string{"TMPDIR": sandboxTemp},
		Links: policy.FileLinks{},
	}
}

// sandboxTemp is the temporary directory inside the sandbox.
const sandboxTemp = "/tmp"

// tools are the tools that an agent may call by name.
func tools(c config.Config) []string {
	if len(c.Tools) > 0 {
		return c.Tools
	}
	return claudecode.UnattendedTools()
}

// specName is the spec's name in the project. One from outside is copied in.
func (p place) specName(c config.Config) string {
	if rel, err := filepath.Rel(p.dir, c.Spec); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return autosession.DefaultSpec
}

// agentHome is HOME inside the sandbox.
func (p place) agentHome() string { return filepath.Join(p.state, "home") }

// judgement is what policy check --json prints. It is a contract: scripts rely
// on it.
type judgement struct {
	Command string         `json:"command"`
	Verdict string         `json:"verdict"` // "allow" or "deny"
	Rule    string         `json:"rule"`
	Reason  string         `json:"reason"`
	Parts   []*policy.Part `json:"parts"`
}

func verdictWord(v autosession.Verdict) string {
	if v.Allow {
		return "allow"
	}
	return "deny"
}

// check judges one command and shows how.
func (a *app) check(p *policy.Policy, command string) error {
	e := p.Explain(command, autosession.Continue)
	var err error
	switch {
	case a.json:
		err = a.printJSON(judgement{e.Command, verdictWord(e.Verdict), e.Verdict.Rule, e.Verdict.Reason, e.Parts})
	case a.quiet:
		_, err = fmt.Fprintln(a.stdout, harmless(firstLine(e.String())))
	default:
		_, err = fmt.Fprint(a.stdout, harmlessLines(e.String(), ""))
	}
	if err == nil && !e.Verdict.Allow {
		return exitError(exitUnexpected)
	}
	return err
}
