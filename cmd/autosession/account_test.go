package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession/claudecode/clitest"
	"github.com/autosession/autosession/cmd/autosession/demo"
	"github.com/autosession/autosession/fakemodel"
)

// TestDemoWithClaude shows the demo with the real Claude Code, to a person who
// has an account: nobody asks its model anything.
func TestDemoWithClaude(t *testing.T) {
	vendor := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the account's model is asked: %s %s", r.Method, r.URL)
	}))
	defer vendor.Close()
	home := playedAccount(t, vendor.URL)
	dir := filepath.Join(t.TempDir(), "prose")
	out := autosessionRun(t, exitOK, "demo", dir, "--agent", "claude-code", "--agent-command", clitest.Program(t))
	for _, want := range []string{"The model is played", "No account is used", "claude-code 2.1.197", "stop complete: 6 of 6"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	demoIsComplete(t, dir, true)
	keyIsNowhere(t, home)
	if err := demo.Create(dir); err == nil {
		t.Error("a demo's project can be made twice in one place")
	}
}

// TestClaudeLanes has accounts of two kinds. Who pays for the first session
// pays for all, unless a person says otherwise.
func TestClaudeLanes(t *testing.T) {
	scenario, err := fakemodel.Parse([]byte("[[session]]\nagain = true\n[[session.step]]\nsay = \"There is nothing to do.\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	model, err := fakemodel.Start(scenario, fakemodel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app_spec.txt"), []byte("Write a file."), 0o644); err != nil {
		t.Fatal(err)
	}
	playedAccount(t, model.URL())
	for _, step := range []struct {
		name, key, token, billing string
		status                    int
		says                      string
		asked                     bool // the model was
	}{
		{"the wrong one", "sk-ant-key", "", "subscription", exitPerson, "api-key would pay for this session, and subscription was chosen", false},
		{"the first", "sk-ant-key", "", "same", exitOK, "claude-sonnet-4-5-20250929, api-key", true},
		{"another", "", "sk-ant-oat01-token", "same", exitPerson, "subscription would pay for this session, and api-key was chosen", false},
		{"another beside a key", "sk-ant-key", "sk-ant-oat01-token", "same", exitPerson, "subscription would pay", false},
		{"the chosen of two", "sk-ant-key", "sk-ant-oat01-token", "api-key", exitOK, "claude-sonnet-4-5-20250929, api-key", true},
		{"any", "", "sk-ant-oat01-token", "any", exitOK, "claude-sonnet-4-5-20250929, subscription", true},
	} {
		t.Run(step.name, func(t *testing.T) {
			t.Setenv("ANTHROPIC_API_KEY", step.key)
			t.Setenv("CLAUDE_CODE_OAUTH_TOKEN", step.token)
			before := prompted(model)
			out := autosessionRun(t, step.status, "run", dir, "--agent", "claude-code", "--agent-command", clitest.Program(t),
				"--trial", "never", "--no-sandbox", "--once", "--resume", "never", "--billing", step.billing)
			if !strings.Contains(out, step.says) {
				t.Errorf("the output lacks %q:\n%s", step.says, out)
			}
			if asked := prompted(model) > before; asked != step.asked {
				t.Errorf("the model was asked: %v, want %v", asked, step.asked)
			}
		})
	}
}

// prompted is how many requests for an answer came to a model.
func prompted(model *fakemodel.Server) int {
	n := 0
	for _, r := range model.Requests() {
		if r.Method == http.MethodPost {
			n++
		}
	}
	return n
}

// TestClaudeHolds looks at what the program is started with: no secret in its
// arguments, no key or variable of ours that it does not need, a dummy in the
// sandbox, and a HOME that is not the person's.
func TestClaudeHolds(t *testing.T) {
	const key, token = "sk-ant-outside-0123456789abcdef", "sk-ant-oat01-outside-0123456789abcdef"
	for _, test := range []struct {
		name, key, token string
		confined         bool
		has              string
	}{
		{"a key", key, "", false, "ANTHROPIC_API_KEY=" + key},
		{"a token beside a key", key, token, false, "CLAUDE_CODE_OAUTH_TOKEN=" + token},
		{"a key, confined", key, "", true, "ANTHROPIC_API_KEY=" + dummy},
		{"a token beside a key, confined", key, token, true, "CLAUDE_CODE_OAUTH_TOKEN=" + dummy},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "app_spec.txt"), []byte("Write a file."), 0o644); err != nil {
				t.Fatal(err)
			}
			program := filepath.Join(t.TempDir(), "claude")
			script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] && exit\nenv > %[1]s/env\nprintf '%%s\\n' \"$@\" > %[1]s/args\nread -r first\n", dir)
			if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			home := playedAccount(t, "http://127.0.0.1:1")
			t.Setenv("ANTHROPIC_API_KEY", test.key)
			t.Setenv("CLAUDE_CODE_OAUTH_TOKEN", test.token)
			t.Setenv("CLAUDECODE", "1")
			t.Setenv("NODE_OPTIONS", "--inspect")
			args := []string{"run", dir, "--agent", "claude-code", "--agent-command", program, "--trial", "never", "--once", "--continue-delay", "10ms"}
			if !test.confined {
				args = append(args, "--no-sandbox")
			}
			autosessionRun(t, exitStuck, args...)
			env, said := readText(t, dir, "env"), readText(t, dir, "args")
			if !strings.Contains(env, test.has+"\n") {
				t.Errorf("the environment lacks %s:\n%s", test.has, env)
			}
			not := []string{"CLAUDECODE=", "NODE_OPTIONS=", "\nHOME=" + home + "\n"}
			if test.token != "" {
				not = append(not, "ANTHROPIC_API_KEY=")
			}
			if test.confined {
				not = append(not, "outside-0123")
			}
			for _, unwanted := range not {
				if strings.Contains("\n"+env, unwanted) {
					t.Errorf("the environment has %s:\n%s", unwanted, env)
				}
			}
			if strings.Contains(said, "sk-ant") || !strings.Contains(said, "--session-id=") || !strings.Contains(said, "--setting-sources=\n") {
				t.Errorf("arguments:\n%s", said)
			}
		})
	}
}

func readText(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
