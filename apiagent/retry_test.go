package apiagent

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

func TestFailuresThatEndATurn(t *testing.T) {
	soon := time.Now().Add(4 * time.Hour).Truncate(time.Second)
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   autosession.OutcomeClass
		block  string
		detail string
	}{
		{"key", fails(401, "authentication_error", "invalid x-api-key "+testKey), autosession.OutcomeNeedsPerson, autosession.BlockAuth, "invalid x-api-key [redacted]"},
		{"permission", fails(403, "permission_error", "no"), autosession.OutcomeNeedsPerson, autosession.BlockAuth, "HTTP 403"},
		{"credit", fails(400, "invalid_request_error", "Your credit balance is too low to access the API."), autosession.OutcomeNeedsPerson, autosession.BlockCredit, "credit"},
		{"billing", fails(402, "billing_error", "pay"), autosession.OutcomeNeedsPerson, autosession.BlockCredit, "pay"},
		{"model", fails(404, "not_found_error", "model: x"), autosession.OutcomeNeedsPerson, autosession.BlockAgent, "model: x"},
		{"another server", fails(404, "", "what?"), autosession.OutcomeCrashed, "", "HTTP 404"},
		{"long", fails(400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"), autosession.OutcomeContextFull, "", "too long"},
		{"large", fails(413, "request_too_large", "too big"), autosession.OutcomeContextFull, "", "too big"},
		{"request", fails(400, "invalid_request_error", "messages: no, "+testKey), autosession.OutcomeCrashed, "", "[redacted]"},
		{"quota", fails(429, "rate_limit_error", "used up", "anthropic-ratelimit-unified-status", "rejected", "anthropic-ratelimit-unified-reset", itoa(soon.Unix())), autosession.OutcomeUsageLimit, "", "used up"},
		{"long limit", fails(429, "rate_limit_error", "slow", "retry-after", "3600"), autosession.OutcomeRateLimited, "", "slow"},
		{"teapot", fails(418, "", ""), autosession.OutcomeCrashed, "", "teapot"},
		{"redirect", http.RedirectHandler("http://elsewhere.invalid/", 307).ServeHTTP, autosession.OutcomeNeedsPerson, autosession.BlockAgent, "redirects"},
		{"error in the stream", inStream("authentication_error"), autosession.OutcomeNeedsPerson, autosession.BlockAuth, "HTTP 401"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, a := newBench(t, test.answer)
			r := b.run(b.open(), "go")
			if r.Outcome.Class != test.want || r.Outcome.Block != test.block || !strings.Contains(r.Outcome.Detail, test.detail) {
				t.Errorf("the outcome is %+v", r.Outcome)
			}
			if len(a.seen()) != 1 || len(b.of(autosession.EventRetry)) != 0 {
				t.Error("it was tried again")
			}
			if test.want == autosession.OutcomeUsageLimit && !r.Outcome.Reset.Equal(soon) {
				t.Errorf("the quota is back at %s, not %s", r.Outcome.Reset, soon)
			}
			limit := test.want == autosession.OutcomeUsageLimit || test.want == autosession.OutcomeRateLimited
			if (len(b.of(autosession.EventLimit)) == 1) != limit {
				t.Errorf("the limit events are %v", b.of(autosession.EventLimit))
			}
		})
	}
}

// inStream plays a stream that says an error after it began well.
func inStream(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := sse{w}
		s.start(usage{In: 50})
		s.send("error", map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": "in the middle"}})
	}
}

// cutOff plays a connection that breaks after some of the reply.
func cutOff(w http.ResponseWriter, r *http.Request) {
	s := sse{w}
	s.start(usage{In: 50})
	s.block(0, text("this is los"))
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

// garbage plays lines that are no stream of events.
func garbage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := bufio.NewWriter(w)
	out.WriteString("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":1}}\n\n\x00\xff{\n\ndata: [[[[\n\n")
	out.WriteString("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":7,\"delta\":{\"type\":\"text_delta\"}}\n\n")
	out.Flush()
}

func TestRetries(t *testing.T) {
	ends := func(w http.ResponseWriter, r *http.Request) { sse{w}.start(usage{In: 50}) }
	html := func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<html>sign in to the network</html>")) }
	for name, answer := range map[string]http.HandlerFunc{
		"overloaded":    fails(529, "overloaded_error", "Overloaded"),
		"server error":  fails(500, "api_error", "oops"),
		"bad gateway":   func(w http.ResponseWriter, r *http.Request) { http.Error(w, "<html>", 502) },
		"timeout":       fails(408, "", ""),
		"rate":          fails(429, "rate_limit_error", "slow"),
		"rate with it":  fails(429, "rate_limit_error", "slow", "retry-after", "0.01"),
		"cut":           cutOff,
		"ends early":    ends,
		"portal":        html,
		"garbage":       garbage,
		"error in it":   inStream("overloaded_error"),
		"limit in it":   inStream("rate_limit_error"),
		"unknown in it": inStream("new_error"),
	} {
		t.Run(name, func(t *testing.T) {
			b, a := newBench(t, answer, answer, reply("end_turn", usage{In: 100, Out: 5}, text("done")))
			r := b.run(b.open(), "go")
			if r.Outcome.Class != autosession.OutcomeDone || r.Usage.Turns != 1 || len(a.seen()) != 3 {
				t.Errorf("the outcome is %s after %d requests", r.Outcome, len(a.seen()))
			}
			if n := len(b.of(autosession.EventRetry)); n != 2 {
				t.Errorf("%d retries are reported", n)
			}
			if texts := b.of(autosession.EventText); len(texts) != 1 || texts[0].Text != "done" {
				t.Errorf("a part of a broken reply is kept: %+v", texts)
			}
			if n := len(a.seen()[2].Messages); n != 1 {
				t.Errorf("%d messages are sent the third time", n)
			}
		})
	}
}

func TestOffline(t *testing.T) {
	b, a := newBench(t)
	a.server.Close()
	if r := b.run(b.open(), "go"); r.Outcome.Class != autosession.OutcomeOffline || len(b.of(autosession.EventRetry)) == 0 {
		t.Errorf("the outcome is %s", r.Outcome)
	}
}

func TestLadder(t *testing.T) {
	passes := failure{retry: true}
	l := ladder{budget: time.Minute}
	var total time.Duration
	var waits []time.Duration
	for {
		d, again := l.next(passes, 0.5)
		if !again {
			break
		}
		total += d
		waits = append(waits, d)
	}
	if total != time.Minute || waits[0] != time.Second || waits[1] != 2*time.Second || len(waits) != 6 {
		t.Errorf("the waits are %v", waits)
	}

	l = ladder{budget: time.Minute}
	if d, again := l.next(failure{retry: true, after: 37 * time.Second}, 1); !again || d < 37*time.Second || d > 38*time.Second {
		t.Errorf("the wait is %s", d)
	}
	if _, again := l.next(failure{retry: true, after: 37 * time.Second}, 0); again {
		t.Error("it waits longer than it may")
	}
	l = ladder{budget: -1}
	if _, again := l.next(passes, 0); again {
		t.Error("it waits although it may not")
	}
	l = ladder{budget: time.Minute}
	if _, again := l.next(failure{}, 0); again {
		t.Error("it tries again what will not pass")
	}
}

func TestResetTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		itoa(now.Add(4 * time.Hour).Unix()):         now.Add(4 * time.Hour),
		itoa(now.Add(4 * time.Hour).UnixMilli()):    now.Add(4 * time.Hour),
		itoa(now.Add(5 * 24 * time.Hour).Unix()):    now.Add(5 * 24 * time.Hour),
		itoa(now.Add(1000 * 24 * time.Hour).Unix()): now.Add(longestReset),
		itoa(now.Add(-time.Hour).Unix()):            {},
		"0":                                         {},
		"-5":                                        {},
		"":                                          {},
		"resets 2pm":                                {},
		"NaN":                                       {},
		"Inf":                                       {},
		"1e300":                                     {},
	} {
		if got := resetTime(text, now); !got.Equal(want) {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"37":                            37 * time.Second,
		"1.5":                           1500 * time.Millisecond,
		"":                              0,
		"-1":                            0,
		"soon":                          0,
		"NaN":                           0,
		"1e99":                          longestReset,
		"Mon, 23 Nov 2026 02:01:00 GMT": time.Minute,
		"Mon, 23 Nov 2020 02:01:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
