package apiagent

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent/internal/hands"
)

// pipes is a network in memory, so that the clock of a test bubble moves.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// timed runs one turn with the default patience and without hands, in a bubble
// whose clock only moves when all is waiting. It returns how long it took.
func timed(t *testing.T, a Agent, answer func(n int) http.HandlerFunc) (autosession.Result, *bench, *api, time.Duration) {
	b := &bench{t: t}
	played := &api{t: t}
	for n := range 100 {
		played.answers = append(played.answers, answer(n))
	}
	network := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: played}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(network)
	}()
	a.Key, a.BaseURL = testKey, "http://memory"
	c := newConversation(a.withDefaults(), autosession.Task{Model: testModel, Hooks: hooks{}, Emit: b.emit}, hands.Tools(), nil)
	c.transport.DialContext = network.dial

	start := time.Now()
	r := b.run(c, "go")
	took := time.Since(start)
	c.transport.CloseIdleConnections()
	close(network.closed)
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	<-served
	return r, b, played, took
}

func always(h http.HandlerFunc) func(int) http.HandlerFunc {
	return func(int) http.HandlerFunc { return h }
}

// first plays h, and then a good reply.
func first(h http.HandlerFunc) func(int) http.HandlerFunc {
	return func(n int) http.HandlerFunc {
		if n == 0 {
			return h
		}
		return reply("end_turn", usage{In: 100}, text("done"))
	}
}

func silent(w http.ResponseWriter, r *http.Request) {
	sse{w}.start(usage{In: 50})
	<-r.Context().Done()
}

func TestSilenceIsCutAndRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b, _, took := timed(t, Agent{}, first(silent))
		if r.Outcome.Class != autosession.OutcomeDone || len(b.of(autosession.EventRetry)) != 1 || took < 5*time.Minute || took > 6*time.Minute {
			t.Errorf("the outcome is %s after %s", r.Outcome, took)
		}
	})
}

func TestSilenceThatLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, a, took := timed(t, Agent{IdleTimeout: time.Minute}, always(silent))
		if r.Outcome.Class != autosession.OutcomeOffline || len(a.seen()) != 3 || took > 4*time.Minute {
			t.Errorf("the outcome is %s after %d requests and %s", r.Outcome, len(a.seen()), took)
		}
		if r.Usage.Tokens.Input != 150 || r.Usage.Turns != 0 {
			t.Errorf("what broken replies used is not counted: %+v", r.Usage)
		}
	})
}

func TestPingsAreNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b, _, took := timed(t, Agent{}, always(func(w http.ResponseWriter, _ *http.Request) {
			s := sse{w}
			s.start(usage{})
			for range 12 {
				s.send("ping", map[string]any{"type": "ping"})
				time.Sleep(time.Minute) // on the bubble's clock
			}
			s.block(0, text("done"))
			s.stop("end_turn", 1)
		}))
		if r.Outcome.Class != autosession.OutcomeDone || took < 12*time.Minute {
			t.Errorf("the outcome is %s after %s", r.Outcome, took)
		}
		if len(b.of(autosession.EventUsage)) < 2 {
			t.Error("nothing was heard of a reply that is under way")
		}
	})
}

func TestFailuresThatLast(t *testing.T) {
	for name, test := range map[string]struct {
		answer      http.HandlerFunc
		want        autosession.OutcomeClass
		least, most int // requests
		atLeast     time.Duration
	}{
		"overloaded":     {fails(529, "overloaded_error", "Overloaded"), autosession.OutcomeOverloaded, 6, 9, 55 * time.Second},
		"server error":   {fails(500, "api_error", "oops"), autosession.OutcomeOverloaded, 6, 9, 55 * time.Second},
		"rate":           {fails(429, "rate_limit_error", "slow"), autosession.OutcomeRateLimited, 6, 9, 55 * time.Second},
		"rate for 25 s":  {fails(429, "rate_limit_error", "slow", "retry-after", "25"), autosession.OutcomeRateLimited, 3, 3, 50 * time.Second},
		"rate for 61 s":  {fails(429, "rate_limit_error", "slow", "retry-after", "61"), autosession.OutcomeRateLimited, 1, 1, 0},
		"cut":            {cutOff, autosession.OutcomeOffline, 6, 9, 55 * time.Second},
		"overload asked": {fails(503, "overloaded_error", "x", "retry-after", "100"), autosession.OutcomeOverloaded, 1, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, b, a, took := timed(t, Agent{}, always(test.answer))
				if r.Outcome.Class != test.want || len(a.seen()) < test.least || len(a.seen()) > test.most {
					t.Errorf("the outcome is %s after %d requests", r.Outcome, len(a.seen()))
				}
				if took < test.atLeast || took > 61*time.Second {
					t.Errorf("it took %s", took)
				}
				if n := len(b.of(autosession.EventRetry)); n != len(a.seen())-1 {
					t.Errorf("%d retries are reported", n)
				}
			})
		})
	}
}

func TestRetryAfterIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _, took := timed(t, Agent{}, first(fails(429, "rate_limit_error", "slow", "retry-after", "37")))
		if r.Outcome.Class != autosession.OutcomeDone || took < 37*time.Second || took > 38*time.Second {
			t.Errorf("the outcome is %s after %s", r.Outcome, took)
		}
	})
}
