package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent"
	"github.com/autosession/autosession/claudecode"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/gateway"
	"github.com/autosession/autosession/git"
	"github.com/autosession/autosession/policy"
	"github.com/autosession/autosession/sandbox"
	"github.com/autosession/autosession/sqlite"
)

// place is where a project and its state are.
type place struct {
	dir   string // the project, resolved
	state string // its state directory
}

// database is the file of the project's records.
func (p place) database() string { return filepath.Join(p.state, "state.db") }

// checkpointStore is the directory of the project's checkpoints.
func (p place) checkpointStore() string { return filepath.Join(p.state, "checkpoints.git") }

// place finds the state of the project dir.
func (a *app) place(dir string) (place, error) {
	root, err := a.root()
	if err != nil {
		return place{}, err
	}
	state, err := autosession.StateDir(root, dir)
	if err != nil {
		return place{}, usageError{err}
	}
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	return place{dir: abs, state: state}, err
}

// root is the directory of all projects' states.
func (a *app) root() (string, error) {
	root := cmp.Or(a.stateRoot, os.Getenv("AUTOSESSION_STATE"))
	if root == "" {
		base := os.Getenv("XDG_STATE_HOME")
		if !filepath.IsAbs(base) {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", usageError{fmt.Errorf("cannot find a place for the state: %w; give one with --state", err)}
			}
			base = filepath.Join(home, ".local", "state")
		}
		root = filepath.Join(base, "autosession")
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return "", usageError{fmt.Errorf("cannot use %s for the state: %w", root, err)}
	}
	return abs, nil
}

// furnish makes the state directory of a project. One that cannot be used is an
// error of usage; nothing is made then inside the project.
func (p place) furnish() error {
	root := filepath.Dir(p.state)
	if rel, err := filepath.Rel(p.dir, resolved(root)); err == nil && filepath.IsLocal(rel) {
		return usageError{fmt.Errorf("cannot keep the state in %s: it lies inside the project; name another directory with --state", root)}
	}
	err := os.MkdirAll(p.state, 0o700)
	if err == nil {
		var probe string
		if probe, err = os.MkdirTemp(p.state, "probe-"); err == nil {
			err = os.Remove(probe)
		}
	}
	if err != nil {
		return usageError{fmt.Errorf("cannot use %s for the state: %w; name another directory with --state", p.state, err)}
	}
	return nil
}

// resolved is a path without links, as far as it exists.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil || path == filepath.Dir(path) {
		return cmp.Or(real, path)
	}
	return filepath.Join(resolved(filepath.Dir(path)), filepath.Base(path))
}

// load reads the configuration of a project. Until the project is rescued its
// own file is not read.
func (p place) load(flags *pflag.FlagSet, trusted string, rescued bool) (config.Config, error) {
	work, err := os.Getwd()
	if err != nil {
		return config.Config{}, fmt.Errorf("cannot find the working directory: %w", err)
	}
	return config.Load(config.Sources{
		Dir: p.dir, WorkDir: work, Environ: os.Environ(), Flags: flags,
		Trusted: func(hash string) bool { return hash != "" && hash == trusted }, Unrescued: !rescued,
	})
}

// parts are the adapters of one project.
type parts struct {
	place
	played string // base URL of a played model; "" is the real one
	store  *sqlite.Store
	repo   *git.Repo
	box    autosession.Sandbox
	cfg    autosession.Config

	registries []string // NAME=value, for package managers in the sandbox
}

// wire joins the adapters for a project. played is the base URL of a played
// model, or "".
func wire(ctx context.Context, p place, c config.Config, played string) (*parts, error) {
	if err := p.furnish(); err != nil {
		return nil, err
	}
	w := &parts{place: p, played: played}
	confined, err := w.confine(ctx, c)
	if err != nil {
		return nil, err
	}
	if w.store, err = sqlite.Open(ctx, p.database()); err != nil {
		return nil, err
	}
	w.cfg = autosession.Config{Dir: p.dir, State: p.state, Sandbox: w.box, Store: w.store, Confined: confined, Secrets: secrets(os.Environ())}
	if err := w.configure(c); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *parts) close() error {
	var errs []error
	if w.repo != nil {
		errs = append(errs, w.repo.Close())
	}
	return errors.Join(append(errs, w.store.Close())...)
}

// confine picks the sandbox. It never picks none by itself.
func (w *parts) confine(ctx context.Context, c config.Config) (name string, err error) {
	o := sandbox.Options{State: filepath.Join(w.state, "sandbox"), Project: w.dir, Hide: []string{filepath.Dir(w.state)}, Gateway: w.gateway, Limits: bounds(c)}
	if c.NoSandbox {
		box, err := sandbox.NewUnconfined(o)
		if err != nil {
			return "", err
		}
		w.box = box
		return box.Name(), nil
	}
	box, err := sandbox.Confine(ctx, o)
	if is[*autosession.OutcomeError](err) {
		return "", err // a person is needed, and not for the sandbox
	}
	if err != nil {
		return "", &autosession.SandboxError{Failed: []autosession.Canary{{Name: "sandbox", Detail: err.Error() + "; --no-sandbox runs the agent unconfined"}}}
	}
	w.box = box
	return box.Name(), nil
}

// confined says whether the agent runs in a sandbox that has no network of its
// own.
func (w *parts) confined() bool {
	_, ok := w.box.(*sandbox.Bubblewrap)
	return ok
}

// standIns names what holds the place of absent protected files.
func (w *parts) standIns() []string {
	box, ok := w.box.(*sandbox.Bubblewrap)
	if !ok {
		return nil
	}
	// What cannot be listed is seen as the agent's and put back.
	names, _ := box.StandIns(w.dir)
	return names
}

// gateway opens the way out of one confined tree. The key is added here,
// outside.
func (w *parts) gateway(_ context.Context, s autosession.Scope) (*sandbox.Way, error) {
	o := gateway.Options{Endpoint: s.Network.Endpoint, Hosts: s.Network.Hosts, Report: s.Report}
	if s.Network.Endpoint != "" {
		account := w.account()
		o.Key, o.Token = account.key, account.token
	}
	g, err := gateway.Start(o)
	if err != nil {
		return nil, err
	}
	return &sandbox.Way{
		Socket: g.Socket(), Env: append(gateway.Env(), w.registries...), Entry: gateway.Entry, Args: gateway.Args(sandbox.GatewaySocket), Close: g.Close,
	}, nil
}

// account is where the model is, and what opens it. It stays outside the
// sandbox.
type account struct {
	endpoint   string
	key, token string
	lane       string // "" is what the agent says
}

// account finds the account in our own environment. A subscription's token
// goes before a key that lies about, unless the key's lane was chosen.
func (w *parts) account() account {
	if w.played != "" {
		return account{endpoint: w.played, key: "played", lane: autosession.LanePlayed}
	}
	a := account{endpoint: os.Getenv("ANTHROPIC_BASE_URL"), token: os.Getenv("CLAUDE_CODE_OAUTH_TOKEN")}
	if a.token == "" || w.cfg.Billing == "api-key" {
		a.key, a.token = os.Getenv("ANTHROPIC_API_KEY"), ""
	}
	return a
}

// pickAgent picks the agent that the configuration names. One that is missing
// is missed when a session opens: a project that is done needs none.
func (w *parts) pickAgent(c config.Config) autosession.Agent {
	account := w.account()
	_, missing := claudecode.Find(c.AgentCommand, os.Getenv("PATH"), os.Getenv("HOME"))
	if c.Agent == claudecode.Name || c.Agent == "auto" && w.played == "" && missing == nil {
		return w.claude(c, account)
	}
	if w.played != "" {
		return apiagent.Agent{Key: account.key, BaseURL: account.endpoint, Lane: account.lane, RetryFor: 3 * time.Second}
	}
	agent := apiagent.FromEnvironment()
	if agent.Key == "" {
		return noAgent{autosession.Outcome{
			Class: autosession.OutcomeNeedsPerson, Block: autosession.BlockAgent,
			Detail: "there is no agent: install Claude Code (the program claude), or set ANTHROPIC_API_KEY for the built-in one",
		}}
	}
	return agent
}

// dummy is what the agent inside holds in the place of the key.
const dummy = "held-outside-the-sandbox"

// claude is the Claude Code program. Confined, it holds a dummy and reaches
// the model by the gateway alone.
func (w *parts) claude(c config.Config, a account) autosession.Agent {
	agent := claudecode.Agent{
		Command: c.AgentCommand, Endpoint: a.endpoint, BaseURL: a.endpoint, Key: a.key, Token: a.token, Lane: a.lane,
		// The policy judges commands from the project's root.
		Env: []string{"CLAUDE_BASH_MAINTAIN_PROJECT_WORKING_DIR=1"},
	}
	if w.confined() {
		agent.BaseURL = gateway.URL
		if agent.Key != "" {
			agent.Key = dummy
		}
		if agent.Token != "" {
			agent.Token = dummy
		}
	}
	return agent
}

// noAgent opens no session. Its outcome says why.
type noAgent struct {
	outcome autosession.Outcome
}

// Open fails.
func (n noAgent) Open(context.Context, autosession.Task) (autosession.Conversation, error) {
	return nil, &autosession.OutcomeError{Outcome: n.outcome}
}

// configure takes the settings over. It is called again when the project's own
// file may be read.
func (w *parts) configure(c config.Config) error {
	e := &w.cfg
	if w.repo != nil {
		if err := w.repo.Close(); err != nil {
			return err
		}
	}
	var err error
	w.repo, err = git.Open(git.Options{
		Dir: w.dir, Store: w.checkpointStore(),
		Exclude: []string{autosession.ListFile, c.Notes}, Overlook: w.standIns,
		Include: append([]string{autosession.ListFile, c.Notes}, c.CheckpointInclude...),
	})
	if err != nil {
		return err
	}
	e.Resume, e.Billing = c.Resume != "never", c.Billing
	if c.Billing == "same" {
		e.Billing = ""
	}
	w.bound(c)
	e.Sandbox, e.Repo, e.Agent = w.box, w.repo, w.pickAgent(c)
	w.allowHosts(c)
	e.Binds = nil
	for _, path := range c.AllowPaths {
		e.Binds = append(e.Binds, autosession.Bind{Path: path, Writable: true})
	}
	for _, path := range c.ReadPaths {
		e.Binds = append(e.Binds, autosession.Bind{Path: path})
	}
	e.Notes, e.Model, e.MaxTurns = c.Notes, c.Model, c.MaxTurns
	e.Tools = nil // the agent's usual ones
	if len(c.Tools) > 0 {
		e.Tools = c.Tools
	}
	e.Features, e.MinFeatures, e.Protect = c.Features, c.MinFeatures, c.Protect
	e.CommitLeftovers = c.CommitLeftovers
	e.Checks = autosession.Checks{Command: c.Verify, Timeout: c.VerifyTimeout, Budget: c.VerifyBudget, Clean: c.VerifyClean, Setup: c.VerifySetup}
	e.RunMax, e.ProjectMax, e.Patience, e.Once = c.RunMax, c.ProjectMax, c.Patience, c.Once
	e.Grace, e.SessionTimeout, e.IdleTimeout = c.Grace, c.SessionTimeout, c.IdleTimeout
	if e.Spec, err = w.spec(c.Spec); err != nil {
		return err
	}
	if e.Prompts, err = prompts(c); err != nil {
		return err
	}
	e.Gate, err = policy.New(w.judgedBy(c, w.agentHome()))
	if err != nil {
		return usageError{err}
	}
	return nil
}

// allowHosts takes over the hosts that the person allows, and those of this
// machine's own package managers where that is asked for.
func (w *parts) allowHosts(c config.Config) {
	w.cfg.Hosts, w.registries = slices.Clone(c.Hosts), nil
	if !c.Registries {
		return
	}
	for _, r := range gateway.Registries(os.Environ()) {
		w.cfg.Hosts = append(w.cfg.Hosts, r.Host)
		if r.Env != "" {
			w.registries = append(w.registries, r.Env)
		}
	}
}
