package autosession

import (
	"context"
	"strings"
)

// Agent is a backend that can hold a conversation with a model that works on
// the project. Optional abilities are further interfaces that are found by
// assertion: [Needer].
type Agent interface {
	// Open starts a conversation and does not prompt it yet. ctx bounds Open
	// alone. Everything the agent runs it starts by t.Start. An error means
	// that the conversation could not be opened; nothing is left running. An
	// [OutcomeError] in its chain says what that means for the run.
	Open(ctx context.Context, t Task) (Conversation, error)
}

// Conversation is a live conversation. It is used by one goroutine at a time,
// but for Interrupt and Close, which may be called at any moment.
type Conversation interface {
	// Info tells what is known of the conversation before the first prompt.
	Info() Info
	// Run sends a prompt and returns when the agent has finished its turn. It
	// may be called again. The end of ctx kills: Run then returns an outcome
	// of class interrupted. Its error means that the outcome is not known.
	Run(ctx context.Context, prompt string) (Result, error)
	// Interrupt makes a Run that is under way return soon; the conversation
	// can go on with another Run. Without a Run it does nothing.
	Interrupt(ctx context.Context) error
	// Close ends the conversation and all that it started, in bounded time.
	// It may be called twice, and when nothing was ever prompted.
	Close() error
}

// Task is what an agent needs to know to open a conversation.
type Task struct {
	Session  string // our id of the session, a UUID
	Number   int    // of the session; 0 until the session is prompted
	Kind     Kind
	Resume   string   // the agent's own id of a conversation to go on with, or ""
	Dir      string   // the project, absolute
	Home     string   // the agent's own HOME, absolute, kept between sessions
	Model    string   // as the agent's vendor names it
	MaxTurns int      // round trips to the model in all; 0 is unlimited
	Tools    []string // names of the tools to offer; nil is the agent's usual set
	Hooks    Hooks    // never nil

	// Start runs a program in the session's sandbox. It is the only way to
	// run anything.
	Start func(ctx context.Context, c Command) (Process, error)
	// Emit hands over one event. It may be called from Open on, from any
	// goroutine, and does not block for long. Every event carries the usage
	// so far. An error means that events cannot be saved: end the turn.
	Emit func(e Event) error
}

// Info is what an agent tells of a conversation.
type Info struct {
	ID      string   `json:"id,omitempty"` // the agent's own id, for Task.Resume
	Agent   string   `json:"agent"`        // name of the agent: "api", "claude-code"
	Version string   `json:"version,omitempty"`
	Model   string   `json:"model,omitempty"`
	Lane    string   `json:"lane,omitempty"` // who pays: "subscription", "api-key", "played", ...
	Tools   []string `json:"tools,omitempty"`
}

// LanePlayed is the lane of a model that is played: nobody pays.
const LanePlayed = "played"

// String names the agent, its model and who pays.
func (i Info) String() string {
	s := strings.TrimSpace(i.Agent + " " + i.Version)
	if i.Model != "" {
		s += ", " + i.Model
	}
	if i.Lane != "" {
		s += ", " + i.Lane
	}
	return s
}

// Result is how one Run of a conversation ended.
type Result struct {
	Outcome Outcome
	Usage   Usage  // of the whole conversation so far, cumulative
	Text    string // the last thing the model said
}

// Needer is implemented by an Agent that needs something of its sandbox.
type Needer interface {
	// Needs is asked before each Open.
	Needs() Needs
}

// Needs is what an agent needs inside its sandbox.
type Needs struct {
	ReadPaths []string // absolute paths that must be readable: its install tree
	Endpoint  string   // base URL of the model's service that something inside must reach, or ""
	Hosts     []string // further hosts, by name
}
