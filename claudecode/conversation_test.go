package claudecode

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/autosession/autosession"
)

// TestAuthAtOnce has a program that would retry a refused key for minutes, and
// that does not answer an interrupt.
func TestAuthAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, p := converseWith(t, &gate{}, func(p *standin) int {
			p.until("user")
			p.say(`{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"retry_delay_ms":600,"error_status":401,"error":"authentication_failed"}`)
			for p.hear() != nil {
			}
			return 0
		})
		begun := time.Now()
		r, err := c.Run(t.Context(), "Go.")
		if err != nil || r.Outcome.Block != autosession.BlockAuth {
			t.Errorf("Run = %v, %v", r.Outcome, err)
		}
		if took := time.Since(begun); took != stopGrace {
			t.Errorf("took %v, want %v", took, stopGrace)
		}
		if p.exit.Signal != 9 {
			t.Errorf("exit = %+v: a program that does not stop is killed", p.exit)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestSilentAfterResult has a program that tells its state, and then does not
// say that it is idle.
func TestSilentAfterResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := converseWith(t, &gate{}, func(p *standin) int {
			p.until("user")
			p.say(`{"type":"system","subtype":"session_state_changed","state":"running"}`)
			p.say(successFrame)
			return p.finish(0)
		})
		begun := time.Now()
		r, err := c.Run(t.Context(), "Go.")
		if err != nil || r.Outcome.Class != autosession.OutcomeDone {
			t.Errorf("Run = %v, %v", r.Outcome, err)
		}
		if took := time.Since(begun); took != idleGrace {
			t.Errorf("took %v, want %v", took, idleGrace)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCloseLadder measures the steps of Close on a program that heeds none.
func TestCloseLadder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, p := converseWith(t, &gate{}, func(p *standin) int {
			for p.hear() != nil {
			}
			<-t.Context().Done()
			return 0
		})
		begun := time.Now()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took < inputGrace+termGrace || took > closeLimit {
			t.Errorf("took %v, want above %v and at most %v", took, inputGrace+termGrace, closeLimit)
		}
		if p.exit.Signal != 9 {
			t.Errorf("exit = %+v", p.exit)
		}
	})
}

// TestPendingRequestFails has the program end while it owes an answer.
func TestPendingRequestFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := converseWith(t, &gate{}, func(p *standin) int {
			p.hear()
			return 0
		})
		if _, err := c.wire.request(t.Context(), controlSubtype{"initialize"}); err != errEnded {
			t.Errorf("request = %v, want %v", err, errEnded)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCostWhileItRuns asks for totals at the end of a round trip, and not for
// each.
func TestCostWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		rec, c, _ := converseWith(t, &gate{}, func(p *standin) int {
			p.until("user")
			for range 5 {
				p.say(`{"type":"stream_event","event":{"type":"message_stop"}}`)
			}
			m := p.hear()
			asked++
			p.say(map[string]any{"type": "control_response", "response": map[string]any{
				"subtype": "success", "request_id": m["request_id"],
				"response": map[string]any{"session": map[string]any{
					"total_cost_usd": 0.25, "model_usage": map[string]any{"m": map[string]any{"inputTokens": 7, "contextWindow": 10}},
				}},
			}})
			synctest.Wait()
			p.text("hello")
			p.say(`{"type":"result","subtype":"success"}`)
			for m := p.hear(); m != nil; m = p.hear() {
				asked++
			}
			return 0
		})
		r, err := c.Run(t.Context(), "Go.")
		if err != nil || r.Usage.CostUSD != 0.25 || r.Usage.Tokens.Input != 10 {
			t.Errorf("Run = %+v, %v", r, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		said := rec.of(autosession.EventText)
		if asked != 1 || len(said) != 1 || said[0].Usage.CostUSD != 0.25 {
			t.Errorf("asked %d times; events %+v", asked, said)
		}
	})
}

// TestManyTurns has a program that counts its turns anew with each prompt.
func TestManyTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := converseWith(t, &gate{}, func(p *standin) int {
			for p.until("user") != nil {
				for range 2 {
					p.text("hello")
				}
				p.say(successFrame)
			}
			return 0
		})
		c.task.MaxTurns = 3
		for i, want := range []autosession.OutcomeClass{
			autosession.OutcomeDone, autosession.OutcomeTurnLimit, autosession.OutcomeTurnLimit,
		} {
			r, err := c.Run(t.Context(), "Go.")
			if err != nil || r.Outcome.Class != want {
				t.Errorf("Run %d = %v, %v, want %s", i+1, r.Outcome, err, want)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestFullPipe has a program that does not read its input: nobody waits for it
// longer than they want.
func TestFullPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := converseWith(t, &gate{}, func(*standin) int {
			<-t.Context().Done()
			return 0
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.wire.send(ctx, strings.Repeat("x", 100)); err == nil {
			t.Error("written to nobody")
		}
		if _, err := c.wire.request(ctx, controlSubtype{"interrupt"}); err == nil {
			t.Error("answered by nobody")
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestAnyMoment interrupts, kills and closes a conversation at any moment: all
// ends within its bounds, and leaves no goroutine behind.
func TestAnyMoment(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pause := func(name string) time.Duration {
			return time.Duration(rapid.IntRange(0, 4000).Draw(rt, name)) * time.Millisecond
		}
		kill, interrupt, closing, step := pause("kill"), pause("interrupt"), pause("close"), pause("step")/8
		heeds := rapid.Bool().Draw(rt, "heeds")
		synctest.Test(t, func(t *testing.T) {
			_, c, _ := converseWith(t, slowGate(nil), func(p *standin) int {
				if p.until("user") == nil {
					return 0
				}
				for i := range 8 {
					p.hook(fmt.Sprint("h", i), "Bash", map[string]any{"command": []string{"slow", "quick"}[i%2]})
					p.text("hello")
					<-time.After(step)
				}
				p.say(successFrame)
				if heeds {
					return p.finish(0)
				}
				<-t.Context().Done()
				return 0
			})
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			at := func(d time.Duration, f func()) {
				all.Go(func() { <-time.After(d); f() })
			}
			at(kill, cancel)
			at(interrupt, func() { _ = c.Interrupt(ctx) })
			at(closing, func() { _ = c.Close() })
			begun := time.Now()
			r, err := c.Run(ctx, "Go.")
			if err != nil || r.Outcome.Class == "" {
				t.Errorf("Run = %+v, %v", r, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(begun); took > 4*time.Second+closeLimit {
				t.Errorf("took %v", took)
			}
			all.Wait()
		})
	})
}
