package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autosession/autosession/internal/reach"
)

// ignoreTree is the files of the tree that ignore rules are tried on.
func ignoreTree(t *testing.T) string {
	dir := t.TempDir()
	names := []string{"a", "b", "ab", "aab", "a.b", "A", "-", "]", "#a", "!a", "a ", "a\\b", "é", "[a]", "a*"}
	for _, base := range []string{"", "d/", "d/e/", "d/e/a/", "ad/", "b/a/b/", "é/"} {
		for _, name := range names {
			path := filepath.Join(dir, base+name)
			if os.MkdirAll(filepath.Dir(path), 0o755) != nil {
				continue
			}
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				continue
			}
			if err := os.WriteFile(path, nil, 0o644); err != nil && !strings.Contains(err.Error(), "not a directory") {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// TestIgnoreAsGit compares what is ignored here with what git ignores.
func TestIgnoreAsGit(t *testing.T) {
	dir, gitDir := ignoreTree(t), t.TempDir()
	if err := makeReader(gitDir, "sha1"); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("git")
	if err != nil {
		t.Fatal("cannot find git: install git 2.39 or newer")
	}
	theirs := git{path: path, dir: gitDir, env: []string{"GIT_WORK_TREE=" + dir}}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	part := rapid.SampledFrom([]string{
		"a", "b", "d", "e", "*", "**", "/", "?", "!", "#", "\\", "[ab]", "[!a]", "[^b-]", "[]a]", "[a-c]", "[[:alpha:]]",
		"[[:upper:]", "[[:nope:]]", "[", "]", " ", ".", "-", "é", "a/", "/**/", "**/", "/**", "\r", "\t", "[\\]]", "[z-a]", "[a-",
	})
	line := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(part, 1, 5).Draw(t, "line"), "") })
	file := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(line, 0, 4).Draw(t, "lines"), "\n")
	})
	rapid.Check(t, func(t *rapid.T) {
		for _, name := range []string{".gitignore", "d/.gitignore"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(file.Draw(t, name)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		excludes := file.Draw(t, "info/exclude")
		if err := os.MkdirAll(filepath.Join(gitDir, "info"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(gitDir, "info/exclude"), []byte(excludes), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := theirs.output(t.Context(), "ls-files", "--others", "-z", "--exclude-standard", "--full-name", dir)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
		slices.Sort(want)
		w := &walk{root: reach.Root{Root: root}}
		if err := w.tree(t.Context(), []byte(excludes)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range w.files {
			got = append(got, f.path)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("walk finds %q\ngit finds %q", got, want)
		}
		rules := &judge{excludes: []byte(excludes), dirs: map[string]ignores{}, now: func(base string) []byte {
			content, _ := readRegular(root, base+".gitignore", maxIgnoreFile)
			return content
		}}
		for _, path := range got {
			if rules.ignored(path) {
				t.Fatalf("%q is judged ignored, but walked over", path)
			}
		}
	})
}

// TestWildmatchIsBounded tries a pattern that a plain search would try for
// longer than anyone lives.
func TestWildmatchIsBounded(t *testing.T) {
	done := make(chan bool)
	go func() { done <- wildmatch(strings.Repeat("*a", 60)+"b", strings.Repeat("a", 4000), true) }()
	select {
	case matched := <-done:
		if matched {
			t.Error("it matches")
		}
	case <-time.After(time.Minute):
		t.Fatal("no answer within a minute")
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add([]byte("*.o\n!keep.o\n/build/\n# comment\n\\#x\na\\ \n**/a/**\n[[:digit:]-z]\n"), "d/a.o")
	f.Add([]byte("\xef\xbb\xbf[\n[!\n[a-\n\\\n[[:x"), "a")
	f.Fuzz(func(t *testing.T, content []byte, path string) {
		rules := ignores{}.with(parseRules("", content))
		if rules.match(path, false) && !rules.match(path, true) && !strings.Contains(string(content), "!") {
			t.Error("ignored as a file, but not as a directory")
		}
	})
}
