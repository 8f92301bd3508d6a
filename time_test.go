package autosession_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// still is a Repo whose tree never changes: these tests are about time.
type still struct{}

func (still) Look(context.Context) (autosession.RepoState, error) {
	return autosession.RepoState{}, nil
}
func (still) Save(_ context.Context, label string) (autosession.Checkpoint, error) {
	return autosession.Checkpoint{ID: "still", Tree: "still", Label: label}, nil
}
func (still) Diff(context.Context, string, string) ([]autosession.FileChange, error) { return nil, nil }
func (still) Restore(context.Context, string, ...string) error                       { return nil }

// nothing is a Sandbox in which nothing is started.
type nothing struct{ autosession.Sandbox }

func (nothing) Rescue(context.Context, string) error       { return nil }
func (nothing) Check(context.Context) []autosession.Canary { return nil }

// timed is a bench on the clock of synctest: no processes, no git.
func timed(t *testing.T, play func(*autosessiontest.Turn) autosession.Outcome) *bench {
	t.Helper()
	b := newBench(t, play)
	b.cfg.Repo, b.cfg.Sandbox = still{}, nothing{}
	b.cfg.RunMax.Sessions = 1
	return b
}

// on runs a test on the clock of synctest.
func on(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func TestIdleAgentIsEnded(t *testing.T) {
	on(t, func(t *testing.T) {
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			t.Wait()
			return done
		})
		began := time.Now()
		b.stops("limit-iterations")
		if got := b.outcomes(); got != "1 init idle" {
			t.Errorf("sessions: %s", got)
		}
		if took := time.Since(began); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("after %s, want 10 minutes", took)
		}
	})
}

func TestRunningToolMayBeSilent(t *testing.T) {
	on(t, func(t *testing.T) {
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			t.Emit(autosession.Event{Type: autosession.EventToolCall, Call: &autosession.ToolCall{ID: "1", Tool: "Bash"}})
			time.Sleep(25 * time.Minute) // a long build, on the clock of the test
			t.Emit(autosession.Event{Type: autosession.EventToolResult, Call: &autosession.ToolCall{ID: "1"}, Result: &autosession.ToolResult{}})
			return done
		})
		b.stops("limit-iterations")
		if got := b.outcomes(); got != "1 init done" {
			t.Errorf("sessions: %s", got)
		}
	})
}

func TestAnyEventIsASignOfLife(t *testing.T) {
	on(t, func(t *testing.T) {
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			for range 10 {
				time.Sleep(9 * time.Minute)
				t.Emit(autosession.Event{Type: autosession.EventRetry, Text: "again"})
			}
			return done
		})
		b.stops("limit-iterations")
		if got := b.outcomes(); got != "1 init done" {
			t.Errorf("sessions: %s", got)
		}
	})
}

func TestSessionTimeout(t *testing.T) {
	on(t, func(t *testing.T) {
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			for t.Context().Err() == nil { // it does not listen to an interrupt
				time.Sleep(time.Minute)
				t.Say("still here")
			}
			return done
		})
		b.cfg.SessionTimeout = 2 * time.Hour
		began := time.Now()
		b.stops("limit-iterations")
		if got := b.outcomes(); got != "1 init timed-out" {
			t.Errorf("sessions: %s", got)
		}
		if took := time.Since(began); took < 2*time.Hour || took > 2*time.Hour+2*time.Minute {
			t.Errorf("after %s, want 2 hours", took)
		}
	})
}

func TestDurationLimitEndsARunningSession(t *testing.T) {
	on(t, func(t *testing.T) {
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			for t.Number == 1 && t.Context().Err() == nil {
				select {
				case <-t.Interrupted():
					return done
				case <-time.After(time.Minute):
					t.Say("working")
				}
			}
			return done
		})
		b.cfg.RunMax = autosession.Limits{Active: time.Hour}
		b.stops("limit-duration")
		if got := b.outcomes(); got != "1 init budget" {
			t.Errorf("sessions: %s", got)
		}
		if active := b.snapshot().Spent.Active; active < time.Hour || active > time.Hour+time.Minute {
			t.Errorf("%s were active, want an hour", active)
		}
	})
}

func TestUsageLimitIsWaitedOut(t *testing.T) {
	on(t, func(t *testing.T) {
		reset := time.Now().Add(4 * time.Hour)
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			if t.Task.Number == 1 {
				return autosession.Outcome{Class: autosession.OutcomeUsageLimit, Reset: reset}
			}
			return done
		})
		b.cfg.RunMax.Sessions = 2
		b.stops("limit-iterations")
		s := b.snapshot()
		if len(s.Sessions) != 2 || s.Sessions[1].Started.Before(reset) || s.Sessions[1].Started.After(reset.Add(time.Minute)) {
			t.Errorf("the second session started at %s, want soon after %s", s.Sessions[1].Started, reset)
		}
		if s.Run.Failures != 0 {
			t.Errorf("a limit counts as %d failures", s.Run.Failures)
		}
	})
}

func TestStopDuringAWait(t *testing.T) {
	on(t, func(t *testing.T) {
		reset, stop := time.Now().Add(100*time.Hour), make(chan struct{})
		b := timed(t, func(*autosessiontest.Turn) autosession.Outcome {
			time.AfterFunc(time.Hour, func() { close(stop) })
			return autosession.Outcome{Class: autosession.OutcomeUsageLimit, Reset: reset}
		})
		b.cfg.RunMax.Sessions, b.cfg.Stop = 0, stop
		began := time.Now()
		b.stops("stopped")
		if took := time.Since(began); took < time.Hour || took > time.Hour+time.Second {
			t.Errorf("it stopped after %s", took)
		}
	})
}

func TestOverloadBacksOffWithoutFailures(t *testing.T) {
	on(t, func(t *testing.T) {
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			if t.Task.Number < 8 {
				return autosession.Outcome{Class: autosession.OutcomeOverloaded}
			}
			return done
		})
		b.cfg.RunMax.Sessions = 8
		began := time.Now()
		b.stops("limit-iterations")
		if took := time.Since(began); took < 4*time.Minute || took > time.Hour {
			t.Errorf("seven overloads were waited out in %s", took)
		}
	})
}

func TestContinueDelay(t *testing.T) {
	on(t, func(t *testing.T) {
		b := timed(t, func(*autosessiontest.Turn) autosession.Outcome { return done })
		b.cfg.RunMax.Sessions, b.cfg.Patience.ContinueDelay = 2, 3*time.Second
		b.stops("limit-iterations")
		s := b.snapshot().Sessions
		if gap := s[1].Started.Sub(s[0].Ended); gap < 3*time.Second || gap > 3100*time.Millisecond {
			t.Errorf("%s between the sessions, want 3 s", gap)
		}
	})
}

func TestAgentThatIgnoresTheInterruptIsKilled(t *testing.T) {
	on(t, func(t *testing.T) {
		stop := make(chan struct{})
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			close(stop)
			<-t.Context().Done()
			return done
		})
		b.cfg.Stop = stop
		began := time.Now()
		b.stops("stopped")
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %s to stop", took)
		}
	})
}

func TestPanickingGateDenies(t *testing.T) {
	on(t, func(t *testing.T) {
		var verdicts []autosession.Verdict
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			v, _ := t.Write("x", "y")
			verdicts = append(verdicts, v)
			return done
		})
		b.cfg.Gate = panics{}
		b.stops("limit-iterations")
		b.cfg.Gate = nil
		b.stops("limit-iterations")
		for _, v := range verdicts {
			if v.Allow || v.Reason == "" {
				t.Errorf("verdict %+v", v)
			}
		}
		if len(verdicts) != 2 || b.count(autosession.EventDenied) != 2 {
			t.Errorf("%d verdicts, %d denials", len(verdicts), b.count(autosession.EventDenied))
		}
	})
}

type panics struct{}

func (panics) Judge(context.Context, autosession.ToolCall) autosession.Verdict { panic("oh") }

// A store that fails ends the session: what cannot be saved is not done.
func TestFailingStoreEndsTheSession(t *testing.T) {
	on(t, func(t *testing.T) {
		b := timed(t, func(t *autosessiontest.Turn) autosession.Outcome {
			for range 1000 {
				if err := t.Say("more"); err != nil {
					return autosession.Outcome{Class: autosession.OutcomeCrashed, Detail: err.Error()}
				}
				time.Sleep(time.Second)
			}
			return done
		})
		b.cfg.Store = full{b.store}
		_, err := autosession.Loop{Config: b.cfg}.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("error %v", err)
		}
	})
}

// full is a store that takes no events.
type full struct{ *autosessiontest.Memory }

func (full) Append(context.Context, string, []autosession.Event) error {
	return errors.New("no space left")
}
