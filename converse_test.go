package autosession

import (
	"testing"
	"testing/synctest"
	"time"
)

// An agent may be silent for a while, its tools for longer; but what this
// process slept through is nobody's silence.
func TestIdle(t *testing.T) {
	for _, c := range []struct {
		name          string
		silence, late time.Duration
		tools         int
		left          time.Duration
	}{
		{"just heard", 0, 0, 0, time.Minute},
		{"silent", 20 * time.Second, 0, 0, 40 * time.Second},
		{"silent for too long", time.Minute, 0, 0, 0},
		{"a tool runs", time.Minute, 0, 1, 2 * time.Minute},
		{"a tool runs for too long", 3 * time.Minute, 0, 2, 0},
		{"a busy machine", time.Minute, time.Second, 0, 0},
		{"stopped and continued", time.Hour, time.Hour - time.Minute, 0, time.Minute},
		{"stopped and continued while a tool runs", time.Hour, 59 * time.Minute, 1, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Session{p: &project{cfg: Config{IdleTimeout: time.Minute}}, events: &recorder{heard: time.Now().Add(-c.silence), running: c.tools}}
				if left := s.idleFor(c.late); left != c.left {
					t.Errorf("%v are left, want %v", left, c.left)
				}
			})
		})
	}
}
