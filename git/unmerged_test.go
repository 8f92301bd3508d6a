package git_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/autosession/autosession/git"
)

// TestUnmerged leaves conflicts in indexes of all versions and formats, among
// paths whose lengths and beginnings differ.
func TestUnmerged(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		for _, version := range []string{"2", "3", "4"} {
			t.Run(format+" version "+version, func(t *testing.T) {
				dir := t.TempDir()
				committed(t, dir, format)
				names := []string{"a", "ab", "abc", "abcd", "b/abcde", "b/abcdef", "b/abcdefg", "b/ü", "z"}
				for _, name := range names {
					write(t, filepath.Join(dir, name), "base of "+name+"\n")
				}
				runGit(t, dir, "add", "-A")
				runGit(t, dir, "commit", "-qm", "base")
				runGit(t, dir, "branch", "side")
				both := []string{"abc", "b/abcdef", "b/ü"}
				for _, text := range []string{"ours", "theirs"} {
					for _, name := range both {
						write(t, filepath.Join(dir, name), text)
					}
					runGit(t, dir, "commit", "-qam", text)
					if text == "ours" {
						runGit(t, dir, "checkout", "-q", "side")
					}
				}
				r := openRepo(t, git.Options{Dir: dir})
				if state, err := r.Look(t.Context()); err != nil || len(state.Unmerged) > 0 {
					t.Errorf("before the merge: %q, %v", state.Unmerged, err)
				}
				if out, err := gitCommand(dir, "merge", "-q", "work").CombinedOutput(); err == nil {
					t.Fatalf("the merge left no conflict: %s", out)
				}
				write(t, filepath.Join(dir, "later"), "x")
				if version == "3" { // only what needs it is written so
					runGit(t, dir, "add", "-N", "later")
				}
				runGit(t, dir, "update-index", "--force-write-index", "--index-version", version)
				state, err := r.Look(t.Context())
				if err != nil || !slices.Equal(state.Unmerged, both) || state.Busy != "merge" {
					t.Errorf("unmerged %q, busy %q, %v; want %q", state.Unmerged, state.Busy, err, both)
				}
			})
		}
	}
}
