package autosession

import "time"

// CheckRun is one run of a check by us. A run that passed, on a check that was
// seen to fail before, is a proof.
type CheckRun struct {
	Feature  string        `json:"feature"` // key of the feature
	Session  int           `json:"session"` // whose CLOSE or OPEN ran it; 0 is none
	Command  string        `json:"command"`
	Suite    bool          `json:"suite,omitempty"` // one command for the whole project, not the feature's own
	Passed   bool          `json:"passed"`
	Exit     Exit          `json:"exit"`
	TimedOut bool          `json:"timed_out,omitempty"`
	Output   string        `json:"output,omitempty"` // first and last 32 kB
	Tree     string        `json:"tree"`             // Checkpoint.Tree that it ran on
	Commit   string        `json:"commit,omitempty"` // HEAD of the project
	At       time.Time     `json:"at"`
	Took     time.Duration `json:"took"`
}
