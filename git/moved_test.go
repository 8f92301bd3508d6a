package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession/git"
)

// TestMovedProject renames the project, and leaves nothing or another
// directory in its place. Nothing is done to either.
func TestMovedProject(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, dir string){
		"nothing":         func(*testing.T, string) {},
		"another project": func(t *testing.T, dir string) { write(t, dir+"/other", "1"); committed(t, dir, "sha1") },
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			dir, away := filepath.Join(base, "p"), filepath.Join(base, "q")
			write(t, filepath.Join(dir, "x"), "1")
			committed(t, dir, "sha1")
			r := openRepo(t, git.Options{Dir: dir})
			c := mustSave(t, r, "open")
			was, history := readItems(t, dir), runGit(t, dir, "log")
			if err := os.Rename(dir, away); err != nil {
				t.Fatal(err)
			}
			leave(t, dir)
			_, looked := r.Look(t.Context())
			_, saved := r.Save(t.Context(), "left")
			_, lost := r.Lost(t.Context(), c.ID)
			for what, err := range map[string]error{
				"Look": looked, "Save": saved, "Lost": lost,
				"Restore": r.Restore(t.Context(), c.ID), "RestoreHistory": r.RestoreHistory(t.Context(), c.ID),
			} {
				if err == nil || !strings.Contains(err.Error(), "the project was moved") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if kept, err := filepath.Glob(away + "/.git.kept*"); err != nil || len(kept) > 0 || runGit(t, away, "log") != history {
				t.Errorf("the repository was touched: %v, %v", kept, err)
			}
			if err := errors.Join(os.RemoveAll(dir), os.Rename(away, dir)); err != nil {
				t.Fatal(err)
			}
			if again := mustSave(t, r, "left"); again.Tree != c.Tree || len(mustLose(t, r, c)) > 0 || len(readItems(t, dir)) != len(was) {
				t.Error("back in its place it is not what it was")
			}
		})
	}
}
