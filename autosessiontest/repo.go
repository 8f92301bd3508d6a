package autosessiontest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/autosession/autosession"
)

// TestRepo tries a Repo. open opens a Repo on the project dir, which keeps its
// checkpoints elsewhere; the files feature_list.json and claude-progress.txt
// need not be excluded from the hash of the work.
func TestRepo(t *testing.T, open func(t *testing.T, dir string) autosession.Repo) {
	for name, try := range map[string]func(t *testing.T, dir string, r autosession.Repo){
		"no repository is no error":       repoNone,
		"look":                            repoLook,
		"save leaves the project alone":   repoUntouched,
		"same tree, same hash":            repoSameTree,
		"diff":                            repoDiff,
		"restore the whole tree":          repoRestore,
		"restore some paths":              repoRestorePaths,
		"restore leaves ignored files":    repoRestoreIgnored,
		"restore swaps files and dirs":    repoRestoreSwap,
		"restore follows no link":         repoRestoreLink,
		"restore of nothing known fails":  repoRestoreUnknown,
		"restore refuses paths elsewhere": repoRestoreElsewhere,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			try(t, dir, open(t, dir))
		})
	}
}

func repoNone(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{"a": "1"})
	state, err := r.Look(t.Context())
	if err != nil || state.Exists || state.Head != "" {
		t.Fatalf("Look of a project without a repository = %+v, %v", state, err)
	}
	save(t, r, "works all the same")
}

func repoLook(t *testing.T, dir string, r autosession.Repo) {
	commit := gitProject(t, dir)
	writeTree(t, dir, map[string]string{"a": "1", "b": "2", "c": "3", ".gitignore": "*.log\n"})
	commit("first")
	writeTree(t, dir, map[string]string{"a": "changed", "new": "4", "x.log": "ignored"})
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	state, err := r.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []autosession.FileChange{
		{Path: "a", Status: "changed"}, {Path: "b", Status: "deleted"}, {Path: "new", Status: "added"},
	}
	if !reflect.DeepEqual(state.Uncommitted, want) {
		t.Errorf("Uncommitted = %v, want %v", state.Uncommitted, want)
	}
	if !state.Exists || state.Branch != "work" || state.Head == "" || state.RootCommit != state.Head {
		t.Errorf("Look = %+v", state)
	}
	commit("second\n\nwith a body")
	next, err := r.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if next.RootCommit != state.Head || len(next.Uncommitted) != 0 || len(next.Log) != 2 {
		t.Fatalf("Look = %+v", next)
	}
	if l := next.Log[0]; l.Subject != "second" || l.ID != next.Head || l.Time.IsZero() || next.Log[1].Subject != "first" {
		t.Errorf("Log = %+v", next.Log)
	}
}

func repoUntouched(t *testing.T, dir string, r autosession.Repo) {
	commit := gitProject(t, dir)
	writeTree(t, dir, map[string]string{"a": "1", "d/b": "2"})
	commit("first")
	writeTree(t, dir, map[string]string{"new": "3"})
	before := readAll(t, dir)
	c := save(t, r, "one")
	if _, err := r.Diff(t.Context(), c.ID, save(t, r, "two").ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := readAll(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("the project changed: before %v, after %v", before, after)
	}
}

func repoSameTree(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{"a": "1"})
	one, two := save(t, r, "one"), save(t, r, "two")
	if one.Tree != two.Tree || one.Tree == "" || one.ID == two.ID || !two.At.After(one.At) || two.Label != "two" {
		t.Errorf("two checkpoints of the same tree: %+v, %+v", one, two)
	}
	writeTree(t, dir, map[string]string{"a": "2"})
	if three := save(t, r, "three"); three.Tree == one.Tree {
		t.Error("another content, but the same hash")
	}
}

func repoDiff(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{"a": "1", "b": "2", "d/c": "3"})
	one := save(t, r, "one")
	writeTree(t, dir, map[string]string{"a": "9", "e": "5"})
	if err := os.RemoveAll(filepath.Join(dir, "d")); err != nil {
		t.Fatal(err)
	}
	got, err := r.Diff(t.Context(), one.ID, save(t, r, "two").ID)
	want := []autosession.FileChange{
		{Path: "a", Status: "changed"}, {Path: "d/c", Status: "deleted"}, {Path: "e", Status: "added"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Diff = %v, %v, want %v", got, err, want)
	}
}

func repoRestore(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{"a": "1", "b": "2", "d/e/f": "3", "run": "#!"})
	if err := os.Chmod(filepath.Join(dir, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("d/e", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	before, c := readAll(t, dir), save(t, r, "good")
	for _, gone := range []string{"a", "d", "link", "run"} {
		if err := os.RemoveAll(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	writeTree(t, dir, map[string]string{"b": "changed", "new/deep": "4", "link": "a file now", "run": "#!"})
	restore(t, r, c.ID)
	if after := readAll(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("restored %v, want %v", after, before)
	}
	if again := save(t, r, "again"); again.Tree != c.Tree {
		t.Error("the restored tree has another hash")
	}
}

func repoRestorePaths(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{"a": "1", "d/b": "2", "d/c": "3", "da": "4"})
	c := save(t, r, "good")
	changed := map[string]string{"a": "x", "d/b": "x", "d/new": "x", "da": "x", "other": "x"}
	writeTree(t, dir, changed)
	restore(t, r, c.ID, "d", "missing")
	want := map[string]string{"a": "x", "d/b": "2", "d/c": "3", "da": "x", "other": "x"}
	if got := contents(readAll(t, dir)); !reflect.DeepEqual(got, want) {
		t.Errorf("restored %v, want %v", got, want)
	}
}

func repoRestoreIgnored(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{".gitignore": "build/\n*.log\n", "a": "1", "build/out": "2", "x.log": "3"})
	c := save(t, r, "good")
	writeTree(t, dir, map[string]string{"a": "x", "build/out": "newer", "new": "4"})
	if err := os.Remove(filepath.Join(dir, ".gitignore")); err != nil {
		t.Fatal(err)
	}
	restore(t, r, c.ID)
	want := map[string]string{".gitignore": "build/\n*.log\n", "a": "1", "build/out": "newer", "x.log": "3"}
	if got := contents(readAll(t, dir)); !reflect.DeepEqual(got, want) {
		t.Errorf("restored %v, want %v", got, want)
	}
}

func repoRestoreSwap(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{"file": "1", "dir/a": "2", "dir/b/c": "3"})
	before, c := readAll(t, dir), save(t, r, "good")
	for _, gone := range []string{"file", "dir"} {
		if err := os.RemoveAll(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	writeTree(t, dir, map[string]string{"file/now/a/dir": "x", "dir": "now a file"})
	restore(t, r, c.ID)
	if after := readAll(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("restored %v, want %v", after, before)
	}
}

func repoRestoreLink(t *testing.T, dir string, r autosession.Repo) {
	outside := t.TempDir()
	writeTree(t, outside, map[string]string{"a": "precious", "b": "precious"})
	writeTree(t, dir, map[string]string{"d/a": "1", "f": "2"})
	before, c := readAll(t, dir), save(t, r, "good")
	for name, target := range map[string]string{"d": outside, "f": outside + "/b", "e": outside} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	linked := save(t, r, "links")
	restore(t, r, c.ID)
	if after := readAll(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("restored %v, want %v", after, before)
	}
	restore(t, r, linked.ID)
	restore(t, r, c.ID, "d")
	want := map[string]string{"a": "precious", "b": "precious"}
	if got := contents(readAll(t, outside)); !reflect.DeepEqual(got, want) {
		t.Errorf("outside the project there is %v now", got)
	}
}

func repoRestoreUnknown(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{"a": "1"})
	save(t, r, "one")
	for _, id := range []string{"", "--all", "HEAD", "0000000000000000000000000000000000000000000000000000000000000000"} {
		if err := r.Restore(t.Context(), id); err == nil {
			t.Errorf("Restore(%q) is no error", id)
		}
	}
	if got := contents(readAll(t, dir)); !reflect.DeepEqual(got, map[string]string{"a": "1"}) {
		t.Errorf("the project changed: %v", got)
	}
}

func repoRestoreElsewhere(t *testing.T, dir string, r autosession.Repo) {
	writeTree(t, dir, map[string]string{"a": "1"})
	c := save(t, r, "one")
	for _, path := range []string{"..", "../x", "/etc/passwd", "a/../../b", ""} {
		if err := r.Restore(t.Context(), c.ID, path); err == nil {
			t.Errorf("Restore of %q is no error", path)
		}
	}
}

func save(t *testing.T, r autosession.Repo, label string) autosession.Checkpoint {
	t.Helper()
	c, err := r.Save(t.Context(), label)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func restore(t *testing.T, r autosession.Repo, id string, paths ...string) {
	t.Helper()
	if err := r.Restore(t.Context(), id, paths...); err != nil {
		t.Fatal(err)
	}
}

func writeTree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// file is what a tree holds at one path.
type file struct {
	Mode    fs.FileMode
	Content string // or the target of a link
}

// readAll reads all files and links below dir, by path.
func readAll(t *testing.T, dir string) map[string]file {
	t.Helper()
	found := map[string]file{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := file{Mode: info.Mode()}
		if d.Type() == fs.ModeSymlink {
			f.Content, err = os.Readlink(path)
		} else {
			var content []byte
			content, err = os.ReadFile(path)
			f.Content = string(content)
		}
		name, _ := filepath.Rel(dir, path)
		found[name] = f
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func contents(files map[string]file) map[string]string {
	out := map[string]string{}
	for name, f := range files {
		out[name] = f.Content
	}
	return out
}

// gitProject makes dir a git repository on the branch work, and returns what
// commits all that is there.
func gitProject(t *testing.T, dir string) (commit func(message string)) {
	t.Helper()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@localhost")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("cannot run git %v (the tests need git 2.39 or newer): %v\n%s", args, err, out)
		}
	}
	run("init", "-q", "-b", "work")
	return func(message string) {
		t.Helper()
		run("add", "-A")
		run("commit", "-q", "-m", message)
	}
}
