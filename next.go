package autosession

import (
	"cmp"
	"fmt"
	"math/bits"
	"time"
)

// RulesVersion is the version of Next's rules. A State carries the version it
// was made for, so that a recorded run can be replayed.
const RulesVersion = 1

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

// Complete says that there are features and that none of them is open.
func (t Tally) Complete() bool { return t.Total > 0 && t.Open == 0 }

// Action is what a Decision says to do.
type Action string

// The actions.
const (
	ActionStart Action = "start"
	ActionWait  Action = "wait"
	ActionStop  Action = "stop"
)

// The reasons of decisions. A stop by a limit has the reason "limit-" and the
// limit's name, with "project-" between them for a limit of the project. A
// start has the kind of the session for its reason.
const (
	ReasonStopped     = "stopped"
	ReasonPaused      = "paused"
	ReasonComplete    = "complete"
	ReasonNeedsPerson = "needs-person"
	ReasonOnce        = "once"
	ReasonUsageLimit  = "usage-limit"
	ReasonBackoff     = "backoff"
	ReasonOffline     = "offline"
	ReasonFailing     = "failing"
	ReasonStuck       = "stuck"
)

// Decision says what happens next, and why.
type Decision struct {
	Action Action    `json:"action"`
	Reason string    `json:"reason"`          // a name that scripts can match
	Detail string    `json:"detail"`          // for people
	Until  time.Time `json:"until,omitzero"`  // of a start: when the delay is over; of a wait: when it ends, zero when only an event ends it
	Kind   Kind      `json:"kind,omitempty"`  // of the session to start
	Since  time.Time `json:"since,omitzero"`  // of a wait: when it was first decided
	Event  string    `json:"event,omitempty"` // of a wait without an end: what ends it
}

// Wait is a wait that was decided. It is stored, so that a restart goes on
// waiting and does not begin anew.
type Wait struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
}

// Patience says how much is put up with. A zero field takes its default.
type Patience struct {
	Failures      int           // failed sessions in a row before failing; default 5
	Unsound       int           // init sessions in a row without a sound list before stuck; default 3
	NoProgress    int           // continue sessions in a row without change or proof before stuck; default 3
	NoProof       int           // continue sessions in a row without a new proof before stuck; default 10
	ContinueDelay time.Duration // between two sessions; default none here, the program's is 3 s
	BackoffBase   time.Duration // first wait after a transient outcome, doubled each time; default 5 s
	BackoffCap    time.Duration // longest of these waits; default 10 min
	LongestWait   time.Duration // for a usage limit, whatever its reset time says; default 8 days
	Slack         time.Duration // added to a reset time; default 5 s
}

func (p Patience) withDefaults() Patience {
	return Patience{
		Failures:      cmp.Or(p.Failures, 5),
		Unsound:       cmp.Or(p.Unsound, 3),
		NoProgress:    cmp.Or(p.NoProgress, 3),
		NoProof:       cmp.Or(p.NoProof, 10),
		ContinueDelay: p.ContinueDelay,
		BackoffBase:   cmp.Or(p.BackoffBase, 5*time.Second),
		BackoffCap:    cmp.Or(p.BackoffCap, 10*time.Minute),
		LongestWait:   cmp.Or(p.LongestWait, 8*24*time.Hour),
		Slack:         cmp.Or(p.Slack, 5*time.Second),
	}
}

// State is all that Next knows. It is plain data: a workflow engine can carry
// it, a simulator can make it up.
type State struct {
	Kind       Kind   // of the next session, from Detect
	Features   Tally  //
	ProofsHold bool   // every proof is of the present tree
	Stop       bool   // asked for; ends with its run
	Pause      bool   // asked for; outlives a restart
	Once       bool   // one session, then stop
	Blocked    string // one of the Block constants; cleared by a new run

	Last      Outcome   // of the last session of this run, with its reset time where there is one
	Ended     time.Time // when that session ended: the continue delay counts from there
	Failures  int       // failed sessions in a row, in this run
	Transient int       // limited, overloaded or offline sessions in a row, in this run
	Unsound   int       // init sessions in a row without a sound list

	NoProgress int // continue sessions in a row without tree change, claim or proof
	NoProof    int // continue sessions in a row without a new proof

	Run, Project       Spent
	RunMax, ProjectMax Limits
	Patience           Patience
	Parked             *Wait  // the wait that was decided after the last session, over or not
	Seed               uint64 // jitter without randomness
	Version            int    // RulesVersion that the state was made for
}

// rule is one row of the decision table. Its second result is false when the
// row does not apply.
type rule func(s State, now time.Time) (Decision, bool)

// table is looked at from the top; the first row that applies wins.
var table = [...]rule{
	stopped,
	paused,
	complete,
	needsPerson,
	limited,
	usageLimited,
	backedOff,
	failing,
	stuck,
}

// Next decides what happens next. It is pure: the same state and time give the
// same decision. It never starts a session when a limit is reached, never
// waits without an end or an event that ends it, and stops on a complete
// project unless it is paused.
func Next(s State, now time.Time) Decision {
	s.Patience = s.Patience.withDefaults()
	for _, row := range table {
		if d, applies := row(s, now); applies {
			return d
		}
	}
	return start(s, now)
}

func stopped(s State, _ time.Time) (Decision, bool) {
	return Decision{Action: ActionStop, Reason: ReasonStopped, Detail: "a stop was asked for"}, s.Stop
}

func paused(s State, _ time.Time) (Decision, bool) {
	return Decision{Action: ActionWait, Reason: ReasonPaused, Detail: "a pause was asked for", Event: "resume"}, s.Pause
}

func complete(s State, _ time.Time) (Decision, bool) {
	if !s.Features.Complete() || !s.ProofsHold {
		return Decision{}, false
	}
	detail := fmt.Sprintf("%d of %d features are proven", s.Features.Proven, s.Features.Total)
	if s.Features.Claimed > 0 {
		detail += fmt.Sprintf(", %d are claimed and no check could tell", s.Features.Claimed)
	}
	return Decision{Action: ActionStop, Reason: ReasonComplete, Detail: detail}, true
}

// blockHelp says what a person has to do.
var blockHelp = map[string]string{
	BlockAuth:    "sign in again or give a valid key",
	BlockCredit:  "add credit to the account, or use another one",
	BlockLane:    "another account would pay than the one you chose; see the setting billing",
	BlockAgent:   "install the agent's program or choose another agent; autosession doctor says more",
	BlockSandbox: "the sandbox does not hold; autosession doctor says more",
	BlockDisk:    "make room on the disk, and start again",
}

func needsPerson(s State, _ time.Time) (Decision, bool) {
	if s.Blocked == "" {
		return Decision{}, false
	}
	detail := cmp.Or(blockHelp[s.Blocked], s.Blocked)
	if s.Last.Class == OutcomeNeedsPerson && s.Last.Detail != "" {
		detail = s.Last.Detail + "; " + detail
	}
	return Decision{Action: ActionStop, Reason: ReasonNeedsPerson, Detail: detail}, true
}

func limited(s State, _ time.Time) (Decision, bool) {
	if name := s.RunMax.Reached(s.Run); name != "" {
		return Decision{Action: ActionStop, Reason: "limit-" + name, Detail: "this run has reached its limit: " + spentOf(name, s.Run, s.RunMax)}, true
	}
	if name := s.ProjectMax.Reached(s.Project); name != "" {
		return Decision{Action: ActionStop, Reason: "limit-project-" + name, Detail: "the project has reached its limit: " + spentOf(name, s.Project, s.ProjectMax)}, true
	}
	switch {
	case s.Once && s.Run.Sessions > 0:
		return Decision{Action: ActionStop, Reason: ReasonOnce, Detail: "one session was asked for, and it ended as " + string(s.Last.Class)}, true
	case s.Once && s.Failures+s.Transient > 0:
		return Decision{Action: ActionStop, Reason: ReasonOnce, Detail: "one session was asked for, and it could not be opened: " + s.Last.String()}, true
	}
	return Decision{}, false
}

func spentOf(name string, s Spent, l Limits) string {
	switch name {
	case "iterations":
		return fmt.Sprintf("%d of %d sessions", s.Sessions, l.Sessions)
	case "cost":
		return fmt.Sprintf("$%.2f of $%.2f", s.CostUSD, l.CostUSD)
	case "tokens":
		return fmt.Sprintf("%d of %d tokens", s.Tokens, l.Tokens)
	default:
		return fmt.Sprintf("%s of %s", s.Active.Round(time.Second), l.Active)
	}
}

// usageLimited waits until the quota is said to come back. Without a time it
// backs off, starting at a quarter of an hour.
func usageLimited(s State, now time.Time) (Decision, bool) {
	if s.Last.Class != OutcomeUsageLimit {
		return Decision{}, false
	}
	until := s.Last.Reset.Add(s.Patience.Slack)
	detail := "the account's usage limit is reached"
	if !s.Last.Reset.After(now) {
		until = now.Add(backoff(s, 15*time.Minute, time.Hour))
		detail += " and nobody says until when"
	}
	return park(s, now, Decision{Reason: ReasonUsageLimit, Detail: detail, Until: until})
}

func backedOff(s State, now time.Time) (Decision, bool) {
	if !s.Last.Class.Transient() {
		return Decision{}, false
	}
	reason := ReasonBackoff
	if s.Last.Class == OutcomeOffline {
		reason = ReasonOffline
	}
	until := now.Add(backoff(s, s.Patience.BackoffBase, s.Patience.BackoffCap))
	if asked := s.Last.Reset.Add(s.Patience.Slack); !s.Last.Reset.IsZero() && asked.After(until) {
		until = asked
	}
	return park(s, now, Decision{Reason: reason, Detail: s.Last.String(), Until: until})
}

// park makes d a wait, unless it was decided before: then that wait goes on,
// or it is over and the row does not apply. A clock that was set back can make
// no wait longer than LongestWait.
func park(s State, now time.Time, d Decision) (Decision, bool) {
	d.Action, d.Since = ActionWait, now
	if s.Parked != nil {
		d.Until, d.Since = s.Parked.Until, s.Parked.Since
	}
	if longest := now.Add(s.Patience.LongestWait); d.Until.After(longest) {
		d.Until = longest
		d.Detail += fmt.Sprintf("; it waits %s and tries then", s.Patience.LongestWait)
	}
	return d, now.Before(d.Until)
}

// backoff doubles base with each transient outcome in a row, up to most, and
// takes up to a quarter off, so that many programs do not come back at once.
func backoff(s State, base, most time.Duration) time.Duration {
	d := base
	for i := 1; i < s.Transient && d < most; i++ {
		d *= 2
	}
	d = min(d, most)
	hi, _ := bits.Mul64(mix(s.Seed+uint64(s.Transient)), uint64(d/4))
	return d - time.Duration(hi)
}

// mix spreads a seed over 64 bits (the finisher of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func failing(s State, _ time.Time) (Decision, bool) {
	detail := fmt.Sprintf("%d sessions in a row failed, the last one: %s", s.Failures, s.Last)
	return Decision{Action: ActionStop, Reason: ReasonFailing, Detail: detail}, s.Failures >= s.Patience.Failures
}

func stuck(s State, _ time.Time) (Decision, bool) {
	d := Decision{Action: ActionStop, Reason: ReasonStuck}
	switch {
	case s.Unsound >= s.Patience.Unsound:
		d.Detail = fmt.Sprintf("%d init sessions in a row made no sound feature list", s.Unsound)
	case s.NoProgress >= s.Patience.NoProgress:
		d.Detail = fmt.Sprintf("%d sessions in a row changed, claimed and proved nothing", s.NoProgress)
	case s.NoProof >= s.Patience.NoProof:
		d.Detail = fmt.Sprintf("%d sessions in a row proved nothing new", s.NoProof)
	default:
		return Decision{}, false
	}
	return d, true
}

// start begins the next session: at once when it is the first one of the run
// or a wait came before it, else when the continue delay has passed since the
// last one ended.
func start(s State, now time.Time) Decision {
	d := Decision{Action: ActionStart, Reason: string(s.Kind), Kind: s.Kind, Until: now}
	switch {
	case s.Kind == Init:
		d.Detail = "there is no sound feature list yet"
	case s.Features.Complete():
		d.Detail = "every feature passes, and the proofs do not hold"
	default:
		d.Detail = fmt.Sprintf("%d of %d features are open", s.Features.Open, s.Features.Total)
	}
	if delayed := s.Ended.Add(s.Patience.ContinueDelay); s.Run.Sessions > 0 && s.Parked == nil && delayed.After(now) {
		d.Until = delayed
	}
	return d
}
