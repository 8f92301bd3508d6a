package git_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/git"
)

// saved lists the paths in a checkpoint, as git itself reads it.
func saved(t *testing.T, store string, c autosession.Checkpoint) []string {
	t.Helper()
	t.Setenv("GIT_DIR", store)
	out := runGit(t, store, "ls-tree", "-r", "-z", "--name-only", c.ID)
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
}

func fsck(t *testing.T, store string) {
	t.Helper()
	t.Setenv("GIT_DIR", store)
	runGit(t, store, "fsck", "--full", "--strict")
}

func TestWhatIsSaved(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	committed(t, dir, "sha1")
	for name, content := range map[string]string{
		"kept.log": "1", "data/x": "2", "node/y": "3", "node/z/deep/in": "3", "node/z/shallow": "3", "nested/.git/HEAD": "4", "nested/in": "5", "other/.git": "gitdir: ../x",
		"other/in": "6", ".env": "7", ".GIT/config": "8", "name\nwith\tall \"of\" it": "9", ".gitmodules": "[submodule \"x\"]",
		".gitattributes": "* text eol=crlf", "crlf": "a\r\nb\n",
	} {
		write(t, filepath.Join(dir, name), content)
	}
	runGit(t, dir, "add", "kept.log")
	runGit(t, dir, "commit", "-q", "-m", "third")
	write(t, filepath.Join(dir, ".gitignore"), "*.log\ndata/\nnode/\n.env\n")
	write(t, filepath.Join(dir, "ignored.log"), "x")
	write(t, filepath.Join(dir, ".git/info/exclude"), "crl?\n")
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := openRepo(t, git.Options{Dir: dir, Store: store, Include: []string{"dat[a]", ".e*", "node/*/deep"}})
	c := mustSave(t, r, "one")
	want := []string{
		".env", ".gitattributes", ".gitignore", ".gitmodules", "a", "c", "data/x", "kept.log",
		"name\nwith\tall \"of\" it", "nested/in", "node/z/deep/in", "other/in",
	}
	if got := saved(t, store, c); !slices.Equal(got, want) {
		t.Errorf("saved %q\n want %q", got, want)
	}
	out, err := r.LeftOut(t.Context(), c.ID)
	if err != nil || len(out) != 2 || out[0].Path != ".GIT" || out[1].Path != "fifo" {
		t.Errorf("LeftOut = %v, %v", out, err)
	}
	fsck(t, store)
}

func TestExcludedFilesAreSavedButDoNotCount(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "1")
	r := openRepo(t, git.Options{Dir: dir, Exclude: []string{"feature_list.json"}})
	one := mustSave(t, r, "one")
	write(t, filepath.Join(dir, "feature_list.json"), "[]")
	two := mustSave(t, r, "two")
	if one.Tree != two.Tree {
		t.Error("an excluded file changes the hash of the work")
	}
	changes, err := r.Diff(t.Context(), one.ID, two.ID)
	if err != nil || len(changes) != 1 || changes[0].Path != "feature_list.json" {
		t.Errorf("Diff = %v, %v", changes, err)
	}
}

// TestQuickChangesAreSeen changes a file without changing its size, again and
// again, faster than the clock of the file system ticks.
func TestQuickChangesAreSeen(t *testing.T) {
	dir := t.TempDir()
	r := openRepo(t, git.Options{Dir: dir})
	seen := map[string]bool{}
	for i := range 20 {
		write(t, filepath.Join(dir, "a"), string(rune('a'+i)))
		seen[mustSave(t, r, "x").Tree] = true
	}
	if len(seen) != 20 {
		t.Errorf("of 20 contents %d were seen", len(seen))
	}
}

func TestBigFile(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	content := strings.Repeat("0123456789abcde\n", 1<<20)
	write(t, filepath.Join(dir, "big"), content)
	write(t, filepath.Join(dir, "copy"), content)
	r := openRepo(t, git.Options{Dir: dir, Store: store})
	c := mustSave(t, r, "big")
	write(t, filepath.Join(dir, "big"), "small")
	if err := r.Restore(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "big"))
	if err != nil || string(got) != content {
		t.Errorf("restored %d bytes, %v", len(got), err)
	}
	fsck(t, store)
}

// TestKilledGit leaves in the store what a git leaves that was killed.
func TestKilledGit(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	write(t, filepath.Join(dir, "a"), "1")
	one := mustSave(t, openRepo(t, git.Options{Dir: dir, Store: store}), "one")
	for _, name := range []string{
		"HEAD.lock", "packed-refs.lock", "config.lock", "refs/checkpoints/x.lock", "objects/pack/tmp_pack_abc",
	} {
		write(t, filepath.Join(store, name), "half")
	}
	write(t, filepath.Join(store, "autosession-index"), "half")
	r := openRepo(t, git.Options{Dir: dir, Store: store})
	if _, err := os.Stat(filepath.Join(store, "HEAD.lock")); err != nil {
		t.Errorf("who only opens it takes away what may be another one's: %v", err)
	}
	two := mustSave(t, r, "two")
	list, err := r.Checkpoints(t.Context())
	if err != nil || !reflect.DeepEqual(list, []autosession.Checkpoint{two, one}) {
		t.Errorf("Checkpoints = %+v, %v", list, err)
	}
	if two.Tree != one.Tree {
		t.Error("another hash of the same tree")
	}
	if found, _ := filepath.Glob(store + "/*.lock"); len(found) > 0 {
		t.Errorf("still there: %v", found)
	}
	fsck(t, store)
}

func TestPrune(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	r := openRepo(t, git.Options{Dir: dir, Store: store})
	var all []autosession.Checkpoint
	for _, content := range []string{"1", "2", "3", "4"} {
		write(t, filepath.Join(dir, "a"), content)
		write(t, filepath.Join(dir, "d", content), content)
		all = append(all, mustSave(t, r, content))
	}
	if err := r.Prune(t.Context(), func(c autosession.Checkpoint) bool { return c.Label == "2" }); err != nil {
		t.Fatal(err)
	}
	list, err := r.Checkpoints(t.Context())
	if err != nil || !reflect.DeepEqual(list, []autosession.Checkpoint{all[3], all[1]}) {
		t.Fatalf("Checkpoints = %+v, %v", list, err)
	}
	// What was only in a pruned checkpoint is stored anew when it comes back.
	write(t, filepath.Join(dir, "a"), "1")
	again := mustSave(t, r, "again")
	for _, c := range []autosession.Checkpoint{all[1], again, all[3]} {
		if err := r.Restore(t.Context(), c.ID); err != nil {
			t.Error(err)
		}
	}
	fsck(t, store)
	if err := r.Restore(t.Context(), all[0].ID); err == nil {
		t.Error("a pruned checkpoint can still be restored")
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	link(t, dir, filepath.Join(t.TempDir(), "other"))
	for _, o := range []git.Options{
		{}, {Dir: dir}, {Dir: dir, Store: dir + "/store"}, {Dir: dir + "/none", Store: t.TempDir()},
		{Dir: "rel", Store: t.TempDir()}, {Dir: dir, Store: t.TempDir(), Include: []string{"../x"}}, {Dir: dir, Store: t.TempDir(), Include: []string{"[a"}},
	} {
		if r, err := git.Open(o); err == nil {
			r.Close()
			t.Errorf("Open(%+v) is no error", o)
		}
	}
}

func TestOverlookedFilesAreNoPartOfTheTree(t *testing.T) {
	dir := t.TempDir()
	r := openRepo(t, git.Options{Dir: dir, Overlook: func() []string { return []string{"held.toml"} }})
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("real")
	before, err := r.Save(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	write("held.toml")
	during, err := r.Save(t.Context(), "during")
	if err != nil {
		t.Fatal(err)
	}
	changes, err := r.Diff(t.Context(), before.ID, during.ID)
	if err != nil || len(changes) > 0 || before.Tree != during.Tree {
		t.Errorf("an overlooked file counts: %v %v", changes, err)
	}
}

// TestLargeFiles leaves files out that are larger than a checkpoint may hold,
// though they take no room on the disk, and says so.
func TestLargeFiles(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	committed(t, dir, "sha1")
	for name, size := range map[string]int64{"huge": 8 << 30, "l1": 9 << 20, "l2": 10 << 20, "l3": 11 << 20} {
		write(t, filepath.Join(dir, name), "1")
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
	r := openRepo(t, git.Options{Dir: dir, Store: store, FileSize: 20 << 20, LargeSize: 20 << 20})
	c := mustSave(t, r, "open")
	if got, want := saved(t, store, c), []string{"a", "c", "l1", "l2"}; !slices.Equal(got, want) {
		t.Errorf("saved %q, want %q", got, want)
	}
	os.Unsetenv("GIT_DIR")
	state := mustLook(t, r)
	if len(state.Unkept) != 2 || !strings.HasPrefix(state.Unkept[0], "huge (larger than") || !strings.HasPrefix(state.Unkept[1], "l3 (") {
		t.Errorf("Unkept = %q", state.Unkept)
	}
	write(t, filepath.Join(dir, "a"), "2")
	if err := r.Restore(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"huge", "l3"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("what a checkpoint does not hold was removed by going back to it: %v", err)
		}
	}
}
