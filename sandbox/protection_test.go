package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func plantFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProtect(t *testing.T) {
	dir := t.TempDir()
	plantFiles(t, dir, ".git/config", ".git/hooks/x", "a/b/c", "spec")
	p, err := protect(dir, []string{filepath.Join(dir, "spec"), filepath.Join(dir, "a/b/c"), filepath.Join(dir, "n/m.json"), filepath.Join(dir, "d") + "/"})
	if err != nil {
		t.Fatal(err)
	}
	under := func(names ...string) []string {
		var all []string
		for _, name := range names {
			all = append(all, filepath.Join(dir, name))
		}
		return all
	}
	if want := under(".git/hooks", ".git/config", ".git/config.worktree", ".git/commondir", "spec", "a/b/c", "n/m.json", "d"); !slices.Equal(p.paths, want) {
		t.Errorf("paths: %q", p.paths)
	}
	if want := under(".git", "a", "a/b", "n"); !slices.Equal(p.ways, want) {
		t.Errorf("ways: %q", p.ways)
	}
	if want := []standIn{{".git/config.worktree", false}, {".git/commondir", false}, {"n", true}, {"n/m.json", false}, {"d", true}}; !slices.Equal(p.absent, want) {
		t.Errorf("absent: %v", p.absent)
	}
}

func TestProtectWithoutRepository(t *testing.T) {
	dir := t.TempDir()
	if p, err := protect(dir, nil); err != nil || len(p.paths)+len(p.ways)+len(p.absent) > 0 {
		t.Errorf("%+v, %v", p, err)
	}
	plantFiles(t, dir, ".git") // a worktree
	if p, err := protect(dir, nil); err != nil || !slices.Equal(p.paths, []string{filepath.Join(dir, ".git")}) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestProtectRefusesLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	plantFiles(t, dir, "file")
	for link, target := range map[string]string{"way": elsewhere, "last": filepath.Join(elsewhere, "x")} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"way/settings.json", "last", "file/x"} {
		_, err := protect(dir, []string{filepath.Join(dir, name)})
		if err == nil || !strings.HasPrefix(err.Error(), "cannot protect "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Stand-ins are made for the first tree that needs them and removed with the
// last one, but for what somebody else made of them.
func TestStandIns(t *testing.T) {
	dir := t.TempDir()
	k := &keeper{dir: t.TempDir()}
	begin := func(names ...string) *record {
		r := k.begin("s", dir)
		if _, err := r.hold(names); err != nil {
			t.Fatal(err)
		}
		return r
	}
	mcp, settings, tests := filepath.Join(dir, ".mcp.json"), filepath.Join(dir, ".claude/settings.json"), filepath.Join(dir, "tests")
	first := begin(mcp, settings, tests)
	second := begin(mcp)
	if data, err := os.ReadFile(mcp); err != nil || string(data) != "{}\n" {
		t.Errorf("%q, %v", data, err)
	}
	if held, err := k.held(dir); err != nil || !slices.Equal(held, []string{".claude", ".claude/settings.json", ".mcp.json", "tests"}) {
		t.Errorf("%q, %v", held, err)
	}
	if held, err := k.held(t.TempDir()); err != nil || len(held) > 0 {
		t.Errorf("%q, %v", held, err)
	}
	if data, err := os.ReadFile(first.Exclude); err != nil || string(data) != "/.claude/settings.json\n/.mcp.json\n/tests/\n" {
		t.Errorf("%q, %v", data, err)
	}
	plantFiles(t, dir, "tests/by-a-person")
	if err := first.clear(); err != nil {
		t.Fatal(err)
	}
	if !exists(mcp) {
		t.Error("a stand-in was removed while another tree needs it")
	}
	if err := second.clear(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{mcp: false, settings: false, filepath.Dir(settings): false, filepath.Join(tests, "by-a-person"): true} {
		if exists(path) != want {
			t.Errorf("%s: %v, want %v", path, !want, want)
		}
	}
	if entries, err := os.ReadDir(k.dir); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// Trees of one project that start and end at once never miss what another
// one's end removed, although several keepers, as of several processes, keep
// their records.
func TestConcurrentStandIns(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	name := filepath.Join(dir, "way/autosession.toml")
	var all sync.WaitGroup
	for range 8 {
		k := &keeper{dir: state}
		all.Go(func() {
			for range 20 {
				r := k.begin("s", dir)
				if _, err := r.hold([]string{name}); err != nil {
					t.Error(err)
				}
				if err := r.gone(); err != nil {
					t.Error(err)
				}
				if err := r.clear(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if exists(filepath.Dir(name)) {
		t.Error("a stand-in is left")
	}
}
