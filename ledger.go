package autosession

import (
	"encoding/json"
	"fmt"
	"slices"
)

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
	CheckedBy   string       `json:"checked_by,omitempty"`   // the command of that check; of another one nothing is known
	Broken      bool         `json:"broken,omitempty"`       // open, and was proven before
	BrokenBy    int          `json:"broken_by,omitempty"`    // session that broke it, the last one that could have
	BrokenAfter int          `json:"broken_after,omitempty"` // session after which it was still proven
	Flaky       bool         `json:"flaky,omitempty"`        // its check gave two answers for one tree
	ClaimedBy   int          `json:"claimed_by,omitempty"`   // session of the last claim
	Proof       *CheckRun    `json:"proof,omitempty"`        // the last one that proved it
	Failure     string       `json:"failure,omitempty"`      // end of the output of the last failed check
	FailedTree  string       `json:"failed_tree,omitempty"`  // tree of that check
}

// passes is what the feature list says of the entry. A claim whose check is
// due does not pass yet.
func (e LedgerEntry) passes() bool {
	return e.State == FeatureProven || e.State == FeatureClaimed && !e.Pending
}

// Ledger is our own copy of the feature list, with what we know of each
// feature. A Ledger without entries belongs to a project that was seen and has
// no sound list yet.
type Ledger struct {
	Entries []LedgerEntry   `json:"entries"`
	Wrapper json.RawMessage `json:"wrapper,omitempty"` // the object around the list, with null in the list's place; nil when the list is an array
	// Unfinished is the hash of the list that an init session left when it
	// died half-way. As long as the file is that list, it is nobody's.
	Unfinished string `json:"unfinished,omitempty"`
}

// newLedger makes a sound list the ledger. What it says passes is a claim.
func newLedger(list FeatureList, session int) Ledger {
	var l Ledger
	if list.wrapper != nil {
		members := slices.Clone(list.wrapper)
		for i := range members {
			if members[i].value == nil {
				members[i].value = json.RawMessage("null")
			}
		}
		l.Wrapper = formatObject(members)
	}
	for _, f := range list.Features {
		e := LedgerEntry{Feature: f, State: FeatureOpen}
		if f.Passes {
			e.State, e.Pending, e.ClaimedBy = FeatureClaimed, true, session
		}
		l.Entries = append(l.Entries, e)
	}
	return l
}

// List is the feature list as the ledger has it.
func (l Ledger) List() FeatureList {
	var list FeatureList
	if l.Wrapper != nil {
		members, _ := readObject(l.Wrapper, 0)
		for _, m := range members {
			list.wrapper = append(list.wrapper, m.member)
		}
	}
	for _, e := range l.Entries {
		f := e.Feature
		f.Passes = e.passes()
		list.Features = append(list.Features, f)
	}
	return list
}

// claims is the history of a ledger that was just made from a person's list:
// what that says passes.
func (l Ledger) claims() []HistoryEntry {
	var history []HistoryEntry
	for i, e := range l.Entries {
		if e.State == FeatureClaimed {
			history = append(history, HistoryEntry{Feature: l.Key(i), By: "person", What: "claimed"})
		}
	}
	return history
}

// clone makes a ledger whose entries can be changed apart.
func (l Ledger) clone() Ledger {
	l.Entries = slices.Clone(l.Entries)
	return l
}

// Key names the entry at position i: its id, or "#" and its position from 1.
func (l Ledger) Key(i int) string { return featureKey(l.Entries[i].Feature, i) }

// Find returns the position of the entry that key names, or -1.
func (l Ledger) Find(key string) int {
	for i := range l.Entries {
		if l.Key(i) == key {
			return i
		}
	}
	return -1
}

// Tally counts the entries. A claim whose check is due counts as open.
func (l Ledger) Tally() Tally {
	t := Tally{Total: len(l.Entries)}
	for _, e := range l.Entries {
		switch {
		case e.State == FeatureProven:
			t.Proven++
			if e.Flaky {
				t.Flaky++
			}
		case e.passes():
			t.Claimed++
		default:
			t.Open++
			if e.Broken {
				t.Broken++
			}
		}
	}
	return t
}

// author is who could have written what lies in the project.
type author struct {
	name    string // "agent" or "person"
	session int    // of the agent
}

// reconciled is what comes of comparing the ledger with what lies in the
// project.
type reconciled struct {
	ledger     Ledger
	changed    map[int]bool // positions of entries that are new or differ
	write      bool         // the file must be written again
	claims     []int        // positions newly claimed; their checks are due
	reports    []int        // positions that the agent reports as broken
	violations []string     // what is undone, a sentence each
	history    []HistoryEntry
}

// reconcile compares the ledger with what an author left. It is pure, and
// applying it twice changes nothing more. An agent may set passes to true,
// which is a claim, and back to false, which is a report; all else that it did
// is undone. What a person did is taken over. A list that is gone or broken is
// restored, whoever did it, and so is one that a person has emptied: who wants
// to start over says so by [Reset].
func (l Ledger) reconcile(f found, by author) reconciled {
	r := reconciled{ledger: l.clone(), changed: map[int]bool{}}
	switch {
	case f.missing:
		r.undo(by, "", ListFile+" was deleted")
	case f.garbled:
		r.undo(by, "", "the list was broken: "+f.wrong.Error())
	case f.emptied(l) && by.name == "person":
		r.undo(by, "", "the list held no features")
	case by.name == "person" && f.wrong == nil:
		r.takeOver(f.list, by)
	default:
		r.judge(f, by)
	}
	r.write = f.missing || f.wrong != nil || f.emptied(l) || by.name == "agent" && !r.ledger.List().same(f.list)
	return r
}

func (r *reconciled) undo(by author, feature, what string) {
	r.violations = append(r.violations, what)
	r.record(by, feature, "restored", what)
}

func (r *reconciled) record(by author, feature, what, detail string) {
	r.history = append(r.history, HistoryEntry{Feature: feature, By: by.name, Session: by.session, What: what, Detail: detail})
}

// judge undoes what an agent may not do and takes its claims and reports.
func (r *reconciled) judge(f found, by author) {
	if f.wrong != nil {
		r.undo(by, "", f.wrong.Error())
	}
	if f.list.Features != nil && !r.ledger.List().sameAround(f.list) {
		r.undo(by, "", "what stands around the list was edited")
	}
	at := match(r.ledger.List(), f.list)
	last, moved := -1, false
	for i := range r.ledger.Entries {
		key := r.ledger.Key(i)
		j := at[i]
		if j < 0 {
			r.undo(by, key, "feature "+key+" was deleted")
			continue
		}
		left := f.list.Features[j]
		if left.hash() != r.ledger.Entries[i].Feature.hash() {
			r.undo(by, key, "feature "+key+" was edited")
		}
		moved, last = moved || j < last, max(last, j)
		if !left.flawed {
			r.flip(i, left.Passes, by)
		}
	}
	if moved {
		r.undo(by, "", "the features were reordered")
	}
	for _, j := range unmatched(at, len(f.list.Features)) {
		r.undo(by, "", "feature "+f.list.Key(j)+" was added")
	}
}

// flip takes over what the list says of passes: a claim, a report or nothing.
func (r *reconciled) flip(i int, passes bool, by author) {
	e := &r.ledger.Entries[i]
	if passes == e.passes() {
		return
	}
	key := r.ledger.Key(i)
	r.changed[i] = true
	if passes {
		if e.State == FeatureOpen {
			e.State, e.Pending, e.ClaimedBy = FeatureClaimed, true, by.session
			r.record(by, key, "claimed", "")
		}
		r.claims = append(r.claims, i)
		return
	}
	r.reports = append(r.reports, i)
	r.record(by, key, "reported", "said to be broken")
}

// takeOver makes a person's list the ledger, and keeps what is known of the
// features that it still holds unchanged.
func (r *reconciled) takeOver(list FeatureList, by author) {
	old := r.ledger
	if old.List().same(list) {
		return
	}
	at := match(list, old.List())
	r.ledger = newLedger(list, 0)
	for i := range r.ledger.Entries {
		key := r.ledger.Key(i)
		r.changed[i] = true
		if at[i] < 0 || old.Entries[at[i]].Feature.hash() != list.Features[i].hash() {
			what := "edited"
			if at[i] < 0 {
				what = "added"
			}
			r.record(by, key, what, "")
			if list.Features[i].Passes {
				r.record(by, key, "claimed", "")
			}
			continue
		}
		was := old.Entries[at[i]]
		r.ledger.Entries[i] = was
		r.ledger.Entries[i].Feature = list.Features[i]
		switch {
		case list.Features[i].Passes && !was.passes():
			r.flip(i, true, by)
		case !list.Features[i].Passes && was.passes():
			r.ledger.Entries[i].State = FeatureOpen
			r.record(by, key, "reopened", "")
		}
	}
	for _, j := range unmatched(at, len(old.Entries)) {
		r.record(by, old.Key(j), "removed", "")
	}
	if old.Entries != nil && len(r.history) == 0 && !old.List().sameFeatures(list) {
		r.record(by, "", "reordered", fmt.Sprintf("%d features", len(list.Features)))
	}
	if old.Entries != nil && !old.List().sameAround(list) {
		r.record(by, "", "edited", "what stands around the list")
	}
}
