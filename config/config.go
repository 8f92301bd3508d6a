package config

import (
	"time"

	"github.com/autosession/autosession"
)

// Config is every setting after all layers. Defaults, ranges and meanings are
// in [Settings] and in docs/configuration.md. Paths are absolute, but for those
// that are said to be relative to the project.
type Config struct {
	// The agent.
	Agent          string   // "auto", "claude-code" or "api"
	AgentCommand   string   // absolute path, or a bare name to find in PATH; "" is the agent's usual program
	Model          string   // as its vendor names it
	MaxTurns       int      // round trips to the model per session; 0 is unlimited
	Tools          []string // names; nil is the agent's usual set
	Billing        string   // "same", "subscription", "api-key" or "any"
	Resume         string   // "auto" or "never"
	Trial          string   // "auto" or "never"
	PromptInit     string   // file with our template's replacement, or ""
	PromptContinue string   // the same
	PromptWrapup   string   // the same

	// The project.
	Spec              string   // file
	Features          int      // how many features init aims at
	MinFeatures       int      // fewer in a list make it unsound
	Notes             string   // file, relative to the project
	Protect           []string // globs, relative to the project
	CheckpointInclude []string // globs, relative to the project
	CommitLeftovers   bool

	// Going on and stopping.
	Once           bool
	RunMax         autosession.Limits // of one run; zero fields are unlimited
	ProjectMax     autosession.Limits // of all runs together; zero fields are unlimited
	SessionTimeout time.Duration      // 0 is unlimited
	IdleTimeout    time.Duration      // three times as long while a tool runs
	Grace          time.Duration
	Patience       autosession.Patience // with ContinueDelay; Slack is left to the engine

	// Checks.
	Verify        string // command, or ""
	VerifySetup   string // command, or ""
	VerifyClean   bool
	VerifyTimeout time.Duration // per check
	VerifyBudget  time.Duration // for the checks after one session together

	// What an agent may do.
	Allow      []string // programs that the policy allows as well
	Deny       []string // programs that it denies, whatever else allows them
	Permit     []string // exceptions that the policy knows by name
	AllowPaths []string // absolute; writable besides the project
	ReadPaths  []string // absolute; readable besides what the sandbox shows anyway
	Hosts      []string // names, or suffixes that begin with a dot
	Registries bool
	NoSandbox  bool

	// How much an agent may use. Sizes are in MiB; 0 is the sandbox's default.
	SandboxProcesses int64
	SandboxMemory    int64
	SandboxFileSize  int64
	SandboxTemp      int64
	SandboxReserve   int64 // what stays free on the disk

	Origins []Origin  // of every setting, in the order of Settings
	Ignored []Ignored // what the project's file says and does not count
	Hash    string    // SHA-256 of the project's file in hexadecimal, "" without one; what trust is given to
}

// Origin says what a setting is and where that was said.
type Origin struct {
	Name   string `json:"name"`
	Value  string `json:"-"`      // as TOML
	Native any    `json:"value"`  // a string, a list of strings, a number or a boolean; a duration is a string
	Source string `json:"source"` // "default", "/path/config.toml:3", "environment AUTOSESSION_MODEL", "flag --model"
}

// Ignored is a line of a project's file that does not count.
type Ignored struct {
	Name   string `json:"name"`
	Value  string `json:"-"`     // as TOML
	Native any    `json:"value"` // as that of Origin
	Source string `json:"source"`
	Reason string `json:"reason"` // why, and what to do about it
}
