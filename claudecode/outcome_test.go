package claudecode

import (
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func resultOf(change func(*frame)) *frame {
	f := &frame{Type: "result", Subtype: "success"}
	f.TerminalReason = "completed"
	change(f)
	return f
}

func errorResult(status int, text string) *frame {
	return resultOf(func(f *frame) {
		f.IsError, f.APIErrorStatus, f.TerminalReason, f.Result = true, status, "api_error", text
	})
}

func exitOf(code int, sig syscall.Signal) *autosession.Exit {
	return &autosession.Exit{Code: code, Signal: sig}
}

// TestOutcomes has one row for each row of the table in outcome.go.
func TestOutcomes(t *testing.T) {
	success := resultOf(func(*frame) {})
	rejected := &rateLimit{Status: "rejected", Type: "five_hour", ResetsAt: float64(noon.Add(4 * time.Hour).Unix())}
	subtype := func(subtype, reason string) *frame {
		return resultOf(func(f *frame) { f.Subtype, f.IsError, f.TerminalReason = subtype, true, reason })
	}
	reason := func(isError bool, reason string) *frame {
		return resultOf(func(f *frame) { f.IsError, f.TerminalReason = isError, reason })
	}
	stopped := outcome(autosession.OutcomeOverloaded, "ladder")
	for _, test := range []struct {
		name string
		end  ending
		want string // class, and block after a slash
	}{
		{"done", ending{result: success}, "done"},
		{"done, exit 0", ending{result: success, exit: exitOf(0, 0)}, "done"},
		{"done, terminal reason unknown", ending{result: reason(false, "something new")}, "done"},
		{"done, no terminal reason", ending{result: reason(false, "")}, "done"},
		{"done, hook stopped", ending{result: reason(false, "hook_stopped")}, "done"},
		{"done although asked to stop", ending{result: success, asked: true}, "done"},
		{"done although the quota is used up", ending{result: success, limit: rejected}, "done"},
		{"refused", ending{result: resultOf(func(f *frame) { f.StopReason = "refusal" })}, "refused"},

		{"killed by us", ending{killed: "stop", result: success, exit: exitOf(-1, 9)}, "interrupted"},
		{"stopped by us", ending{stopped: &stopped, result: subtype("error_during_execution", "aborted_streaming")}, "overloaded"},
		{"stopped by us, no result", ending{stopped: &stopped, exit: exitOf(-1, 9)}, "overloaded"},

		{"no result, exit 0", ending{exit: exitOf(0, 0)}, "no-result"},
		{"no result, still alive", ending{}, "no-result"},
		{"no result, exit 1", ending{exit: exitOf(1, 0), stderr: "panic: x\n"}, "crashed"},
		{"no result, signal", ending{exit: exitOf(-1, syscall.SIGSEGV)}, "crashed"},
		{"no result, exit 143", ending{exit: exitOf(143, 0)}, "crashed"},
		{"no result, asked", ending{exit: exitOf(143, 0), asked: true}, "interrupted"},
		{"no result, quota used up", ending{exit: exitOf(0, 0), limit: rejected}, "usage-limit"},
		{"success and exit 1", ending{result: success, exit: exitOf(1, 0)}, "crashed"},
		{"success and signal", ending{result: success, exit: exitOf(-1, syscall.SIGKILL)}, "crashed"},
		{"error and exit 1", ending{result: errorResult(529, ""), exit: exitOf(1, 0)}, "overloaded"},

		{"turn limit", ending{result: subtype("error_max_turns", "")}, "turn-limit"},
		{"turn limit by reason", ending{result: subtype("error_max_turns", "max_turns")}, "turn-limit"},
		{"budget", ending{result: subtype("error_max_budget_usd", "")}, "budget"},
		{"budget by reason", ending{result: reason(false, "budget_exhausted")}, "budget"},
		{"prompt too long", ending{result: reason(true, "prompt_too_long")}, "context-full"},
		{"prompt too long, no error", ending{result: reason(false, "prompt_too_long")}, "context-full"},
		{"blocking limit", ending{result: reason(true, "blocking_limit")}, "context-full"},
		{"aborted", ending{result: subtype("error_during_execution", "aborted_tools")}, "interrupted"},
		{"aborted while streaming", ending{result: subtype("error_during_execution", "aborted_streaming")}, "interrupted"},
		{"asked, no reason", ending{result: subtype("error_during_execution", ""), asked: true}, "interrupted"},
		{"broke by itself", ending{result: subtype("error_during_execution", "")}, "crashed"},
		{"structured output", ending{result: subtype("error_max_structured_output_retries", "completed")}, "crashed"},
		{"model error", ending{result: reason(false, "model_error")}, "crashed"},
		{"image error", ending{result: reason(true, "image_error")}, "crashed"},
		{"unknown subtype", ending{result: resultOf(func(f *frame) { f.Subtype = "new" })}, "crashed"},
		{"status without is_error", ending{result: resultOf(func(f *frame) { f.APIErrorStatus = 500 })}, "overloaded"},

		{"quota", ending{result: errorResult(429, ""), limit: rejected}, "usage-limit"},
		{"quota without status", ending{result: errorResult(0, ""), limit: rejected}, "usage-limit"},
		{"quota, but another error", ending{result: errorResult(401, ""), limit: rejected}, "needs-person/auth"},

		{"401", ending{result: errorResult(401, "")}, "needs-person/auth"},
		{"403", ending{result: errorResult(403, "")}, "needs-person/auth"},
		{"auth class", ending{result: errorResult(0, ""), apiError: "authentication_failed"}, "needs-person/auth"},
		{"org class", ending{result: errorResult(0, ""), apiError: "oauth_org_not_allowed"}, "needs-person/auth"},
		{"402", ending{result: errorResult(402, "")}, "needs-person/credit"},
		{"billing class", ending{result: errorResult(400, ""), apiError: "billing_error"}, "needs-person/credit"},
		{"credit by words", ending{result: errorResult(400, "Credit balance is too low")}, "needs-person/credit"},
		{"404", ending{result: errorResult(404, "")}, "needs-person/agent"},
		{"model class", ending{result: errorResult(0, ""), apiError: "model_not_found"}, "needs-person/agent"},
		{"400, too long by words", ending{result: errorResult(400, "Prompt is too long")}, "context-full"},
		{"400, other words", ending{result: errorResult(400, "bad"), apiError: "invalid_request"}, "crashed"},
		{"words without 400", ending{result: errorResult(0, "Prompt is too long"), apiError: "unknown"}, "offline"},
		{"413", ending{result: errorResult(413, "")}, "context-full"},
		{"429", ending{result: errorResult(429, "")}, "rate-limited"},
		{"rate class", ending{result: errorResult(0, ""), apiError: "rate_limit"}, "rate-limited"},
		{"408", ending{result: errorResult(408, "")}, "offline"},
		{"500", ending{result: errorResult(500, "")}, "overloaded"},
		{"529", ending{result: errorResult(529, "")}, "overloaded"},
		{"overloaded class", ending{result: errorResult(0, ""), apiError: "overloaded"}, "overloaded"},
		{"server class", ending{result: errorResult(500, ""), apiError: "server_error"}, "overloaded"},
		{"server class of a cut connection", ending{result: errorResult(0, ""), apiError: "server_error"}, "offline"},
		{"no connection", ending{result: errorResult(0, ""), apiError: "unknown"}, "offline"},
		{"an answer that is none", ending{result: resultOf(func(f *frame) { f.IsError = true }), apiError: "unknown"}, "overloaded"},
		{"an error of the program's own", ending{result: resultOf(func(f *frame) { f.IsError = true })}, "crashed"},
		{"418", ending{result: errorResult(418, "")}, "crashed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.end.now = noon
			o := test.end.outcome()
			got := strings.TrimSuffix(string(o.Class)+"/"+o.Block, "/")
			if got != test.want {
				t.Errorf("outcome = %s, want %s", o, test.want)
			}
			if wantReset := o.Class == autosession.OutcomeUsageLimit; o.Reset.IsZero() == wantReset {
				t.Errorf("reset = %v", o.Reset)
			}
			if o.Class.Failed() && o.Class != autosession.OutcomeRefused && o.Detail == "" {
				t.Error("a failure without a word")
			}
		})
	}
}

func TestResetTime(t *testing.T) {
	in := func(d time.Duration) float64 { return float64(noon.Add(d).Unix()) }
	for _, test := range []struct {
		name string
		unix float64
		want time.Duration // after noon; 0 is no time
	}{
		{"in 4 hours", in(4 * time.Hour), 4 * time.Hour},
		{"in milliseconds", in(4*time.Hour) * 1000, 4 * time.Hour},
		{"in 5 days", in(120 * time.Hour), 120 * time.Hour},
		{"in a year", in(365 * 24 * time.Hour), longestReset},
		{"past", in(-time.Second), 0},
		{"now", in(0), 0},
		{"1970", 1, 0},
		{"none", 0, 0},
		{"negative", -5, 0},
		{"not a number", math.NaN(), 0},
		{"infinite", math.Inf(1), 0},
		{"microseconds", in(time.Hour) * 1e6, 0},
	} {
		got := resetTime(test.unix, noon)
		want := noon.Add(test.want)
		if test.want == 0 {
			want = time.Time{}
		}
		if !got.Equal(want) {
			t.Errorf("%s: %v, want %v", test.name, got, want)
		}
	}
}
