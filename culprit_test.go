package autosession_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// TestWhoBrokeIt breaks a feature in one of several sessions after which
// nobody looked, and asks who it was.
func TestWhoBrokeIt(t *testing.T) {
	const check = `"verify": "test -f hello"`
	for name, tt := range map[string]struct {
		breaks int    // the session that does it; 0 is a person after all of them
		verify string // of F1
		setup  string
		want   string
	}{
		"without a setup the range is told":     {breaks: 4, want: "one of the sessions 3 to 6"},
		"found":                                 {breaks: 4, setup: "true", want: "session 4"},
		"the first one":                         {breaks: 3, setup: "true", want: "session 3"},
		"the last one":                          {breaks: 6, setup: "true", want: "session 6"},
		"a person":                              {breaks: 0, setup: "true", want: "something after session 6"},
		"what git ignores is made by the setup": {breaks: 5, verify: "test -f hello -a -f build/lib", setup: "mkdir build && echo x > build/lib", want: "session 5"},
		"it does not pass in a copy, so no copy can tell":    {breaks: 4, verify: "test -f hello -a -f build/lib", setup: "true", want: "one of the sessions 3 to 6"},
		"a setup that fails tells nothing":                   {breaks: 4, setup: "exit 3", want: "one of the sessions 3 to 6"},
		"there is no time":                                   {breaks: 4, setup: "sleep 0.2", want: "one of the sessions 3 to 6"},
		"what the check leaves behind does not reach others": {breaks: 5, verify: "test -f hello && test ! -e mark && touch mark", setup: "true", want: "session 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := strings.Replace(twoFeatures, check, fmt.Sprintf(`"verify": %q`, tt.verify), 1)
			if tt.verify == "" {
				list = twoFeatures
			}
			b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
				switch n := t.Task.Number; n {
				case 1:
					t.Write(autosession.ListFile, list)
					t.Write(".gitignore", "build/\n")
				case 2:
					t.Bash("echo hello > hello; mkdir build; echo x > build/lib")
					claim(t, "F1")
				default:
					t.Write(fmt.Sprintf("work%d", n), "more")
					if n == tt.breaks {
						t.Bash("rm hello")
					}
				}
				return done
			})
			b.cfg.RunMax.Sessions = 2
			b.stops("limit-iterations")
			b.cfg.RunMax.Sessions, b.cfg.Checks.Budget = 4, time.Nanosecond // nobody looks
			b.stops("limit-iterations")
			if tt.breaks == 0 {
				if err := os.Remove(b.path("hello")); err != nil {
					t.Fatal(err)
				}
			}
			b.cfg.Checks.Setup, b.cfg.Checks.Budget = tt.setup, time.Hour
			if name == "there is no time" {
				b.cfg.Checks.Budget = time.Millisecond
			}
			if states(b.snapshot().Ledger) != "proven open" {
				t.Fatalf("before: %s\n%s", states(b.snapshot().Ledger), b.story())
			}
			l, err := autosession.Verify(t.Context(), b.cfg, "F1")
			if err != nil {
				t.Fatal(err)
			}
			e := l.Entries[0]
			if !e.Broken || e.Blame() != tt.want {
				t.Errorf("broken %v, by %s, want %s\n%s", e.Broken, e.Blame(), tt.want, b.story())
			}
			history, err := b.store.History(t.Context(), "F1", 1)
			if err != nil || len(history) != 1 || history[0].What != "broken" || history[0].Session != e.BrokenBy || !strings.Contains(history[0].Detail, "by "+tt.want) {
				t.Errorf("the history says %+v, %v", history, err)
			}
			if last := b.snapshot().Sessions[5]; !strings.Contains(strings.Join(last.Notes, " "), "fails since "+tt.want) {
				t.Errorf("the next briefing is told %q", last.Notes)
			}
			if left, _ := filepath.Glob(filepath.Join(b.cfg.State, "scratch", "*")); len(left) > 0 {
				t.Errorf("left over: %q", left)
			}
		})
	}
}
