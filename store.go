package autosession

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// Store keeps the records of one project, outside the agent's reach. Its
// writes are durable when they return. One process writes at a time (the lock
// of the project sees to it); others may read meanwhile. A Store is used by
// many goroutines at once. Optional: [Archive], [Rewinder].
type Store interface {
	// Load returns what a start needs. Its size and its time do not grow with
	// the number of sessions.
	Load(ctx context.Context) (Snapshot, error)
	// Apply makes one change in one transaction. A change whose ID was
	// applied before is not applied again and is no error, so that a caller
	// who was told of a failure may try again.
	Apply(ctx context.Context, c Change) error
	// Append adds events to a session and numbers them: Seq goes on from the
	// last one without a gap. All of e is saved or nothing.
	Append(ctx context.Context, session string, e []Event) error
	// Events yields the events of a session whose Seq is at least from. It
	// ends with the first error.
	Events(ctx context.Context, session string, from int64) iter.Seq2[Event, error]
}

// Archive is implemented by a Store that can look up what Snapshot leaves out.
// The second result is false when there is no such thing.
type Archive interface {
	Session(ctx context.Context, number int) (SessionRecord, bool, error)
	// Checks returns the last n runs of a feature's check, newest first.
	Checks(ctx context.Context, feature string, n int) ([]CheckRun, error)
	// History returns the last n changes of a feature, newest first.
	History(ctx context.Context, feature string, n int) ([]HistoryEntry, error)
	// Chain yields all changes of all features, oldest first. It ends with
	// the first error.
	Chain(ctx context.Context) iter.Seq2[HistoryEntry, error]
}

// Rewinder is implemented by a Store that keeps what the ledger was.
type Rewinder interface {
	// LedgerAt returns the ledger as it was when a checkpoint was saved: by
	// the change that names the checkpoint, whatever the clock said, else by
	// the time. It is nil when the project had not been seen then. The second
	// result is false when it is not known.
	LedgerAt(ctx context.Context, c Checkpoint) (*Ledger, bool, error)
}

// RecentSessions is how many ended sessions a Snapshot holds at most.
const RecentSessions = 50

// Snapshot is what a Store knows, bounded.
type Snapshot struct {
	Project  ProjectRecord
	Ledger   *Ledger         // nil when the project was never seen
	Sessions []SessionRecord // that ended and count, oldest first, at most RecentSessions
	Pending  []SessionRecord // prepared, running or closing; the Usage of a running one is its last event's
	Counted  int             // sessions that were ever prompted; the next number is one more
	Spent    Spent           // by all ended sessions that count
	Run      *RunRecord      // the last run, or nil
	Decision *Decision       // the last decision, or nil
}

// ProjectRecord is what we remember of the project itself.
type ProjectRecord struct {
	Dir        string    `json:"dir"`                // resolved path when it was first seen
	RootCommit string    `json:"root_commit"`        // of its git history, or ""
	Seen       time.Time `json:"seen"`               // first
	Paused     bool      `json:"paused"`             // asked for; outlives a restart
	Lane       string    `json:"lane"`               // of its first session
	Trusted    string    `json:"trusted"`            // hash of the project's configuration that a person accepted
	Grants     []string  `json:"grants"`             // protected paths that the next session may change
	Rollback   string    `json:"rollback"`           // checkpoint that a rollback under way goes to; "" is none
	Head       Link      `json:"head"`               // the last entry of the ledger's history
	Checking   *Checking `json:"checking,omitempty"` // checks that may be changing the tree; nil is none
}

// Phase is how far a session's record has come.
//
//	prepared ──> running ──> closing ──> ended
//	    └──────> discarded
type Phase string

// The phases of a session. Only sessions that reached running count.
const (
	PhasePrepared  Phase = "prepared"  // written before the agent's process starts
	PhaseRunning   Phase = "running"   // numbered, checkpoint taken, the prompt goes out
	PhaseClosing   Phase = "closing"   // Step says how far CLOSE came
	PhaseEnded     Phase = "ended"     // CLOSE was committed
	PhaseDiscarded Phase = "discarded" // prepared and never prompted
)

// SessionRecord is the durable record of one session.
type SessionRecord struct {
	ID       string          `json:"id"`     // UUID
	Run      string          `json:"run"`    // the run that it belongs to
	Number   int             `json:"number"` // from 1 per project; 0 until it runs
	Kind     Kind            `json:"kind"`
	Phase    Phase           `json:"phase"`
	Step     int             `json:"step,omitempty"` // of CLOSE
	Info     Info            `json:"info"`
	Resumes  string          `json:"resumes,omitempty"` // our id of the session it goes on with
	Prepared time.Time       `json:"prepared"`
	Started  time.Time       `json:"started,omitzero"` // the prompt went out
	Ended    time.Time       `json:"ended,omitzero"`
	Active   time.Duration   `json:"active,omitempty"` // from Started until the agent and its checks had ended
	Outcome  Outcome         `json:"outcome,omitzero"` // provisional while closing
	Usage    Usage           `json:"usage,omitzero"`
	Opened   string          `json:"opened,omitempty"` // checkpoint at OPEN
	Left     string          `json:"left,omitempty"`   // checkpoint as the agent left it
	Closed   string          `json:"closed,omitempty"` // checkpoint after CLOSE
	Plan     json.RawMessage `json:"plan,omitempty"`   // of CLOSE, stored before it acts

	// What held for it at OPEN, for who closes it in another process: the
	// project's own configuration may be the agent's by then.
	Protected []string `json:"protected,omitempty"`  // patterns of what it may not change
	NotesFile string   `json:"notes_file,omitempty"` // Config.Notes

	Claimed    int      `json:"claimed,omitempty"`    // features that the agent claimed
	Proven     int      `json:"proven,omitempty"`     // of these: proven
	Disproved  int      `json:"disproved,omitempty"`  // of these: the check failed
	Broken     int      `json:"broken,omitempty"`     // proven features that it broke
	Violations int      `json:"violations,omitempty"` // changes that were undone
	Denied     int      `json:"denied,omitempty"`     // tool calls that the gate refused
	Changed    bool     `json:"changed,omitempty"`    // the tree, notes aside
	Unsound    string   `json:"unsound,omitempty"`    // after init: what is wrong with the list
	Notes      []string `json:"notes,omitempty"`      // for the next briefing: undone, disproved, broken, where the last words are
	Said       string   `json:"said,omitempty"`       // the last thing the agent said, cut
}

// RunRecord is one run: session after session, from a start to a stop. A run
// whose process died is continued, with its counters and waits.
type RunRecord struct {
	ID         string    `json:"id"` // UUID
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended,omitzero"` // zero: it goes on, or its process died
	PID        int       `json:"pid"`
	Host       string    `json:"host"`
	Spent      Spent     `json:"spent"`
	Failures   int       `json:"failures,omitempty"` // see State for these
	Transient  int       `json:"transient,omitempty"`
	Unsound    int       `json:"unsound,omitempty"`
	NoProgress int       `json:"no_progress,omitempty"`
	NoProof    int       `json:"no_proof,omitempty"`
	Blocked    string    `json:"blocked,omitempty"`
	Last       Outcome   `json:"last,omitzero"`
	Parked     *Wait     `json:"parked,omitempty"`
	Confined   string    `json:"confined"` // what the sandbox is: "bubblewrap", "none", ...
}

// Change is what one transaction changes. Nil and empty fields change nothing.
type Change struct {
	ID       string // of the change; applying it again does nothing
	At       time.Time
	Project  *ProjectRecord      // replaces the record
	Run      *RunRecord          // replaces or adds the record with this ID
	Session  *SessionRecord      // replaces or adds the record with this ID
	Ledger   *Ledger             // replaces the whole ledger
	Entries  map[int]LedgerEntry // replaces the ledger's entries at these positions, from 0
	History  []HistoryEntry      // added
	Checks   []CheckRun          // added
	Decision *Decision           // added
	// Checkpoints are ids of what was saved since the change before this one:
	// the ledger was then what it is without this change.
	Checkpoints []string
}
