package autosession

import "encoding/json"

// FeatureState is what the ledger says of a feature.
type FeatureState string

// The states of a feature.
const (
	FeatureOpen    FeatureState = "open"    // it does not pass
	FeatureClaimed FeatureState = "claimed" // an agent says that it passes, and no check can tell
	FeatureProven  FeatureState = "proven"  // a check that was seen to fail ran and passed
)

// LedgerEntry is one feature in the ledger.
type LedgerEntry struct {
	Feature     Feature      `json:"feature"` // as it was accepted; its Passes follows State
	State       FeatureState `json:"state"`
	Pending     bool         `json:"pending,omitempty"`      // claimed, and its check has not run yet
	SeenFailing bool         `json:"seen_failing,omitempty"` // its check failed once, so a pass means something
	Tried       bool         `json:"tried,omitempty"`        // its check ran at least once
	Broken      bool         `json:"broken,omitempty"`       // open, and was proven before
	BrokenBy    int          `json:"broken_by,omitempty"`    // session that broke it
	Flaky       bool         `json:"flaky,omitempty"`        // its check gave two answers for one tree
	ClaimedBy   int          `json:"claimed_by,omitempty"`   // session of the last claim
	Proof       *CheckRun    `json:"proof,omitempty"`        // the last one that proved it
	Failure     string       `json:"failure,omitempty"`      // end of the output of the last failed check
}

// Ledger is our own copy of the feature list, with what we know of each
// feature. A Ledger without entries belongs to a project that was seen and has
// no sound list yet.
type Ledger struct {
	Entries []LedgerEntry   `json:"entries"`
	Wrapper json.RawMessage `json:"wrapper,omitempty"` // the object around the list, without the list; nil when the list is an array
}
