package git_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/autosession/autosession/git"
)

// TestRestoreByTheRulesOfThen changes what is ignored, and other files behind
// that: they are found all the same. What was ignored then stays.
func TestRestoreByTheRulesOfThen(t *testing.T) {
	for name, change := range map[string]func(dir string){
		"hides itself":    func(dir string) { write(t, dir+"/.gitignore", "*\n") },
		"hides all below": func(dir string) { write(t, dir+"/d/.gitignore", "*\n") },
		"by the own list": func(dir string) { write(t, dir+"/.git/info/exclude", "*\n") },
		"hides nothing":   func(dir string) { os.Remove(dir + "/.gitignore") },
		"is a directory":  func(dir string) { os.Remove(dir + "/.gitignore"); write(t, dir+"/.gitignore/x", "1") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			committed(t, dir, "sha1")
			for name, content := range map[string]string{
				".gitignore": "*.db\nnode/\n", "work": "1", "d/work": "1", "d/e/gone": "1", "mine.db": "1", "node/x": "1",
			} {
				write(t, filepath.Join(dir, name), content)
			}
			r := openRepo(t, git.Options{Dir: dir})
			c := mustSave(t, r, "good")
			want := readItems(t, dir)
			change(dir)
			write(t, filepath.Join(dir, "d/work"), "2")
			write(t, filepath.Join(dir, "d/new"), "2")
			write(t, filepath.Join(dir, "new/in"), "2")
			write(t, filepath.Join(dir, "tool/.gitignore"), "*\n")
			write(t, filepath.Join(dir, "tool/cache"), "2")
			os.RemoveAll(filepath.Join(dir, "d/e"))
			write(t, filepath.Join(dir, "mine.db"), "2")
			want["mine.db"] = item{"file", "2"}
			// A directory that a tool made for itself stays as well.
			want["tool/.gitignore"], want["tool/cache"] = item{"file", "*\n"}, item{"file", "2"}
			changed := readItems(t, dir)
			if err := r.Restore(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
			if got := readItems(t, dir); !reflect.DeepEqual(got, want) {
				t.Errorf("restored %q\n    want %q", got, want)
			}
			list, err := r.Checkpoints(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Restore(t.Context(), list[0].ID); err != nil {
				t.Fatal(err)
			}
			got := readItems(t, dir)
			delete(got, "d/e/gone") // it may be ignored there, and stays
			if !reflect.DeepEqual(got, changed) {
				t.Errorf("what was there before is %q\n    want %q", got, changed)
			}
		})
	}
}

// TestRevert puts back what is hidden, but for a path.
func TestRevert(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "1")
	write(t, filepath.Join(dir, "list"), "1")
	r := openRepo(t, git.Options{Dir: dir})
	c := mustSave(t, r, "good")
	for _, name := range []string{"a", "b", "list"} {
		write(t, filepath.Join(dir, name), "2")
	}
	write(t, filepath.Join(dir, ".gitignore"), "*\n")
	if err := r.Revert(t.Context(), c.ID, "list"); err != nil {
		t.Fatal(err)
	}
	if got := readItems(t, dir); !reflect.DeepEqual(got, map[string]item{"a": {"file", "1"}, "list": {"file", "2"}}) {
		t.Errorf("reverted to %v", got)
	}
	before, err := r.Checkpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Revert(t.Context(), c.ID, "list"); err != nil {
		t.Fatal(err)
	}
	if after, err := r.Checkpoints(t.Context()); err != nil || len(after) != len(before) {
		t.Errorf("reverting nothing made a checkpoint: %v", err)
	}
}
