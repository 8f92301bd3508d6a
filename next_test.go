package autosession

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestNext(t *testing.T) {
	open := Tally{Total: 5, Proven: 2, Open: 3}
	done := Tally{Total: 5, Proven: 5}
	outcome := func(c OutcomeClass) Outcome { return Outcome{Class: c} }
	tests := []struct {
		name   string
		state  State
		action Action
		reason string
		until  time.Duration // from noon; -1 is no moment
	}{
		{"first init", State{Kind: Init}, ActionStart, "init", 0},
		{"first continue", State{Kind: Continue, Features: open}, ActionStart, "continue", 0},
		{"after a session, with the delay", State{Kind: Continue, Features: open, Run: Spent{Sessions: 1}, Ended: noon, Patience: Patience{ContinueDelay: 3 * time.Second}}, ActionStart, "continue", 3 * time.Second},
		{"the delay counts from the end of the session", State{Kind: Continue, Features: open, Run: Spent{Sessions: 1}, Ended: noon.Add(-2 * time.Second), Patience: Patience{ContinueDelay: 3 * time.Second}}, ActionStart, "continue", time.Second},
		{"no delay after a long close", State{Kind: Continue, Features: open, Run: Spent{Sessions: 1}, Ended: noon.Add(-time.Minute), Patience: Patience{ContinueDelay: 3 * time.Second}}, ActionStart, "continue", 0},

		{"stop wins over everything", State{Kind: Continue, Stop: true, Pause: true, Features: done, ProofsHold: true}, ActionStop, "stopped", -1},
		{"pause wins over complete", State{Pause: true, Features: done, ProofsHold: true}, ActionWait, "paused", -1},
		{"complete", State{Kind: Continue, Features: done, ProofsHold: true}, ActionStop, "complete", -1},
		{"complete with claims", State{Kind: Continue, Features: Tally{Total: 2, Claimed: 2}, ProofsHold: true}, ActionStop, "complete", -1},
		{"complete wins over a block", State{Kind: Continue, Features: done, ProofsHold: true, Blocked: BlockAuth}, ActionStop, "complete", -1},
		{"proofs of another tree are not complete", State{Kind: Continue, Features: done}, ActionStart, "continue", 0},
		{"no features are not complete", State{Kind: Init, ProofsHold: true}, ActionStart, "init", 0},

		{"blocked", State{Kind: Continue, Features: open, Blocked: BlockCredit}, ActionStop, "needs-person", -1},
		{"iterations", State{Kind: Continue, Features: open, Run: Spent{Sessions: 2}, RunMax: Limits{Sessions: 2}}, ActionStop, "limit-iterations", -1},
		{"one iteration is left", State{Kind: Continue, Features: open, Run: Spent{Sessions: 1}, RunMax: Limits{Sessions: 2}}, ActionStart, "continue", 0},
		{"cost", State{Kind: Continue, Features: open, Run: Spent{CostUSD: 2}, RunMax: Limits{CostUSD: 1.5}}, ActionStop, "limit-cost", -1},
		{"tokens", State{Kind: Continue, Features: open, Run: Spent{Tokens: 10}, RunMax: Limits{Tokens: 10}}, ActionStop, "limit-tokens", -1},
		{"duration", State{Kind: Continue, Features: open, Run: Spent{Active: time.Hour}, RunMax: Limits{Active: time.Hour}}, ActionStop, "limit-duration", -1},
		{"iterations of the project", State{Kind: Continue, Features: open, Project: Spent{Sessions: 9}, ProjectMax: Limits{Sessions: 9}}, ActionStop, "limit-project-iterations", -1},
		{"once", State{Kind: Continue, Features: open, Once: true, Run: Spent{Sessions: 1}}, ActionStop, "once", -1},
		{"once, not yet", State{Kind: Continue, Features: open, Once: true}, ActionStart, "continue", 0},
		{"once, not opened", State{Kind: Continue, Features: open, Once: true, Last: outcome(OutcomeCrashed), Failures: 1}, ActionStop, "once", -1},
		{"once, nobody there", State{Kind: Continue, Features: open, Once: true, Last: outcome(OutcomeOffline), Transient: 1}, ActionStop, "once", -1},
		{"once wins over a usage limit", State{Kind: Continue, Features: open, Once: true, Run: Spent{Sessions: 1}, Last: outcome(OutcomeUsageLimit), Transient: 1}, ActionStop, "once", -1},

		{"usage limit with a reset", State{Kind: Continue, Features: open, Last: Outcome{Class: OutcomeUsageLimit, Reset: noon.Add(4 * time.Hour)}, Transient: 1}, ActionWait, "usage-limit", 4*time.Hour + 5*time.Second},
		{"a reset in a year is bounded", State{Kind: Continue, Features: open, Last: Outcome{Class: OutcomeUsageLimit, Reset: noon.AddDate(1, 0, 0)}, Transient: 1}, ActionWait, "usage-limit", 8 * 24 * time.Hour},
		{"a usage limit that is over", State{Kind: Continue, Features: open, Last: Outcome{Class: OutcomeUsageLimit, Reset: noon.Add(-time.Hour)}, Transient: 1, Parked: &Wait{Reason: "usage-limit", Since: noon.Add(-2 * time.Hour), Until: noon.Add(-time.Hour)}}, ActionStart, "continue", 0},
		{"a restart goes on waiting", State{Kind: Continue, Features: open, Last: outcome(OutcomeOverloaded), Transient: 3, Parked: &Wait{Reason: "backoff", Since: noon.Add(-time.Minute), Until: noon.Add(time.Second)}}, ActionWait, "backoff", time.Second},
		{"a wait is over", State{Kind: Continue, Features: open, Last: outcome(OutcomeOverloaded), Transient: 3, Parked: &Wait{Reason: "backoff", Since: noon.Add(-time.Minute), Until: noon}}, ActionStart, "continue", 0},
		{"no delay after a wait", State{Kind: Continue, Features: open, Run: Spent{Sessions: 4}, Ended: noon, Patience: Patience{ContinueDelay: time.Hour}, Last: outcome(OutcomeOverloaded), Transient: 3, Parked: &Wait{Until: noon}}, ActionStart, "continue", 0},
		{"limits win over waits", State{Kind: Continue, Features: open, Last: outcome(OutcomeOffline), Run: Spent{Sessions: 1}, RunMax: Limits{Sessions: 1}}, ActionStop, "limit-iterations", -1},

		{"failing", State{Kind: Continue, Features: open, Failures: 5, Last: outcome(OutcomeCrashed)}, ActionStop, "failing", -1},
		{"not failing yet", State{Kind: Continue, Features: open, Failures: 4, Last: outcome(OutcomeCrashed)}, ActionStart, "continue", 0},
		{"failing earlier by setting", State{Kind: Continue, Features: open, Failures: 1, Patience: Patience{Failures: 1}}, ActionStop, "failing", -1},
		{"stuck in init", State{Kind: Init, Unsound: 3}, ActionStop, "stuck", -1},
		{"stuck without progress", State{Kind: Continue, Features: open, NoProgress: 3}, ActionStop, "stuck", -1},
		{"stuck without proofs", State{Kind: Continue, Features: open, NoProof: 10}, ActionStop, "stuck", -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Next(tt.state, noon)
			if d.Action != tt.action || d.Reason != tt.reason {
				t.Fatalf("Next = %s %s (%s), want %s %s", d.Action, d.Reason, d.Detail, tt.action, tt.reason)
			}
			if d.Detail == "" {
				t.Error("the decision has no detail")
			}
			if want := noon.Add(tt.until); tt.until >= 0 && !d.Until.Equal(want) {
				t.Errorf("until %s, want %s", d.Until, want)
			}
			if tt.until < 0 && !d.Until.IsZero() {
				t.Errorf("until %s, want none", d.Until)
			}
		})
	}
}

func TestBackoffGrowsToItsCap(t *testing.T) {
	var last time.Duration
	for n := 1; n < 30; n++ {
		d := Next(State{Kind: Continue, Features: Tally{Total: 1, Open: 1}, Last: Outcome{Class: OutcomeOverloaded}, Transient: n, Seed: 7}, noon)
		wait := d.Until.Sub(noon)
		if d.Reason != ReasonBackoff || wait <= 0 || wait > 10*time.Minute {
			t.Fatalf("after %d transient outcomes: %s until %s", n, d.Reason, wait)
		}
		if wait < last/2 {
			t.Errorf("wait %d is %s, after %s", n, wait, last)
		}
		last = wait
	}
	if last < 7*time.Minute {
		t.Errorf("the last wait is %s, far below the cap", last)
	}
}

// anyState makes up a state, the likely and the odd.
func anyState(t *rapid.T) State {
	moment := func(label string) time.Time {
		return noon.Add(time.Duration(rapid.Int64Range(-1e15, 1e16).Draw(t, label)))
	}
	spent := func(label string) Spent {
		return Spent{
			Sessions: rapid.IntRange(0, 5).Draw(t, label+" sessions"),
			CostUSD:  float64(rapid.IntRange(0, 5).Draw(t, label+" cost")),
			Tokens:   rapid.Int64Range(0, 5).Draw(t, label+" tokens"),
			Active:   time.Duration(rapid.Int64Range(0, 5).Draw(t, label+" active")),
		}
	}
	limits := func(label string) Limits {
		return Limits(spent(label))
	}
	open := rapid.IntRange(0, 3).Draw(t, "open")
	proven := rapid.IntRange(0, 3).Draw(t, "proven")
	claimed := rapid.IntRange(0, 3).Draw(t, "claimed")
	classes := []OutcomeClass{"", OutcomeDone, OutcomeUsageLimit, OutcomeRateLimited, OutcomeOverloaded, OutcomeOffline, OutcomeCrashed, OutcomeNeedsPerson, OutcomeInterrupted}
	s := State{
		Kind:     rapid.SampledFrom([]Kind{Init, Continue}).Draw(t, "kind"),
		Features: Tally{Total: open + proven + claimed, Open: open, Proven: proven, Claimed: claimed},
		Stop:     rapid.Bool().Draw(t, "stop"), Pause: rapid.Bool().Draw(t, "pause"), Once: rapid.Bool().Draw(t, "once"),
		ProofsHold: rapid.Bool().Draw(t, "hold"),
		Blocked:    rapid.SampledFrom([]string{"", BlockAuth, BlockAgent}).Draw(t, "blocked"),
		Last:       Outcome{Class: rapid.SampledFrom(classes).Draw(t, "last")},
		Ended:      moment("ended"),
		Failures:   rapid.IntRange(0, 7).Draw(t, "failures"), Transient: rapid.IntRange(0, 90).Draw(t, "transient"),
		Unsound: rapid.IntRange(0, 4).Draw(t, "unsound"), NoProgress: rapid.IntRange(0, 4).Draw(t, "no progress"), NoProof: rapid.IntRange(0, 11).Draw(t, "no proof"),
		Run: spent("run"), Project: spent("project"), RunMax: limits("run max"), ProjectMax: limits("project max"),
		Patience: Patience{ContinueDelay: time.Duration(rapid.Int64Range(0, 1e11).Draw(t, "delay"))},
		Seed:     rapid.Uint64().Draw(t, "seed"), Version: RulesVersion,
	}
	if rapid.Bool().Draw(t, "has reset") {
		s.Last.Reset = moment("reset")
	}
	if rapid.Bool().Draw(t, "parked") {
		s.Parked = &Wait{Reason: "backoff", Since: moment("since"), Until: moment("until")}
	}
	return s
}

func TestNextHoldsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyState(t)
		d := Next(s, noon)
		if again := Next(s, noon); again != d {
			t.Fatalf("two answers for one state: %+v and %+v", d, again)
		}
		if d.Reason == "" || d.Detail == "" {
			t.Fatalf("a decision without a reason: %+v", d)
		}
		switch d.Action {
		case ActionStart:
			if s.Stop || s.Pause || s.Blocked != "" || s.RunMax.Reached(s.Run) != "" || s.ProjectMax.Reached(s.Project) != "" || s.Once && s.Run.Sessions+s.Failures+s.Transient > 0 {
				t.Fatalf("it starts: %+v for %+v", d, s)
			}
			if d.Kind != s.Kind || d.Until.Before(noon) || d.Until.After(noon.Add(s.Patience.ContinueDelay)) && d.Until.After(s.Ended.Add(s.Patience.ContinueDelay)) {
				t.Fatalf("an odd start: %+v for %+v", d, s)
			}
		case ActionWait:
			if d.Until.IsZero() == (d.Event == "") {
				t.Fatalf("a wait needs an end or an event that ends it: %+v", d)
			}
			if !d.Until.IsZero() && (!d.Until.After(noon) || d.Until.After(noon.Add(s.Patience.withDefaults().LongestWait))) {
				t.Fatalf("a wait until %s", d.Until)
			}
		case ActionStop:
		default:
			t.Fatalf("what is %q?", d.Action)
		}
		if s.Features.Complete() && s.ProofsHold && !s.Pause && d.Action != ActionStop {
			t.Fatalf("a complete project goes on: %+v", d)
		}
		if strings.HasPrefix(d.Reason, "limit-") && d.Action != ActionStop {
			t.Fatalf("a limit that does not stop: %+v", d)
		}
	})
}

// A wait that was decided ends: asked again at its end, Next does not wait for
// the same reason any more.
func TestNextWaitsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyState(t)
		s.Stop, s.Pause, s.Once, s.Blocked, s.Parked = false, false, false, "", nil
		s.Features, s.RunMax, s.ProjectMax = Tally{Total: 1, Open: 1}, Limits{}, Limits{}
		s.Last.Class = rapid.SampledFrom([]OutcomeClass{OutcomeUsageLimit, OutcomeRateLimited, OutcomeOverloaded, OutcomeOffline}).Draw(t, "transient class")
		d := Next(s, noon)
		if d.Action != ActionWait {
			t.Fatalf("it does not wait: %+v", d)
		}
		s.Parked = &Wait{Reason: d.Reason, Since: d.Since, Until: d.Until}
		if again := Next(s, noon.Add(d.Until.Sub(noon)/2)); again.Action != ActionWait || !again.Until.Equal(d.Until) {
			t.Fatalf("half-way through %+v: %+v", d, again)
		}
		if again := Next(s, d.Until); again.Action == ActionWait {
			t.Fatalf("after %+v it waits again: %+v", d, again)
		}
	})
}
