package git_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/autosession/autosession/git"
)

// item is a file or a link of a tree.
type item struct {
	kind    string // "file", "executable" or "link"
	content string
}

// readItems reads a tree, without what lies in directories named .git.
func readItems(t rapid.TB, dir string) map[string]item {
	items := map[string]item{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".git" {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		it := item{kind: "file"}
		if d.Type() == fs.ModeSymlink {
			it.kind = "link"
			it.content, err = os.Readlink(path)
		} else {
			info, _ := d.Info()
			if info.Mode()&0o100 != 0 {
				it.kind = "executable"
			}
			var content []byte
			content, err = os.ReadFile(path)
			it.content = string(content)
		}
		name, _ := filepath.Rel(dir, path)
		items[name] = it
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

var (
	// dirNames are of directories that no file takes the place of; names are
	// of either.
	dirNames  = []string{"", "nested/", "ign/", "nested/deep/"}
	itemNames = []string{"a", "b", "a/b", "a/b/c", "b/d", "ünï", "new\nline", "-dash", "sp ace", "\"q\\", ".gitattributes", "x.ign", "\xff"}
)

// mutate changes the tree in dir at random.
func mutate(t *rapid.T, dir string) {
	for range rapid.IntRange(0, 12).Draw(t, "changes") {
		name := rapid.SampledFrom(dirNames).Draw(t, "dir") + rapid.SampledFrom(itemNames).Draw(t, "name")
		path := filepath.Join(dir, name)
		what := rapid.SampledFrom([]string{"file", "file", "executable", "link", "remove", "repository"}).Draw(t, "what")
		if what == "repository" {
			os.MkdirAll(filepath.Join(dir, "nested/.git"), 0o755)
			os.WriteFile(filepath.Join(dir, "nested/.git/HEAD"), []byte("ref: refs/heads/x\n"), 0o644)
			continue
		}
		makeWay(dir, name)
		content := rapid.SampledFrom([]string{"", "1", "2\r\n", "$Id$", "/", "..", "nested", "/tmp"}).Draw(t, "content")
		switch what {
		case "file":
			os.WriteFile(path, []byte(content), 0o644)
		case "executable":
			os.WriteFile(path, []byte(content), 0o755)
		case "link":
			os.Symlink("to"+content, path)
		}
	}
}

// makeWay removes what stands at name, and what is no directory above it.
func makeWay(dir, name string) {
	for i, c := range name {
		if c != '/' {
			continue
		}
		if info, err := os.Lstat(filepath.Join(dir, name[:i])); err == nil && !info.IsDir() {
			os.Remove(filepath.Join(dir, name[:i]))
		}
	}
	os.RemoveAll(filepath.Join(dir, name))
	os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
}

// included is what is saved in spite of the ignore file of TestRoundTrip.
var included = []string{"ign/b", "nested/?.ign"}

func ignoredName(name string) bool {
	if name == "ign/b" || strings.HasPrefix(name, "ign/b/") || name == "nested/x.ign" {
		return false
	}
	return strings.HasPrefix(name, "ign/") || strings.Contains(name, ".ign")
}

func split(items map[string]item) (ignored, kept map[string]item) {
	ignored, kept = maps.Clone(items), maps.Clone(items)
	maps.DeleteFunc(ignored, func(name string, _ item) bool { return !ignoredName(name) })
	maps.DeleteFunc(kept, func(name string, _ item) bool { return ignoredName(name) })
	return ignored, kept
}

// TestRoundTrip saves a random tree, changes it, restores it, and compares.
func TestRoundTrip(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			rt.Fatal(err)
		}
		project := filepath.Join(dir, "project")
		os.MkdirAll(filepath.Join(project, ".git"), 0o755)
		os.WriteFile(filepath.Join(project, ".gitignore"), []byte("*.ign\n/ign/\n"), 0o644)
		r, err := git.Open(git.Options{Dir: project, Store: filepath.Join(dir, "store"), Include: included})
		if err != nil {
			rt.Fatal(err)
		}
		defer r.Close()
		mutate(rt, project)
		_, want := split(readItems(rt, project))
		c, err := r.Save(t.Context(), "good")
		if err != nil {
			rt.Fatal(err)
		}
		mutate(rt, project)
		wasIgnored, _ := split(readItems(rt, project))
		if err := r.Restore(t.Context(), c.ID); err != nil {
			rt.Fatal(err)
		}
		ignored, got := split(readItems(rt, project))
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("restored %q\n    want %q", got, want)
		}
		// An ignored file goes only where a file of the checkpoint needs its place.
		maps.DeleteFunc(wasIgnored, func(name string, _ item) bool {
			return slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(w string) bool { return strings.HasPrefix(name, w+"/") })
		})
		for name, it := range wasIgnored {
			if ignored[name] != it {
				rt.Fatalf("the ignored %q was %q and is %q", name, it, ignored[name])
			}
		}
		again, err := r.Save(t.Context(), "again")
		if err != nil || again.Tree != c.Tree {
			rt.Fatalf("saved again: %+v, %v, first %+v", again, err, c)
		}
	})
}

// TestRestoreLosesNothing restores over files that no checkpoint of the caller
// holds, and finds them in the one that Restore makes.
func TestRestoreLosesNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".env"), "old")
	write(t, filepath.Join(dir, "f"), "old")
	r := openRepo(t, git.Options{Dir: dir})
	c := mustSave(t, r, "good")
	write(t, filepath.Join(dir, ".gitignore"), "*\n")
	write(t, filepath.Join(dir, ".env"), "precious")
	os.Remove(filepath.Join(dir, "f"))
	write(t, filepath.Join(dir, "f/in"), "precious")
	if err := r.Restore(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	list, err := r.Checkpoints(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("Checkpoints = %+v, %v", list, err)
	}
	if err := r.Restore(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".env", "f/in"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != "precious" {
			t.Errorf("%s = %q, %v", name, got, err)
		}
	}
}

// TestRestoreOverTheUnsaveable puts things in the way that no checkpoint holds.
func TestRestoreOverTheUnsaveable(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("n", 255)
	for _, name := range []string{"fifo", "d/a", "repo", long} {
		write(t, filepath.Join(dir, name), "1")
	}
	r := openRepo(t, git.Options{Dir: dir})
	c := mustSave(t, r, "good")
	for _, name := range []string{"fifo", "d", "repo", long} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, long), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "d", long + "/fifo"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "repo/.git/config"), "precious")
	if err := r.Restore(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "d/a", "repo", long} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != "1" {
			t.Errorf("%s = %q, %v", name, got, err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "repo.kept-1/.git/config")); err != nil || string(got) != "precious" {
		t.Errorf("the repository in the way: %q, %v", got, err)
	}
}

// TestRestoreOfWhatWasNotIncluded goes back to a checkpoint that was made when
// an ignored file was not to be saved: the file stays.
func TestRestoreOfWhatWasNotIncluded(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	write(t, filepath.Join(dir, ".gitignore"), "*.db\n")
	write(t, filepath.Join(dir, "a"), "1")
	before := mustSave(t, openRepo(t, git.Options{Dir: dir, Store: store}), "before")
	write(t, filepath.Join(dir, "old.db"), "old")
	r := openRepo(t, git.Options{Dir: dir, Store: store, Include: []string{"*.db"}})
	with := mustSave(t, r, "with")
	write(t, filepath.Join(dir, "new.db"), "new")
	write(t, filepath.Join(dir, "old.db"), "changed")
	rules := map[string]item{".gitignore": {"file", "*.db\n"}, "a": {"file", "1"}}
	for _, back := range []struct {
		id   string
		want map[string]item
	}{
		{before.ID, map[string]item{"old.db": {"file", "changed"}, "new.db": {"file", "new"}}},
		{with.ID, map[string]item{"old.db": {"file", "old"}}},
	} {
		maps.Copy(back.want, rules)
		if err := r.Restore(t.Context(), back.id); err != nil {
			t.Fatal(err)
		}
		if got := readItems(t, dir); !reflect.DeepEqual(got, back.want) {
			t.Errorf("restored %v, want %v", got, back.want)
		}
	}
}

// TestRestoreClearsUp restores one path after a Restore that was killed left a
// half-written file elsewhere, under the name it has then.
func TestRestoreClearsUp(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "1")
	r := openRepo(t, git.Options{Dir: dir})
	c := mustSave(t, r, "good")
	write(t, filepath.Join(dir, "d/.autosession-restore-ABC"), "ha")
	write(t, filepath.Join(dir, "a"), "2")
	if err := r.Restore(t.Context(), c.ID, "a"); err != nil {
		t.Fatal(err)
	}
	if got := readItems(t, dir); !reflect.DeepEqual(got, map[string]item{"a": {"file", "1"}}) {
		t.Errorf("restored %v", got)
	}
}
