package autosession

import "time"

// OutcomeClass names how a session ended. Users see these names and scripts
// match them.
type OutcomeClass string

// The classes of outcomes.
const (
	OutcomeDone        OutcomeClass = "done"         // the agent said all it had to say
	OutcomeTurnLimit   OutcomeClass = "turn-limit"   // MaxTurns round trips were made
	OutcomeContextFull OutcomeClass = "context-full" // the context window is nearly full
	OutcomeBudget      OutcomeClass = "budget"       // a limit of cost, tokens or time ended it, softly
	OutcomeWrappedUp   OutcomeClass = "wrapped-up"   // a stop was asked for and the agent saved its work
	OutcomeInterrupted OutcomeClass = "interrupted"  // killed by a person, or its manager died
	OutcomeUsageLimit  OutcomeClass = "usage-limit"  // the account's quota is used up; Reset may say until when
	OutcomeRateLimited OutcomeClass = "rate-limited" // too many requests; Reset may say until when
	OutcomeOverloaded  OutcomeClass = "overloaded"   // the model's service has no room
	OutcomeOffline     OutcomeClass = "offline"      // the model's service cannot be reached
	OutcomeNeedsPerson OutcomeClass = "needs-person" // Block says what for
	OutcomeRefused     OutcomeClass = "refused"      // the model declined to go on
	OutcomeCrashed     OutcomeClass = "crashed"      // the agent's program failed
	OutcomeNoResult    OutcomeClass = "no-result"    // it ended without saying how
	OutcomeIdle        OutcomeClass = "idle"         // nothing was heard of it for too long
	OutcomeTimedOut    OutcomeClass = "timed-out"    // the session's time limit passed
)

// What a session that needs a person is blocked by.
const (
	BlockAuth    = "auth"    // not signed in, or the key is not valid
	BlockCredit  = "credit"  // the account has no credit left
	BlockLane    = "lane"    // another account would pay than the one chosen
	BlockAgent   = "agent"   // the agent's program is missing or wrong
	BlockSandbox = "sandbox" // the sandbox does not hold
	BlockDisk    = "disk"    // too little room is left on a disk
)

// Outcome is how a session ended: a value, never an error.
type Outcome struct {
	Class  OutcomeClass `json:"class"`
	Detail string       `json:"detail,omitempty"` // one line for a person
	Block  string       `json:"block,omitempty"`  // with OutcomeNeedsPerson: one of the Block constants
	Reset  time.Time    `json:"reset,omitzero"`   // with a limit: when it is said to end
}

// Transient says that the cause passes by itself: the next session waits and
// no failure is counted.
func (c OutcomeClass) Transient() bool {
	switch c {
	case OutcomeUsageLimit, OutcomeRateLimited, OutcomeOverloaded, OutcomeOffline:
		return true
	}
	return false
}

// Failed says that the agent failed by itself.
func (c OutcomeClass) Failed() bool {
	switch c {
	case OutcomeRefused, OutcomeCrashed, OutcomeNoResult, OutcomeIdle, OutcomeTimedOut:
		return true
	}
	return false
}

// conclusive says that the agent had its chance: what it did or left undone in
// the session counts for or against it.
func (c OutcomeClass) conclusive() bool {
	return !c.Transient() && !c.Failed() && c != OutcomeInterrupted && c != OutcomeNeedsPerson
}

// String returns the class, with the detail where there is one.
func (o Outcome) String() string {
	if o.Detail == "" {
		return string(o.Class)
	}
	return string(o.Class) + ": " + o.Detail
}
