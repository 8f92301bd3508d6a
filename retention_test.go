package autosession

import (
	"fmt"
	"testing"
	"time"
)

func TestRetention(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }
	p := project{ledger: &Ledger{Entries: []LedgerEntry{
		{State: FeatureProven, Proof: &CheckRun{Tree: "t3", At: at(35)}},
		{State: FeatureOpen, Broken: true, Proof: &CheckRun{Tree: "t5", At: at(55)}},
		{State: FeatureOpen},
	}}}
	for n := 1; n <= 9; n++ { // session n begins at n:00 and ends at n:08
		p.sessions = append(p.sessions, SessionRecord{Number: n, Started: at(10 * n), Ended: at(10*n + 8), Opened: fmt.Sprint("open", n), Closed: fmt.Sprint("closed", n)})
	}
	r := p.retention()
	for _, tt := range []struct {
		what string
		c    Checkpoint
		want bool
	}{
		{"a person's own", Checkpoint{ID: "a", Label: "manual: first", At: at(0)}, true},
		{"before a rollback", Checkpoint{ID: "a", Label: "manual: before the rollback to open 1", At: at(0)}, true},
		{"the end of a session before the oldest proof", Checkpoint{ID: "closed2", Label: "closed 2", At: at(29)}, false},
		{"the end of a session with the oldest proof", Checkpoint{ID: "closed3", Label: "closed 3", At: at(39)}, true},
		{"the end of a session since then", Checkpoint{ID: "closed5", Label: "closed 5", At: at(59)}, true},
		{"the start of a session since then", Checkpoint{ID: "a", Label: "open 5", At: at(50)}, false},
		{"what a session left since then", Checkpoint{ID: "a", Label: "left 5", At: at(58)}, false},
		{"the tree of a proof", Checkpoint{ID: "a", Label: "check", Tree: "t5", At: at(35)}, true},
		{"the start of the third session from the end", Checkpoint{ID: "open7", Label: "open 7", At: at(69)}, true},
		{"the start of the one before it", Checkpoint{ID: "open6", Label: "open 6", At: at(60)}, false},
		{"what the last session left", Checkpoint{ID: "a", Label: "left 9", At: at(98)}, true},
		{"what only a check needed", Checkpoint{ID: "a", Label: "check", Tree: "t9", At: at(99)}, false},
		{"what a check left", Checkpoint{ID: "a", Label: "after a check", Tree: "t10", At: at(99)}, false},
	} {
		if got := r.keeps(tt.c); got != tt.want {
			t.Errorf("%s: kept %v, want %v", tt.what, got, tt.want)
		}
	}
}
