package autosession

import "time"

// Tally counts the features of a ledger. Flaky counts within Proven, Broken
// within Open.
type Tally struct {
	Total   int `json:"total"`
	Proven  int `json:"proven"`
	Claimed int `json:"claimed"`
	Open    int `json:"open"`
	Flaky   int `json:"flaky"`
	Broken  int `json:"broken"`
}

// Action is what a Decision says to do.
type Action string

// The actions.
const (
	Start      Action = "start"
	ActionWait Action = "wait"
	ActionStop Action = "stop"
)

// Decision says what happens next, and why. Reason is a name that scripts can
// match; Detail is for people.
type Decision struct {
	Action Action    `json:"action"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail"`
	Until  time.Time `json:"until,omitzero"` // of a start: when the delay is over; of a wait: when it ends, zero when only an event ends it
	Kind   Kind      `json:"kind,omitempty"` // of the session to start
}

// Wait is a wait that was decided. It is stored, so that a restart goes on
// waiting and does not begin anew.
type Wait struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
}
