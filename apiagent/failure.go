package apiagent

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/shared"
	"github.com/autosession/autosession"
)

// failure is what the failure of a request means.
type failure struct {
	outcome autosession.Outcome // when it ends the turn
	retry   bool                // it may pass within a minute
	silent  bool                // nothing was heard for a long time
	after   time.Duration       // the endpoint says when to try again; 0 is not said
}

// classify says what err, of one request, means. now is the wall clock.
func classify(err error, now time.Time) failure {
	var answer *anthropic.Error
	switch {
	case errors.As(err, &answer):
		return classifyAnswer(answer, now)
	case errors.Is(err, errRedirect):
		return final(autosession.OutcomeNeedsPerson, autosession.BlockAgent, errRedirect.Error()+": set the base URL to where it really is")
	}
	f := failure{retry: true, silent: errors.Is(err, errSilent)}
	f.outcome = outcome(autosession.OutcomeOffline, oneLine(err.Error()))
	return f
}

// classifyAnswer goes by the status and the structured type of an answer.
func classifyAnswer(e *anthropic.Error, now time.Time) failure {
	status, header := statusOf(e), http.Header{}
	if e.Response != nil && e.Response.StatusCode == status {
		header = e.Response.Header // not those of a stream that began well
	}
	message := messageOf(e)
	detail := oneLine(fmt.Sprintf("HTTP %d %s: %s", status, cmp.Or(string(e.Type()), "error"), message))
	switch {
	case status == http.StatusTooManyRequests:
		return classifyLimit(header, detail, now)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return final(autosession.OutcomeNeedsPerson, autosession.BlockAuth, detail)
	case status == http.StatusPaymentRequired:
		return final(autosession.OutcomeNeedsPerson, autosession.BlockCredit, detail)
	case status == http.StatusNotFound && e.Type() == shared.ErrorTypeNotFoundError:
		return final(autosession.OutcomeNeedsPerson, autosession.BlockAgent, detail)
	case status == http.StatusRequestEntityTooLarge:
		return final(autosession.OutcomeContextFull, "", detail)
	case status == http.StatusBadRequest:
		return classifyMessage(message, detail)
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusConflict:
		return failure{outcome: outcome(autosession.OutcomeOverloaded, detail), retry: true, after: retryAfter(header, now)}
	}
	return final(autosession.OutcomeCrashed, "", detail)
}

func final(class autosession.OutcomeClass, block, detail string) failure {
	return failure{outcome: autosession.Outcome{Class: class, Block: block, Detail: detail}}
}

// statusOf is the status of an answer. An error in the middle of a stream has
// only a type, which says the same.
func statusOf(e *anthropic.Error) int {
	if e.StatusCode >= 400 {
		return e.StatusCode
	}
	switch e.Type() {
	case shared.ErrorTypeInvalidRequestError:
		return http.StatusBadRequest
	case shared.ErrorTypeAuthenticationError:
		return http.StatusUnauthorized
	case shared.ErrorTypeBillingError:
		return http.StatusPaymentRequired
	case shared.ErrorTypePermissionError:
		return http.StatusForbidden
	case shared.ErrorTypeNotFoundError:
		return http.StatusNotFound
	case shared.ErrorTypeRateLimitError:
		return http.StatusTooManyRequests
	case shared.ErrorTypeOverloadedError:
		return 529
	}
	return http.StatusInternalServerError
}

// messageOf is what the endpoint says for a person.
func messageOf(e *anthropic.Error) string {
	var body struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(e.RawJSON()), &body) == nil && body.Error.Message != "" {
		return body.Error.Message
	}
	return cmp.Or(http.StatusText(e.StatusCode), "no message")
}

// classifyMessage is the one place that goes by the endpoint's own words: with
// status 400 nothing else tells these cases apart.
func classifyMessage(message, detail string) failure {
	for _, known := range []struct {
		words string
		class autosession.OutcomeClass
		block string
	}{
		{"credit balance is too low", autosession.OutcomeNeedsPerson, autosession.BlockCredit},
		{"prompt is too long", autosession.OutcomeContextFull, ""},
		{"exceed context limit", autosession.OutcomeContextFull, ""},
	} {
		if strings.Contains(message, known.words) {
			return final(known.class, known.block, detail)
		}
	}
	return final(autosession.OutcomeCrashed, "", detail)
}

// classifyLimit tells a used-up quota from too many requests.
func classifyLimit(header http.Header, detail string, now time.Time) failure {
	after := retryAfter(header, now)
	var reset time.Time
	if after > 0 {
		reset = now.Add(after)
	}
	if header.Get("anthropic-ratelimit-unified-status") == "rejected" {
		if at := resetTime(header.Get("anthropic-ratelimit-unified-reset"), now); !at.IsZero() {
			reset = at
		}
		return failure{outcome: autosession.Outcome{Class: autosession.OutcomeUsageLimit, Detail: detail, Reset: reset}}
	}
	return failure{
		outcome: autosession.Outcome{Class: autosession.OutcomeRateLimited, Detail: detail, Reset: reset},
		retry:   true, after: after,
	}
}

// longestReset bounds what an endpoint can make us wait for: a weekly limit
// and a day.
const longestReset = 8 * 24 * time.Hour

// resetTime reads a time in seconds, or milliseconds, since 1970. It is zero
// when there is none, when it is past, or when it makes no sense.
func resetTime(text string, now time.Time) time.Time {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(n > 0 && n < 1e15) {
		return time.Time{}
	}
	if n > 1e11 { // the year 5138 in seconds
		n /= 1000
	}
	at := time.UnixMilli(int64(n * 1000))
	if !at.After(now) {
		return time.Time{}
	}
	if latest := now.Add(longestReset); at.After(latest) {
		return latest
	}
	return at
}

// retryAfter reads when to try again: in seconds, or as a date. It is 0 when
// nothing sensible is said.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("retry-after"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, longestReset.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), longestReset)
}

// oneLine makes a text fit for a detail.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(text) > 400 {
		text = strings.ToValidUTF8(text[:400], "") + "…"
	}
	return text
}
