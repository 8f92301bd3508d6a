package hands

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// project is a workspace of its own, beside which lies a secret.
func project(t *testing.T) *workspace {
	t.Helper()
	top := t.TempDir()
	for _, dir := range []string{"project", "tmp", "outside"} {
		if err := os.Mkdir(filepath.Join(top, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TMPDIR", filepath.Join(top, "tmp"))
	w, err := openWorkspace(filepath.Join(top, "project"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.killAll()
		w.close()
	})
	put(t, w, "../outside/secret", "the secret")
	return w
}

func put(t *testing.T, w *workspace, name, content string) {
	t.Helper()
	full := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, w *workspace, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func link(t *testing.T, w *workspace, target, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(w.dir, name)); err != nil {
		t.Fatal(err)
	}
}

// use calls a tool with arguments in JSON.
func use(t *testing.T, w *workspace, tool string, input map[string]any) Result {
	t.Helper()
	data, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	return run(t.Context(), w, tool, data)
}

type args = map[string]any

func TestNoWayOut(t *testing.T) {
	w := project(t)
	outside := filepath.Join(filepath.Dir(w.dir), "outside")
	link(t, w, outside, "absolute")
	link(t, w, "../outside", "relative")
	link(t, w, "../outside/secret", "file")
	link(t, w, "../outside/new", "dangling")
	link(t, w, "relative", "twice")
	put(t, w, "sub/x", "")
	for _, path := range []string{
		"../outside/secret", "sub/../../outside/secret", outside + "/secret", w.dir + "/../outside/secret",
		"absolute/secret", "relative/secret", "twice/secret", "file", "dangling", "absolute/new", "relative/new", "/etc/passwd",
		w.dir + "x/secret", "../outside/new",
	} {
		for _, call := range []struct {
			tool  string
			input args
		}{
			{"Read", args{"file_path": path}},
			{"Write", args{"file_path": path, "content": "overwritten"}},
			{"Edit", args{"file_path": path, "old_string": "the", "new_string": "a"}},
			{"Grep", args{"pattern": "secret", "path": path, "output_mode": "content"}},
			{"Glob", args{"pattern": "**", "path": filepath.Dir(path)}},
		} {
			r := use(t, w, call.tool, call.input)
			if strings.Contains(r.Text, "the secret") || call.tool != "Glob" && call.tool != "Grep" && !r.IsError {
				t.Errorf("%s %s: %+v", call.tool, path, r)
			}
			if call.tool == "Glob" && strings.Contains(r.Text, "outside/secret") && !r.IsError {
				t.Errorf("Glob %s: %+v", path, r)
			}
		}
	}
	if got := get(t, w, "../outside/secret"); got != "the secret" {
		t.Errorf("the file outside holds %q", got)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside lie %v, %v", entries, err)
	}
	for _, call := range []args{{"pattern": "secret"}, {"pattern": "secret", "output_mode": "content"}} {
		if r := use(t, w, "Grep", call); strings.Contains(r.Text, "the secret") {
			t.Errorf("Grep follows a link: %+v", r)
		}
	}
}

func TestWaysInside(t *testing.T) {
	w := project(t)
	put(t, w, "sub/real", "text\n")
	link(t, w, "sub/real", "link")
	link(t, w, "sub", "dir")
	temporary := filepath.Join(os.TempDir(), "scratch")
	for _, path := range []string{"sub/real", "./sub//real", "sub/../sub/real", "link", "dir/real", w.dir + "/sub/real"} {
		if r := use(t, w, "Read", args{"file_path": path}); r.IsError || !strings.Contains(r.Text, "text") {
			t.Errorf("Read %s: %+v", path, r)
		}
	}
	if r := use(t, w, "Write", args{"file_path": temporary, "content": "x"}); r.IsError {
		t.Errorf("the temporary directory: %+v", r)
	}
	if r := use(t, w, "Write", args{"file_path": "link", "content": "changed\n"}); r.IsError || get(t, w, "sub/real") != "changed\n" {
		t.Errorf("Write through a link: %+v", r)
	}
	if info, err := os.Lstat(filepath.Join(w.dir, "link")); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link became %v, %v", info, err)
	}
}

func TestInputErrors(t *testing.T) {
	w := project(t)
	put(t, w, "f", "aa bb aa\n")
	for _, test := range []struct {
		tool, input, want string
	}{
		{"Fly", `{}`, "There is no tool Fly"},
		{"Bash", ``, `needs "command"`},
		{"Bash", `[]`, "must be a JSON object"},
		{"Bash", `{"command": `, "must be a JSON object"},
		{"Bash", `{"command": 5}`, `"command" must be of type string, not number`},
		{"Bash", `{"command": "x", "cwd": "/"}`, "Its arguments are command, timeout_ms, description"},
		{"Bash", `{"command": "x", "timeout_ms": "1"}`, `"timeout_ms" must be of type integer, not string`},
		{"Bash", `{"command": "x", "timeout_ms": 600001}`, "between 1 and 600000"},
		{"Bash", `{"command": "x", "timeout_ms": -1}`, "between 1 and 600000"},
		{"Bash", `{"command": "  "}`, "empty"},
		{"Bash", `{"command": "a\u0000b"}`, "NUL"},
		{"Read", `{"file_path": "nowhere"}`, "look for it with Glob"},
		{"Read", `{"file_path": "f", "offset": 9}`, "there is no line 9: the file has 1"},
		{"Read", `{"file_path": "f", "limit": -9}`, "cannot be negative"},
		{"Read", `{"file_path": "."}`, "is a directory"},
		{"Read", `{"file_path": "a\u0000b"}`, "NUL"},
		{"Write", `{"file_path": "f/g", "content": ""}`, "not a directory"},
		{"Write", `{"file_path": ".", "content": ""}`, "is a directory"},
		{"Write", `{"file_path": "x"}`, `needs "content"`},
		{"Edit", `{"file_path": "f", "old_string": "cc", "new_string": ""}`, "was not found"},
		{"Edit", `{"file_path": "f", "old_string": "aa", "new_string": ""}`, "stands there 2 times"},
		{"Edit", `{"file_path": "f", "old_string": "aa", "new_string": "aa"}`, "the same"},
		{"Edit", `{"file_path": "f", "old_string": "", "new_string": "aa"}`, "use Write"},
		{"Glob", `{"pattern": "[a"}`, "not valid"},
		{"Glob", `{"pattern": "*", "path": "nowhere"}`, "look for it"},
		{"Grep", `{"pattern": "("}`, "not valid"},
		{"Grep", `{"pattern": "x", "output_mode": "all"}`, "must be content"},
	} {
		r := run(t.Context(), w, test.tool, json.RawMessage(test.input))
		if !r.IsError || !strings.Contains(r.Text, test.want) {
			t.Errorf("%s %s: %+v", test.tool, test.input, r)
		}
	}
}

func TestCancelledSearch(t *testing.T) {
	w := project(t)
	put(t, w, "f", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := run(ctx, w, "Glob", json.RawMessage(`{"pattern": "*"}`)); !r.IsError {
		t.Errorf("it is %+v", r)
	}
}
