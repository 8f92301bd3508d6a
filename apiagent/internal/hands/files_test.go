package hands

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	w := project(t)
	put(t, w, "five", "a\nb\r\nc\nd\ne")
	put(t, w, "empty", "")
	put(t, w, "latin", "caf\xe9\n")
	put(t, w, "wide", strings.Repeat("x", 5000)+"\nend\n")
	put(t, w, "binary", "ELF\x00\x01")
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, "%d\n", i+1)
	}
	put(t, w, "many", many.String())
	for _, test := range []struct {
		input args
		want  string
	}{
		{args{"file_path": "five"}, "     1\ta\n     2\tb\n     3\tc\n     4\td\n     5\te\n"},
		{args{"file_path": "five", "offset": 2, "limit": 2}, "     2\tb\n     3\tc\n\n[lines 2 to 3 of 5; read on with offset 4]\n"},
		{args{"file_path": "five", "offset": 5, "limit": 9}, "     5\te\n"},
		{args{"file_path": "empty"}, "(the file is empty)"},
		{args{"file_path": "latin"}, "     1\tcaf\uFFFD\n"},
		{args{"file_path": "wide"}, "     1\t" + strings.Repeat("x", 2000) + " [... the line goes on]\n     2\tend\n"},
	} {
		if r := use(t, w, "Read", test.input); r.IsError || r.Text != test.want {
			t.Errorf("%v: %+v", test.input, r)
		}
	}
	if r := use(t, w, "Read", args{"file_path": "many"}); !strings.HasSuffix(r.Text, "[lines 1 to 2000 of 3000; read on with offset 2001]\n") {
		t.Errorf("many lines end with %q", r.Text[len(r.Text)-100:])
	}
	if r := use(t, w, "Read", args{"file_path": "binary"}); !r.IsError || !strings.Contains(r.Text, "not a text file") {
		t.Errorf("a binary file: %+v", r)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	w := project(t)
	if err := syscall.Mkfifo(filepath.Join(w.dir, "fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	big, err := os.Create(filepath.Join(w.dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	if err := big.Truncate(maxFile + 1); err != nil {
		t.Fatal(err)
	}
	big.Close()
	put(t, w, "fixed", "x")
	if err := os.Chmod(filepath.Join(w.dir, "fixed"), 0o444); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		tool  string
		input args
		want  string
	}{
		{"Read", args{"file_path": "fifo"}, "not a regular file"},
		{"Read", args{"file_path": "big"}, "search it with Grep"},
		{"Edit", args{"file_path": "fifo", "old_string": "a", "new_string": "b"}, "not a regular file"},
		{"Write", args{"file_path": "fifo", "content": "x"}, "not a regular file"},
		{"Write", args{"file_path": "fixed", "content": "y"}, "read-only"},
	} {
		if r := use(t, w, test.tool, test.input); !r.IsError || !strings.Contains(r.Text, test.want) {
			t.Errorf("%s %v: %+v", test.tool, test.input, r)
		}
	}
	if r := use(t, w, "Grep", args{"pattern": "x"}); r.IsError || !strings.Contains(r.Text, "fixed") || !strings.Contains(r.Text, "1 files could not") {
		t.Errorf("Grep beside them: %+v", r)
	}
}

func TestWrite(t *testing.T) {
	w := project(t)
	if r := use(t, w, "Write", args{"file_path": "a/b/c.txt", "content": "one"}); r.IsError || r.Text != "Created a/b/c.txt (3 bytes)." {
		t.Errorf("a new file: %+v", r)
	}
	full := filepath.Join(w.dir, "a/b/c.txt")
	if err := os.Chmod(full, 0o751); err != nil {
		t.Fatal(err)
	}
	if r := use(t, w, "Write", args{"file_path": full, "content": ""}); r.IsError || !strings.HasPrefix(r.Text, "Wrote ") {
		t.Errorf("the same file: %+v", r)
	}
	if info, err := os.Stat(full); err != nil || info.Mode().Perm() != 0o751 || info.Size() != 0 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(full)); err != nil || len(entries) != 1 {
		t.Errorf("beside the file lie %v, %v", entries, err)
	}
}

func TestEdit(t *testing.T) {
	w := project(t)
	put(t, w, "f", "one\ntwo\nthree two\n")
	put(t, w, "dos", "one\r\ntwo\r\n")
	if r := use(t, w, "Edit", args{"file_path": "f", "old_string": "three", "new_string": "3"}); r.IsError || !strings.Contains(r.Text, "at line 3") {
		t.Errorf("one: %+v", r)
	}
	if r := use(t, w, "Edit", args{"file_path": "f", "old_string": "two", "new_string": "$1", "replace_all": true}); r.IsError || !strings.Contains(r.Text, "2 replaced") {
		t.Errorf("all: %+v", r)
	}
	if got := get(t, w, "f"); got != "one\n$1\n3 $1\n" {
		t.Errorf("the file holds %q", got)
	}
	if r := use(t, w, "Edit", args{"file_path": "dos", "old_string": "one\ntwo", "new_string": ""}); !strings.Contains(r.Text, `end with \r\n`) {
		t.Errorf("other ends of lines: %+v", r)
	}
}

func TestGlobAndGrep(t *testing.T) {
	w := project(t)
	put(t, w, "main.go", "package main\n// Needle\n")
	put(t, w, "sub/deep/x_test.go", "package deep\n// needle needle\n// needle\n")
	put(t, w, "sub/page.ts", "needle\r\n")
	put(t, w, ".git/config", "needle\n")
	put(t, w, "sub/.git", "gitdir: needle\n")
	put(t, w, "image.png", "needle\x00")
	when := time.Now().Add(-time.Hour)
	for i, name := range []string{"main.go", "sub/deep/x_test.go", "sub/page.ts"} {
		if err := os.Chtimes(filepath.Join(w.dir, name), when, when.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		tool  string
		input args
		want  string
	}{
		{"Glob", args{"pattern": "**/*.go"}, "sub/deep/x_test.go\nmain.go\n"},
		{"Glob", args{"pattern": "*.go"}, "main.go\n"},
		{"Glob", args{"pattern": "sub/**/*.{go,ts}"}, "sub/page.ts\nsub/deep/x_test.go\n"},
		{"Glob", args{"pattern": "**/*.go", "path": "sub"}, "sub/deep/x_test.go\n"},
		{"Glob", args{"pattern": "deep/*", "path": w.dir + "/sub"}, "sub/deep/x_test.go\n"},
		{"Glob", args{"pattern": "**/config"}, "No file matches."},
		{"Grep", args{"pattern": "needle", "glob": "*.{go,ts}"}, "sub/deep/x_test.go\nsub/page.ts\n"},
		{"Grep", args{"pattern": "needle", "glob": "sub/*"}, "sub/.git\nsub/page.ts\n"},
		{"Grep", args{"pattern": "^needle$", "output_mode": "content"}, "sub/page.ts:1:needle\n"},
		{"Grep", args{"pattern": "needle", "output_mode": "count", "glob": "*.go"}, "sub/deep/x_test.go:2\n"},
		{"Grep", args{"pattern": "needle", "ignore_case": true, "path": "main.go", "output_mode": "content"}, "main.go:2:// Needle\n"},
		{"Grep", args{"pattern": "nowhere to be found"}, "Nothing matches."},
	} {
		if r := use(t, w, test.tool, test.input); r.IsError || r.Text != test.want {
			t.Errorf("%s %v: %q", test.tool, test.input, r.Text)
		}
	}
}

func TestLongAnswersAreCut(t *testing.T) {
	w := project(t)
	put(t, w, "many", strings.Repeat("needle\n", 2*grepMost))
	for i := range globMost + 5 {
		put(t, w, fmt.Sprintf("d/%d", i), "")
	}
	if r := use(t, w, "Grep", args{"pattern": "needle", "output_mode": "content"}); !strings.Contains(r.Text, "[500 more are left out") {
		t.Errorf("Grep ends with %q", last(r.Text, 80))
	}
	if r := use(t, w, "Glob", args{"pattern": "d/*"}); !strings.Contains(r.Text, "[500 of 505;") {
		t.Errorf("Glob ends with %q", last(r.Text, 80))
	}
}
