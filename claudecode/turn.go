package claudecode

import (
	"fmt"
	"time"

	"github.com/autosession/autosession"
)

// How long a turn waits for what may still come.
const (
	retryPatience = 60 * time.Second       // the program's own retries, before the session ends
	stopGrace     = 5 * time.Second        // a result, after we asked the program to stop
	taskGrace     = 605 * time.Second      // tasks in the background, after the result: the program's own ceiling
	idleGrace     = 2 * time.Second        // the word that the program is idle, after the result
	settleGrace   = 250 * time.Millisecond // the same from a program that never says so: its sudden end
)

// turn is what is known of the turn that is under way. Its owner guards it.
//
//	prompted ──result──> settling ──idle, or its grace──> over
//	    │                    ^
//	    └──stop──> stopping ─┘ (or its grace)
type turn struct {
	asked  bool                 // an interrupt was asked for
	stop   *autosession.Outcome // why we stop the turn ourselves
	stopAt time.Time

	result   *frame
	resultAt time.Time
	idle     bool // the program says so, after its result
	running  bool // the program says so, after its result
	apiError string
	retrying time.Time // since when nothing but retries came

	lasting
}

// lasting is what one turn hands on to the next.
type lasting struct {
	limit *rateLimit      // the quota that is used up, or nil
	tells bool            // the program tells when it is idle
	tasks map[string]bool // agents that run in the background
}

func newTurn(l lasting) *turn {
	if l.tasks == nil {
		l.tasks = map[string]bool{}
	}
	return &turn{lasting: l}
}

// observe takes a frame, whose memory is the caller's. It says whether the turn is to be stopped.
func (t *turn) observe(f *frame, now time.Time) (stop bool) {
	switch f.Type {
	case "result":
		kept := *f // f is the reader's
		t.result, t.resultAt, t.idle, t.running = &kept, now, false, false
	case "assistant", "stream_event":
		t.retrying = time.Time{}
		if f.Parent == "" && f.Type == "assistant" {
			t.apiError = f.Error
		}
	case "rate_limit_event":
		t.limit = nil
		if f.RateLimit != nil && f.RateLimit.Status == "rejected" {
			t.limit = f.RateLimit
		}
	case "system":
		return t.system(f, now)
	}
	return false
}

func (t *turn) system(f *frame, now time.Time) (stop bool) {
	switch f.Subtype {
	case "api_retry":
		return t.retry(f, now)
	case "session_state_changed":
		t.tells = true
		t.idle = t.result != nil && f.State == "idle"
		t.running = t.result != nil && f.State != "idle"
	case "task_started":
		if (f.TaskType == "local_agent" || f.TaskType == "local_workflow") && len(t.tasks) < maxInbound {
			t.tasks[f.TaskID] = true
		}
	case "task_notification":
		delete(t.tasks, f.TaskID)
	case "task_updated":
		switch f.Patch.Status {
		case "completed", "failed", "killed":
			delete(t.tasks, f.TaskID)
		}
	}
	return false
}

// retry decides whether the program may go on to retry by itself.
func (t *turn) retry(f *frame, now time.Time) (stop bool) {
	if t.retrying.IsZero() {
		t.retrying = now
	}
	o, known := service(f.ErrStatus, f.Error, "")
	if !known {
		o = outcome(autosession.OutcomeOffline, "")
	}
	if t.limit != nil && o.Class == autosession.OutcomeRateLimited {
		return t.end(ending{limit: t.limit, now: now}.usageLimit(), now)
	}
	delay := time.Duration(f.RetryDelay * float64(time.Millisecond))
	if o.Class != autosession.OutcomeNeedsPerson && now.Sub(t.retrying)+delay <= retryPatience {
		return false
	}
	if o.Class.Transient() {
		o.Detail = fmt.Sprintf("the program's own retries did not help: %s", f.why())
	}
	return t.end(o, now)
}

// end makes o the turn's outcome and says that it is to be stopped.
func (t *turn) end(o autosession.Outcome, now time.Time) (stop bool) {
	if t.stop != nil {
		return false
	}
	t.stop, t.stopAt = &o, now
	return true
}

// rest is how long the turn may still go on by itself: a turn is over when
// it is not above zero. Forever says that there is no such bound.
func (t *turn) rest(now time.Time) (rest time.Duration, forever bool) {
	switch {
	case t.result == nil && t.stop == nil:
		return 0, true
	case t.result == nil:
		return t.stopAt.Add(stopGrace).Sub(now), false
	case len(t.tasks) > 0 || t.running:
		return t.resultAt.Add(taskGrace).Sub(now), false
	case t.idle:
		return 0, false
	case t.tells:
		return t.resultAt.Add(idleGrace).Sub(now), false
	}
	return t.resultAt.Add(settleGrace).Sub(now), false
}

// why says in words what a retry or an error of the service is about.
func (f *frame) why() string {
	switch {
	case f.ErrStatus != 0 && f.Error != "":
		return fmt.Sprintf("%d %s", f.ErrStatus, f.Error)
	case f.ErrStatus != 0:
		return fmt.Sprint(f.ErrStatus)
	}
	return orElse(f.Error, "no connection")
}
