package autosession

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

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

// Checks says how features are checked.
type Checks struct {
	Command string        // for a feature without its own verify; "" is none
	Timeout time.Duration // of one check; default 10 min
	Budget  time.Duration // for the checks of one session beyond its claims; default 10 min
	Clean   bool          // run each in a clean checkout of what is committed
	Setup   string        // what makes a copy ready: a clean checkout, or a checkpoint in which it is looked for who broke a feature; "" is nothing
}

// of names the command that checks a feature, and whether it is the suite.
func (c Checks) of(f Feature) (command string, suite bool) {
	if f.Verify != "" {
		return f.Verify, false
	}
	return c.Command, c.Command != ""
}

// due says whether a claim waits for a check: for the first run of it, or of one
// that was set since.
func (c Checks) due(e LedgerEntry) bool {
	command, _ := c.of(e.Feature)
	return e.Pending || e.State == FeatureClaimed && command != "" && !e.tried(command)
}

// untried says whether there is a check of an open feature that never ran.
func (c Checks) untried(e LedgerEntry) bool {
	command, _ := c.of(e.Feature)
	return e.State == FeatureOpen && command != "" && !e.tried(command)
}

// quote makes a text one word of a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// checker runs checks on one tree. The suite runs once for it, and once more
// when its answer is doubtful.
type checker struct {
	checks  Checks
	project *project
	base    Checkpoint // what is checked
	sandbox Sandbox
	scope   Scope // of a check
	commit  string
	session int
	emit    func(Event)
	suite   [2]*CheckRun        // the first and the second run of the suite
	redact  func(string) string // takes keys out of what a check prints
}

// run checks one feature: try is 0, or 1 for the second opinion. The error
// means that the check could not be run.
func (c *checker) run(ctx context.Context, key string, f Feature, try int) (CheckRun, error) {
	command, suite := c.checks.of(f)
	if suite && c.suite[try] != nil {
		again := *c.suite[try]
		again.Feature = key
		return again, nil
	}
	r := CheckRun{Feature: key, Session: c.session, Command: command, Suite: suite, Tree: c.base.Tree, Commit: c.commit, At: time.Now()}
	out := &headTail{limit: 32 << 10}
	c.emit(Event{Type: EventChecking, Feature: key, Text: clip(command, 200)})
	end, err := c.project.beginCheck(ctx, c.base)
	if err != nil {
		return CheckRun{}, err
	}
	err = c.execute(ctx, &r, out)
	r.Took = time.Since(r.At)
	if undone := end(ctx, err == nil); undone != nil {
		return CheckRun{}, errors.Join(err, fmt.Errorf("cannot put back what the check of feature %s changed: %w", key, undone))
	}
	if err != nil {
		return CheckRun{}, fmt.Errorf("cannot check feature %s: %w", key, err)
	}
	r.Output = c.redact(out.String())
	if suite {
		c.suite[try] = &r
	}
	return r, nil
}

func (c *checker) execute(ctx context.Context, r *CheckRun, out *headTail) error {
	s := script{c.sandbox, c.scope, r.Command}
	if c.checks.Clean {
		protected, remove, err := c.project.export(ctx, c.base.ID, c.project.isProtected)
		if err != nil {
			return err
		}
		defer remove()
		s.scope.Binds = append(slices.Clone(s.scope.Binds), Bind{Path: protected})
		s.command = c.checks.cleanly(r.Command, c.project.protected(), protected)
	}
	ended, err := s.run(ctx, c.checks.Timeout, out)
	r.Exit, r.TimedOut, r.Passed = ended.exit, ended.timedOut, err == nil && ended.ok()
	return err
}

// tried says whether what is known of an entry's check is known of this command.
func (e LedgerEntry) tried(command string) bool {
	by := e.CheckedBy
	if by == "" { // a record of an older version
		by = e.Feature.Verify
		if by == "" && e.Proof != nil {
			by = e.Proof.Command
		}
	}
	return e.Tried && by == command
}

// apply takes the result of a check into an entry. A pass proves only when this
// very check was seen to fail, and a failure of another check than the one that
// proved a feature does not say that it broke.
func (e *LedgerEntry) apply(r CheckRun) {
	wasProven := e.State == FeatureProven
	if !e.tried(r.Command) {
		e.SeenFailing, e.Failure, e.FailedTree = false, "", ""
	}
	e.Tried, e.CheckedBy = true, r.Command
	if !r.Passed {
		e.SeenFailing = true
		if wasProven && e.Proof.Command == r.Command {
			e.Broken, e.BrokenBy, e.BrokenAfter = true, r.Session, e.Proof.Session
		}
		e.State, e.Pending = FeatureOpen, false
		e.Failure, e.FailedTree = tail(r.Output, 2000), r.Tree
		return
	}
	claimed := wasProven || e.State == FeatureClaimed
	if !claimed {
		return // it passes before anybody claimed it: it was not seen failing
	}
	e.Pending, e.Broken, e.BrokenBy, e.BrokenAfter, e.Failure = false, false, 0, 0, ""
	if !e.SeenFailing {
		e.State = FeatureClaimed
		return
	}
	r.Output = "" // the store keeps it with the run
	e.State, e.Proof, e.Flaky = FeatureProven, &r, false
}

// doubtful says that a check passes on the very tree that it failed on: what
// made the difference is not in the tree. A check that was flaky is so until it
// gives the same answer twice.
func (e LedgerEntry) doubtful(r CheckRun) bool {
	return r.Passed && e.SeenFailing && e.tried(r.Command) && (e.Flaky || e.FailedTree == r.Tree)
}

// tail is the end of a text, at a rune's border, at most n bytes.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	cut := len(s) - n
	for cut < len(s) && s[cut]&0xC0 == 0x80 {
		cut++
	}
	return "…" + s[cut:]
}

// headTail keeps the first and the last limit bytes of what is written to it.
type headTail struct {
	limit int
	head  []byte
	tail  []byte
	lost  int64
}

// Write never fails.
func (h *headTail) Write(p []byte) (int, error) {
	n := len(p)
	if room := h.limit - len(h.head); room > 0 {
		take := min(room, len(p))
		h.head = append(h.head, p[:take]...)
		p = p[take:]
	}
	h.tail = append(h.tail, p...)
	if over := len(h.tail) - h.limit; over > 0 && len(h.tail) > 2*h.limit {
		h.lost += int64(over)
		h.tail = append(h.tail[:0], h.tail[over:]...)
	}
	return n, nil
}

// String returns what was kept, as valid UTF-8, and says how much is missing.
func (h *headTail) String() string {
	end, lost := h.tail, h.lost
	if over := len(end) - h.limit; over > 0 {
		end, lost = end[over:], lost+int64(over)
	}
	var b strings.Builder
	b.Write(h.head)
	if lost > 0 {
		fmt.Fprintf(&b, "\n[%d bytes left out]\n", lost)
	}
	b.Write(end)
	return strings.ToValidUTF8(b.String(), "�")
}
