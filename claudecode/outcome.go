package claudecode

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/autosession/autosession"
)

// longestReset is the furthest that a limit's end is believed to be away:
// weekly limits exist, longer ones do not.
const longestReset = 8 * 24 * time.Hour

// ending is all that is known of how a turn ended. Its outcome method is the
// one place that judges it.
type ending struct {
	killed   string               // why we killed the program, or ""
	stopped  *autosession.Outcome // why we ended the turn ourselves, or nil
	asked    bool                 // an interrupt was asked for
	result   *frame               // the program's own word, or nil
	apiError string               // class of the API error that the last message carried
	limit    *rateLimit           // the quota that is used up, or nil
	exit     *autosession.Exit    // nil while the program lives
	stderr   string               // the end of what it wrote there
	now      time.Time
}

// outcome judges an ending. Only typed fields count; the words of an error
// count for a status of 400 alone, which says nothing else.
func (e ending) outcome() autosession.Outcome {
	switch {
	case e.killed != "":
		return outcome(autosession.OutcomeInterrupted, e.killed)
	case e.stopped != nil:
		return *e.stopped
	case e.result == nil:
		return e.withoutResult()
	case e.result.IsError || e.result.Subtype != "success" || e.result.APIErrorStatus >= 400:
		return e.failure()
	case e.exit != nil && !e.exit.OK():
		return outcome(autosession.OutcomeCrashed, "result and exit disagree: it reported success and "+died(*e.exit))
	}
	return e.success()
}

// withoutResult judges a program that ended without its word.
func (e ending) withoutResult() autosession.Outcome {
	switch {
	case e.asked:
		return outcome(autosession.OutcomeInterrupted, "the program ended while it was interrupted")
	case e.exit != nil && !e.exit.OK():
		return outcome(autosession.OutcomeCrashed, withTail(died(*e.exit), e.stderr))
	case e.limit != nil:
		return e.usageLimit()
	}
	return outcome(autosession.OutcomeNoResult, withTail("the program ended without a result", e.stderr))
}

// success judges a result that reports no error.
func (e ending) success() autosession.Outcome {
	if o, ok := terminal(e.result.TerminalReason); ok {
		return o
	}
	if e.result.StopReason == "refusal" {
		return outcome(autosession.OutcomeRefused, "the model declined to go on")
	}
	switch e.result.TerminalReason {
	case "api_error", "model_error", "image_error":
		return e.failure()
	}
	return outcome(autosession.OutcomeDone, "")
}

// failure judges a result that reports an error.
func (e ending) failure() autosession.Outcome {
	text := e.text()
	if o, ok := terminal(e.result.TerminalReason); ok {
		return o
	}
	switch e.result.Subtype {
	case "error_max_turns":
		return outcome(autosession.OutcomeTurnLimit, "")
	case "error_max_budget_usd":
		return outcome(autosession.OutcomeBudget, "")
	case "error_during_execution":
		if e.asked {
			return outcome(autosession.OutcomeInterrupted, "")
		}
	}
	status := e.result.APIErrorStatus
	if e.limit != nil && (status == 429 || status == 0) {
		return e.usageLimit()
	}
	if o, ok := service(status, e.apiError, text); ok {
		return o
	}
	if e.result.TerminalReason == "api_error" && status == 0 {
		return outcome(autosession.OutcomeOffline, text)
	}
	if e.apiError == "unknown" && status == 0 { // the service broke off, or sent what is no answer
		return outcome(autosession.OutcomeOverloaded, text)
	}
	if text == "" {
		text = withTail("the program reports an error and does not say which", e.stderr)
	}
	return outcome(autosession.OutcomeCrashed, text)
}

// terminal judges the reasons that mean one thing whatever else is said.
func terminal(reason string) (autosession.Outcome, bool) {
	switch reason {
	case "max_turns":
		return outcome(autosession.OutcomeTurnLimit, ""), true
	case "budget_exhausted":
		return outcome(autosession.OutcomeBudget, ""), true
	case "prompt_too_long", "blocking_limit":
		return outcome(autosession.OutcomeContextFull, ""), true
	case "aborted_streaming", "aborted_tools":
		return outcome(autosession.OutcomeInterrupted, ""), true
	}
	return autosession.Outcome{}, false
}

// service judges an error of the model's service: its HTTP status, 0 where it
// is not known, and the program's class of it. Text is the service's own.
func service(status int, class, text string) (autosession.Outcome, bool) {
	switch {
	case status == 401, status == 403, class == "authentication_failed", class == "oauth_org_not_allowed":
		return person(autosession.BlockAuth, orElse(text, "the model's service does not accept the account")), true
	case status == 402, class == "billing_error":
		return person(autosession.BlockCredit, orElse(text, "the account has no credit left")), true
	case status == 404, class == "model_not_found":
		return person(autosession.BlockAgent, orElse(text, "the model's service does not know the model")), true
	case status == 400:
		return badRequest(text)
	case status == 413:
		return outcome(autosession.OutcomeContextFull, text), true
	case status == 429, class == "rate_limit":
		return outcome(autosession.OutcomeRateLimited, text), true
	case status == 408:
		return outcome(autosession.OutcomeOffline, text), true
	case status == 0 && class == "server_error": // so it calls a connection that was cut or refused
		return outcome(autosession.OutcomeOffline, text), true
	case status >= 500, class == "overloaded":
		return outcome(autosession.OutcomeOverloaded, text), true
	}
	return autosession.Outcome{}, false
}

// badRequest reads the words of the service: nothing else tells these apart.
func badRequest(text string) (autosession.Outcome, bool) {
	low := strings.ToLower(text)
	switch {
	case strings.Contains(low, "prompt is too long"):
		return outcome(autosession.OutcomeContextFull, text), true
	case strings.Contains(low, "credit balance is too low"):
		return person(autosession.BlockCredit, text), true
	}
	return autosession.Outcome{}, false
}

// usageLimit is the outcome of a quota that is used up.
func (e ending) usageLimit() autosession.Outcome {
	o := outcome(autosession.OutcomeUsageLimit, "the quota "+orElse(e.limit.Type, "of the account")+" is used up")
	o.Reset = resetTime(e.limit.ResetsAt, e.now)
	return o
}

// text is what the result says, in one line.
func (e ending) text() string {
	text := e.result.Result
	if text == "" && len(e.result.Errors) > 0 {
		text = e.result.Errors[0]
	}
	return oneLine(text)
}

// resetTime reads a unix time in seconds. Milliseconds are tolerated; what is
// over is no time at all, and what is too far away is drawn near.
func resetTime(unix float64, now time.Time) time.Time {
	if unix >= 1e11 {
		unix /= 1000
	}
	if !(unix > 0 && unix < 1e11) {
		return time.Time{}
	}
	t := time.Unix(int64(unix), 0)
	switch latest := now.Add(longestReset); {
	case !t.After(now):
		return time.Time{}
	case t.After(latest):
		return latest
	}
	return t
}

// died says how a process ended. A status above 128 is a signal that somebody
// in between has reported.
func died(x autosession.Exit) string {
	sig := x.Signal
	if sig == 0 && x.Code > 128 && x.Code < 160 {
		sig = syscall.Signal(x.Code - 128)
	}
	if sig != 0 {
		return fmt.Sprintf("was killed by a signal: %v", sig)
	}
	return fmt.Sprintf("ended with exit status %d", x.Code)
}

func outcome(c autosession.OutcomeClass, detail string) autosession.Outcome {
	return autosession.Outcome{Class: c, Detail: detail}
}

func person(block, detail string) autosession.Outcome {
	return autosession.Outcome{Class: autosession.OutcomeNeedsPerson, Block: block, Detail: detail}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// withTail adds the last line of stderr to a detail.
func withTail(detail, stderr string) string {
	stderr = strings.TrimSpace(stderr)
	if i := strings.LastIndexByte(stderr, '\n'); i >= 0 {
		stderr = stderr[i+1:]
	}
	if stderr == "" {
		return detail
	}
	return detail + ": " + oneLine(stderr)
}

// oneLine makes a text fit into a detail.
func oneLine(s string) string {
	return cutText(strings.Join(strings.Fields(cutText(s, 2048)), " "), 300)
}
