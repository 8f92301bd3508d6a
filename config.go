package autosession

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Names of files in a project, unless the configuration says otherwise.
const (
	DefaultSpec  = "app_spec.txt"
	DefaultNotes = "claude-progress.txt"
)

// Config is what a [Loop] or a [Session] works with. Dir, State, Agent, Sandbox,
// Store and Repo are required; every other zero field takes its default.
type Config struct {
	Dir   string // the project
	State string // the project's state directory; see StateDir

	Agent   Agent
	Gate    Gate // nil denies every tool call
	Sandbox Sandbox
	Store   Store
	Repo    Repo

	Spec     string   // name of the spec in the project; default app_spec.txt
	Notes    string   // name of the notes in the project; default claude-progress.txt
	Model    string   // as the agent's vendor names it; default: the agent's own, which the one of apiagent has not
	MaxTurns int      // round trips to the model per session; default unlimited here, the program's is 1000
	Tools    []string // default: the agent's usual set
	Prompts  Prompts
	Checks   Checks
	Protect  []string // patterns of paths that an agent may not change, besides the spec and autosession.toml

	// CommitLeftovers commits, on the project's branch, what a session left
	// uncommitted. Else it stays in the tree, and the next session is told.
	CommitLeftovers bool

	Hosts   []string // that what runs for the project may reach, by name or dot-suffix; default none
	Binds   []Bind   // further paths that are visible in the sandbox
	Billing string   // who may pay: a lane as Info names it, "any", or "" for the lane of the first session
	Resume  bool     // an interrupted session is gone on with in its own conversation, where the agent can

	Features    int // how many features an init session aims at; default 50
	MinFeatures int // how many a sound list needs; default 1

	RunMax, ProjectMax Limits
	Patience           Patience
	Once               bool          // one session, then stop
	Grace              time.Duration // for saving work when a session is asked to end; default 30 s
	SessionTimeout     time.Duration // longest session; default none
	IdleTimeout        time.Duration // longest silence of an agent, three times as much while a tool runs; default 10 min

	// Secrets are values that must never be written down, besides what looks
	// like a key: those of our own environment.
	Secrets []string
	// Confined names what the sandbox is; status shows it.
	Confined string
	// Stop, when closed, asks for a stop: no new session, the running one
	// saves its work within Grace. The end of the context kills instead.
	Stop <-chan struct{}
	// Report gets every event as it happens, one at a time. It must not
	// block for long.
	Report func(Event)
	// Refine is called when the project is held and rescued, before anything
	// is decided. Until then whatever lies in the project may be an agent's,
	// so the project's own configuration is read here.
	Refine func(ctx context.Context, c *Config) error
}

func (c Config) withDefaults() Config {
	c.Spec = cmp.Or(c.Spec, DefaultSpec)
	c.Notes = cmp.Or(c.Notes, DefaultNotes)
	c.Features = cmp.Or(c.Features, 50)
	c.MinFeatures = cmp.Or(c.MinFeatures, 1)
	c.Grace = cmp.Or(c.Grace, 30*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 10*time.Minute)
	c.Checks.Timeout = cmp.Or(c.Checks.Timeout, 10*time.Minute)
	c.Checks.Budget = cmp.Or(c.Checks.Budget, 10*time.Minute)
	if c.Report == nil {
		c.Report = func(Event) {}
	}
	return c
}

// validate reports everything that is missing.
func (c Config) validate() error {
	var missing []error
	need := func(ok bool, name string) {
		if !ok {
			missing = append(missing, fmt.Errorf("%s is missing", name))
		}
	}
	need(c.Dir != "", "Dir")
	need(c.State != "", "State")
	need(c.Agent != nil, "Agent")
	need(c.Sandbox != nil, "Sandbox")
	need(c.Store != nil, "Store")
	need(c.Repo != nil, "Repo")
	missing = append(missing, c.Prompts.Check())
	if err := errors.Join(missing...); err != nil {
		return fmt.Errorf("cannot use the configuration: %w", err)
	}
	return nil
}

// StateDir names the state directory of the project dir below root, as an
// absolute path: the project's name and a hash of its resolved path. The error
// means that dir cannot be resolved.
func StateDir(root, dir string) (string, error) {
	resolved, err := resolve(dir)
	if err != nil {
		return "", err
	}
	if root, err = filepath.Abs(root); err != nil {
		return "", fmt.Errorf("cannot find a place for the state: %w", err)
	}
	sum := sha256.Sum256([]byte(resolved))
	return filepath.Join(root, filepath.Base(resolved)+"-"+hex.EncodeToString(sum[:6])), nil
}

// resolve gives the absolute path of a directory, without links.
func resolve(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return "", fmt.Errorf("cannot find the project: %w", err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", fmt.Errorf("cannot find the project: %w", err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("cannot use %s as a project: it is not a directory", abs)
	}
	return abs, nil
}
