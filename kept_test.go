package autosession_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/git"
)

// TestWhatIsUndoneIsKept puts things in the place of the list, by a tool and
// behind its back, and finds each where the report says that it is kept.
func TestWhatIsUndoneIsKept(t *testing.T) {
	for name, tt := range map[string]struct{ command, look string }{
		"a text":      {"echo 'all is done' > feature_list.json", "grep -q 'all is done'"},
		"a directory": {"rm feature_list.json && mkdir -p feature_list.json/deep && echo x > feature_list.json/deep/x", "grep -qr x"},
		"a link":      {"ln -sf hello feature_list.json", "test hello = $(readlink feature_list.json) && test ! -e"},
		"17 MB":       {"truncate -s 17M feature_list.json", "test $((17 << 20)) = $(stat -c %s feature_list.json) && test -f"},
	} {
		for _, seen := range []string{"at once", "at CLOSE"} {
			t.Run(name+", seen "+seen, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
					switch {
					case t.Task.Kind == autosession.Init:
						return makeList(t)
					case seen == "at once":
						t.Bash(tt.command)
					default:
						if err := sh(t.Task.Dir, tt.command); err != nil {
							panic(err)
						}
					}
					return done
				})
				b.cfg.RunMax.Sessions = 2
				b.stops("limit-iterations")
				notes := strings.Join(b.snapshot().Sessions[1].Notes, "\n")
				where := regexp.MustCompile(`What was undone is kept in (checkpoint )?(\S+)\.`).FindStringSubmatch(notes)
				if where == nil || !strings.Contains(b.saidIn(2), where[0]) {
					t.Fatalf("it does not say where it is kept:\n%s\n%s", notes, b.story())
				}
				dir := t.TempDir()
				if where[1] == "" {
					data, err := os.ReadFile(where[2])
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(dir, autosession.ListFile), data, 0o644); err != nil {
						t.Fatal(err)
					}
				} else {
					list, err := autosession.Checkpoints(t.Context(), b.cfg)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range list {
						if strings.HasPrefix(c.ID, where[2]) {
							err = b.cfg.Repo.(*git.Repo).Export(t.Context(), c.ID, dir, nil)
						}
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if err := sh(dir, tt.look+" feature_list.json"); err != nil {
					t.Errorf("what is kept there is something else: %v", err)
				}
				history, err := b.store.History(t.Context(), "", 10)
				if err != nil || len(history) == 0 || history[0].What != "restored" || history[0].By != "agent" || history[0].Session != 2 {
					t.Errorf("the history says %+v, %v", history, err)
				}
			})
		}
	}
}
