package claudecode

import (
	"testing"
	"time"

	"github.com/autosession/autosession"
)

func mustFrame(t testing.TB, text string) *frame {
	t.Helper()
	f := new(frame)
	if err := f.parse([]byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// TestRetryLadder plays the program's own retries: 401 ends the turn at once,
// what may pass gets a minute.
func TestRetryLadder(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame string
		class autosession.OutcomeClass
		after int // frames, a second apart
	}{
		{"401", `"error_status":401,"error":"authentication_failed","retry_delay_ms":600`, autosession.OutcomeNeedsPerson, 1},
		{"403", `"error_status":403,"error":"authentication_failed","retry_delay_ms":600`, autosession.OutcomeNeedsPerson, 1},
		{"credit", `"error_status":400,"error":"billing_error","retry_delay_ms":600`, autosession.OutcomeNeedsPerson, 1},
		{"529", `"error_status":529,"error":"overloaded","retry_delay_ms":600`, autosession.OutcomeOverloaded, 61},
		{"500", `"error_status":500,"error":"server_error","retry_delay_ms":600`, autosession.OutcomeOverloaded, 61},
		{"429", `"error_status":429,"error":"rate_limit","retry_delay_ms":600`, autosession.OutcomeRateLimited, 61},
		{"no connection", `"error_status":null,"error":"unknown","retry_delay_ms":600`, autosession.OutcomeOffline, 61},
		{"cut", `"error_status":null,"error":"server_error","retry_delay_ms":600`, autosession.OutcomeOffline, 61},
		{"a long delay", `"error_status":429,"error":"rate_limit","retry_delay_ms":61000`, autosession.OutcomeRateLimited, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			turn, now := newTurn(lasting{}), noon
			f := mustFrame(t, `{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,`+test.frame+`}`)
			n := 1
			for ; !turn.observe(f, now); n++ {
				now = now.Add(time.Second)
				if n > 100 {
					t.Fatal("the turn goes on")
				}
			}
			if n != test.after || turn.stop.Class != test.class {
				t.Errorf("stopped after %d frames as %v, want %d and %s", n, turn.stop, test.after, test.class)
			}
			if turn.observe(f, now) {
				t.Error("stopped twice")
			}
			if rest, forever := turn.rest(now); forever || rest <= 0 || rest > stopGrace {
				t.Errorf("rest = %v, %v", rest, forever)
			}
		})
	}
}

// TestRetryPasses has answers between the retries: each gives a new minute.
func TestRetryPasses(t *testing.T) {
	turn, now := newTurn(lasting{}), noon
	retry := mustFrame(t, `{"type":"system","subtype":"api_retry","error_status":529,"retry_delay_ms":600}`)
	for _, answer := range []string{`{"type":"assistant","message":{"content":[]}}`, `{"type":"stream_event"}`} {
		for range 100 {
			now = now.Add(50 * time.Second)
			if turn.observe(retry, now) {
				t.Fatal("stopped")
			}
			turn.observe(mustFrame(t, answer), now)
		}
	}
}

// TestRetryOfQuota has retries although the quota is used up.
func TestRetryOfQuota(t *testing.T) {
	turn := newTurn(lasting{limit: &rateLimit{Status: "rejected", ResetsAt: float64(noon.Add(time.Hour).Unix())}})
	retry := mustFrame(t, `{"type":"system","subtype":"api_retry","error_status":429,"retry_delay_ms":600}`)
	if !turn.observe(retry, noon) || turn.stop.Class != autosession.OutcomeUsageLimit || !turn.stop.Reset.Equal(noon.Add(time.Hour)) {
		t.Errorf("stopped as %v", turn.stop)
	}
}

// TestTurnEnds plays what comes after a result.
func TestTurnEnds(t *testing.T) {
	const (
		result  = `{"type":"result","subtype":"success"}`
		running = `{"type":"system","subtype":"session_state_changed","state":"running"}`
		idle    = `{"type":"system","subtype":"session_state_changed","state":"idle"}`
		agent   = `{"type":"system","subtype":"task_started","task_id":"a","task_type":"local_agent"}`
		shell   = `{"type":"system","subtype":"task_started","task_id":"b","task_type":"local_bash"}`
		told    = `{"type":"system","subtype":"task_notification","task_id":"a","status":"completed"}`
		updated = `{"type":"system","subtype":"task_updated","task_id":"a","patch":{"status":"killed"}}`
		moved   = `{"type":"system","subtype":"task_updated","task_id":"a","patch":{"status":"running"}}`
	)
	for _, test := range []struct {
		name   string
		frames []string
		rest   time.Duration // -1: for ever
	}{
		{"prompted", nil, -1},
		{"idle before the result", []string{running, idle}, -1},
		{"result alone", []string{result}, settleGrace},
		{"result of one that tells", []string{running, result}, idleGrace},
		{"result and idle", []string{running, result, idle}, 0},
		{"idle again", []string{running, idle, result, idle}, 0},
		{"an agent in the background", []string{running, agent, result, idle}, taskGrace},
		{"a shell in the background", []string{running, shell, result, idle}, 0},
		{"the agent ended", []string{running, agent, result, told, idle}, 0},
		{"the agent was killed", []string{running, agent, result, updated, idle}, 0},
		{"the agent goes on", []string{running, agent, result, moved, idle}, taskGrace},
		{"a turn follows", []string{running, agent, result, told, idle, running}, taskGrace},
		{"the turn that followed", []string{running, agent, result, told, idle, running, result, idle}, 0},
	} {
		turn := newTurn(lasting{})
		for _, text := range test.frames {
			turn.observe(mustFrame(t, text), noon)
		}
		rest, forever := turn.rest(noon)
		if forever {
			rest = -1
		}
		if rest != test.rest {
			t.Errorf("%s: rest = %v, want %v", test.name, rest, test.rest)
		}
	}
}

// TestTurnHandsOn has what one turn knows known to the next.
func TestTurnHandsOn(t *testing.T) {
	first := newTurn(lasting{})
	first.observe(mustFrame(t, `{"type":"system","subtype":"task_started","task_id":"a","task_type":"local_agent"}`), noon)
	first.observe(mustFrame(t, `{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1}}`), noon)
	next := newTurn(first.lasting)
	if !next.tasks["a"] || next.limit == nil {
		t.Errorf("handed on: %+v", next.lasting)
	}
	next.observe(mustFrame(t, `{"type":"rate_limit_event","rate_limit_info":{"status":"allowed"}}`), noon)
	if next.limit != nil {
		t.Error("the quota is there again")
	}
}
