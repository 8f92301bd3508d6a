package autosession

import (
	"context"
	"io"
	"syscall"
	"time"
)

// Sandbox starts processes that the operating system keeps within bounds. All
// that runs for the project is started by one. A nil Sandbox is refused.
type Sandbox interface {
	// Start runs c within s. ctx bounds Start alone: it does not end the
	// process. Nothing is running when it returns an error: a *ProgramError
	// when the program of c is missing or cannot be executed.
	Start(ctx context.Context, s Scope, c Command) (Process, error)
	// Rescue ends what is left of a session whose manager died, and returns
	// when it is gone. It does nothing for a session that left nothing. "" is
	// all that any manager left which is dead, of whatever session.
	Rescue(ctx context.Context, session string) error
	// Check tries the sandbox out, by the same path that a session uses.
	Check(ctx context.Context) []Canary
}

// Process is one confined process tree.
type Process interface {
	// Wait returns when the whole tree is gone and its output is written. It
	// may be called by several goroutines.
	Wait() (Exit, error)
	// Stop asks the tree to end (SIGTERM), ends it (SIGKILL) when grace has
	// passed, and returns when it is gone. It may be called at any moment,
	// and again; a grace of zero kills at once.
	Stop(grace time.Duration) error
}

// ScopeKind says what a confined process tree is for.
type ScopeKind string

// The kinds of scopes.
const (
	ScopeSession ScopeKind = "session" // around a whole agent, for the length of a session
	ScopeCheck   ScopeKind = "check"   // around one check
	ScopeShell   ScopeKind = "shell"   // around a command that a person gave
)

// Scope is the bounds of one process tree.
type Scope struct {
	Kind     ScopeKind
	Session  string   // our id of the session that the tree belongs to; Rescue finds it by this
	Dir      string   // the project, absolute; writable
	Home     string   // HOME inside, absolute; writable
	ReadOnly []string // absolute paths below Dir that cannot be changed from inside
	Binds    []Bind   // further paths
	Network  Network  // the zero value is none
	// Report gets what is to be told of the tree while it runs: connections.
	// It may be called from any goroutine. nil drops it.
	Report func(Event)
}

// Bind makes one host path visible inside, at the same place.
type Bind struct {
	Path     string // absolute
	Writable bool
}

// Network is what can be reached from inside.
type Network struct {
	Endpoint string   // base URL of the model's service, reached by a gateway; "" is none
	Hosts    []string // host names or dot-suffixes; nil is none
}

// Command is a program to run. Its environment is the sandbox's own clean one
// and Env.
type Command struct {
	Path   string   // absolute, or a name to be found in the PATH inside
	Args   []string // without the program's name
	Reexec string   // instead of Path: an entry of internal/reexec in our own binary
	Dir    string   // working directory; "" is Scope.Dir
	Env    []string // NAME=value, added last

	Stdin  io.Reader // nil is empty
	Stdout io.Writer // nil is discarded
	Stderr io.Writer // nil is discarded; may be the same as Stdout
}

// Exit is how a process ended.
type Exit struct {
	Code   int            `json:"code"`   // exit status; -1 when a signal ended it
	Signal syscall.Signal `json:"signal"` // that ended it, or 0
}

// OK says that the process ended by itself with status 0.
func (e Exit) OK() bool { return e.Code == 0 && e.Signal == 0 }

// Canary is the result of one try of the sandbox.
type Canary struct {
	Name   string `json:"name"`
	Holds  bool   `json:"holds"`
	Detail string `json:"detail,omitempty"` // what happened, and what to do about it
	// Missing names an ability that this machine lacks, so that it is not held
	// here; "" is none. The sandbox never promised it: Holds is true.
	Missing string `json:"missing,omitempty"`
}
