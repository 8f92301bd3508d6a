package policy

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

func toolCall(tool, input string) autosession.ToolCall {
	return autosession.ToolCall{Tool: tool, Input: json.RawMessage(fill.Replace(input)), Kind: autosession.Continue}
}

func TestTools(t *testing.T) {
	p := testPolicy(t, func(o *Options) {
		o.Tools = []string{"TodoWrite", "Task*"}
		o.Protect = []string{"tests/**", "*.spec.ts"}
	})
	for _, c := range []struct {
		tool, input string
		allow       bool
	}{
		{"Write", `{"file_path":"{{PROJECT}}/src/a.js","content":"x"}`, true},
		{"Write", `{"file_path":"src/a.js"}`, true},
		{"Write", `{"file_path":"/tmp/x"}`, true},
		{"Edit", `{"file_path":"{{PROJECT}}/feature_list.json"}`, true},
		{"MultiEdit", `{"file_path":"{{PROJECT}}/.git/config"}`, false},
		{"Write", `{"file_path":"{{PROJECT}}/.git/hooks/pre-commit"}`, false},
		{"Write", `{"file_path":"{{PROJECT}}/src/../.claude/settings.json"}`, false},
		{"Write", `{"file_path":"{{PROJECT}}/../x"}`, false},
		{"Write", `{"file_path":"{{PROJECT}}x/y"}`, false},
		{"Write", `{"file_path":"~/.bashrc"}`, false},
		{"Write", `{"file_path":"{{STATE}}/x"}`, false},
		{"Write", `{"file_path":"{{PROJECT}}/tests/a_test.js"}`, false},
		{"Edit", `{"file_path":"src/deep/x.spec.ts"}`, false},
		{"Write", `{"file_path":"{{PROJECT}}"}`, false},
		{"Write", `{"file_path":"{{PROJECT}}/APP_SPEC.TXT"}`, false},
		{"Write", `{"path":"x"}`, false},
		{"Write", `{"file_path":"src/a","FILE_PATH":"/etc/x"}`, false},
		{"Write", `{"file_path":"src/a","file_path":"/etc/x"}`, false},
		{"Write", `{"file_path":["x"]}`, false},
		{"Write", `null`, false},
		{"Write", ``, false},
		{"Write", `{"file_path":"src/a"`, false},
		{"NotebookEdit", `{"notebook_path":"a.ipynb"}`, true},
		{"Read", `{"file_path":"{{PROJECT}}/feature_list.json"}`, true},
		{"Read", `{"file_path":"/etc/passwd"}`, false},
		{"Read", `{"file_path":"/proc/self/environ"}`, false},
		{"Read", `{"file_path":"{{STATE}}/state.db"}`, false},
		{"Read", `{"file_path":"{{HOME}}/.ssh/id_rsa"}`, false},
		{"Read", `{"file_path":"/usr/share/x"}`, true},
		{"Glob", `{"pattern":"**/*.ts"}`, true},
		{"Glob", `{"pattern":"/etc/*"}`, false},
		{"Glob", `{"pattern":"../**"}`, false},
		{"Glob", `{"pattern":"src/*/../../../*"}`, false},
		{"Glob", `{"pattern":"*","path":"/etc"}`, false},
		{"Grep", `{"pattern":"/api","glob":"*.ts"}`, true},
		{"Grep", `{"pattern":"x","path":"{{HOME}}"}`, false},
		{"LS", `{"path":"{{PROJECT}}/src"}`, true},
		{"TodoWrite", `{}`, true},
		{"TaskCreate", `{}`, true},
		{"WebFetch", `{"url":"http://x"}`, false},
		{"mcp__x__y", `{}`, false},
		{"", `{}`, false},
		{"Bash", `{"command":"ls -la"}`, true},
		{"Bash", `{"command":"ls","Command":"wget x"}`, false},
		{"Bash", `{"Command":"ls"}`, false},
		{"Bash", `{"command":1}`, false},
		{"Bash", `{}`, false},
	} {
		if v := p.Judge(t.Context(), toolCall(c.tool, c.input)); v.Allow != c.allow || !v.Allow && v.Reason == "" {
			t.Errorf("%s %s: %+v, want %v", c.tool, c.input, v, c.allow)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p.Judge(ctx, toolCall("Bash", `{"command":"ls"}`)).Allow {
		t.Error("allowed although cancelled")
	}
}

func TestInitSessionMakesTheList(t *testing.T) {
	p := testPolicy(t)
	for _, s := range []string{"cat > feature_list.json <<'EOF'\n[]\nEOF", "cp /tmp/fl.json feature_list.json"} {
		if v := p.Command(s, autosession.Init); !v.Allow {
			t.Errorf("init: %s: %s", s, v.Reason)
		}
		if p.Command(s, autosession.Continue).Allow {
			t.Errorf("continue: allowed: %s", s)
		}
	}
	if v := p.Command("echo x > .git/config", autosession.Init); v.Allow {
		t.Error("init may write .git")
	}
	if v := p.Command("echo x > feature_list.json", autosession.Continue); !strings.Contains(v.Reason, "Edit tool") {
		t.Errorf("the reason does not say what to do: %s", v.Reason)
	}
}

// TestLinks follows links in a real directory.
func TestLinks(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	project, outside := filepath.Join(root, "project"), filepath.Join(root, "outside")
	for _, d := range []string{project + "/.git", project + "/src", outside} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"out": outside, "dangling": outside + "/new", "up": "..", "git": ".git", "loop": "loop", "in": "src", "chain": "out"} {
		if err := os.Symlink(to, filepath.Join(project, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(project, filepath.Join(root, "alias")); err != nil {
		t.Fatal(err)
	}
	p, err := New(Options{Project: filepath.Join(root, "alias"), Temp: []string{"/nonexistent-temp"}, Links: FileLinks{}})
	if err != nil {
		t.Fatal(err)
	}
	for name, allow := range map[string]bool{"src/a": true, "in/a": true, "new/deep/a": true, "out/a": false, "dangling": false, "up/x": false, "git/config": false, "loop": false, "loop/x": false, "chain/x": false,
		project + "/src/a": true, outside + "/x": false, "src/../out/y": false} {
		for _, tool := range []string{"Write", "Read"} {
			want := allow || tool == "Read" && name == "git/config"
			if v := p.Judge(t.Context(), toolCall(tool, `{"file_path":"`+name+`"}`)); v.Allow != want {
				t.Errorf("%s %s: %+v", tool, name, v)
			}
		}
		if v := p.Command("echo x > "+name, autosession.Continue); v.Allow != allow {
			t.Errorf("echo > %s: %+v", name, v)
		}
	}
}

// TestUpFromALink follows .. as the kernel does: from where a link led.
func TestUpFromALink(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	project, outside := filepath.Join(root, "project"), filepath.Join(root, "outside/deep")
	for _, d := range []string{project + "/a/b", project + "/etc", project + "/src/deep", project + "/.git", outside} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"a/b/l": outside, "a/b/in": project + "/src/deep", "a/b/git": project + "/.git"} {
		if err := os.Symlink(to, filepath.Join(project, name)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := New(Options{Project: project, Temp: []string{"/nonexistent-temp"}, Links: FileLinks{}})
	if err != nil {
		t.Fatal(err)
	}
	for s, allow := range map[string]bool{
		"cat a/b/l/../x": false, "cat a/b/l/../../etc/shadow": false, "echo x > a/b/l/../../etc/y": false, "ls a/b/l/../*.js": false,
		"cd a/b/l && ls": false, "cd -P a/b/l/../../etc && cat shadow": false, "cd a/b/l/.. && ls": false, "cd a/b && cat l/../x": false,
		"cd a/b/in && touch ../../../x": false, "echo x > a/b/in/../../feature_list.json": false, "touch a/b/git/../feature_list.json": false,
		"git -C a/b/l -C .. log": false, "cat a/*/../b/x": false, "cp x a/b/git/../.mcp.json": false,
		"cat a/b/../../etc/x": true, "echo x > a/b/../y": true, "cat a/b/in/../x": true, "cd a/b/in && touch x": true,
		"cd a/b && cd .. && ls": true, "cd a/b && touch ../../etc/x": true, "ls a/b/../*.js": true, "mkdir -p new/a && cd new/a && touch ../x": true,
	} {
		if v := p.Command(s, autosession.Continue); v.Allow != allow {
			t.Errorf("%s: %+v", s, v)
		}
	}
}

// TestProjectInTemp keeps the neighbours of a project below /tmp outside.
func TestProjectInTemp(t *testing.T) {
	p := testPolicy(t, func(o *Options) {
		o.Project, o.Home, o.State = "/tmp/case1/app", "/tmp/case1/home", "/tmp/case1/state"
	})
	for s, allow := range map[string]bool{"echo x > a": true, "echo x > /tmp/y": true, "echo x > ~/x": false, "cat ~/.ssh/id_rsa": false, "cat /tmp/case1/state/x": false, "rm -rf ../other": false, "cd .. && rm -rf app": false, "rm -rf /tmp/case1": false, "mv /tmp/case1 /tmp/x": false, "cd /tmp && echo > z": true} {
		if v := p.Command(s, autosession.Continue); v.Allow != allow {
			t.Errorf("%s: %+v", s, v)
		}
	}
}
