package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession/claudecode/clitest"
	"github.com/autosession/autosession/cmd/autosession/demo"
	"github.com/autosession/autosession/fakemodel"
)

// TestClaudeBuildsTheDemo lets the real Claude Code program build the whole
// demo project. Only the model is played.
func TestClaudeBuildsTheDemo(t *testing.T) {
	for _, confined := range []bool{true, false} {
		name := map[bool]string{true: "confined", false: "unconfined"}[confined]
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "prose")
			if err := demo.Create(dir); err != nil {
				t.Fatal(err)
			}
			scenario, err := demo.Scenario()
			if err != nil {
				t.Fatal(err)
			}
			model, err := fakemodel.Start(scenario, fakemodel.Options{Values: demo.Values(dir)})
			if err != nil {
				t.Fatal(err)
			}
			defer model.Close()
			home := playedAccount(t, model.URL())
			args := []string{"run", dir, "--agent", "claude-code", "--agent-command", clitest.Program(t),
				"--continue-delay", "100ms", "--backoff-base", "100ms", "--resume", "never"}
			box := []string{"--allow-paths", goCache(t)}
			if !confined {
				box = []string{"--no-sandbox"}
			}
			shareGoCache(t, dir, box...)
			out := autosessionRun(t, 0, append(args, box...)...)
			for _, want := range []string{"disproved F002", "denied    Edit app_spec.txt", "proven    F006", "stop complete: 6 of 6"} {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q:\n%s", want, out)
				}
			}
			demoIsComplete(t, dir, confined)
			if left := model.Unplayed(); len(left) > 0 {
				t.Errorf("not played: %q", left)
			}
			for _, r := range model.Requests() {
				if confined && strings.Contains(string(r.Body), "sk-ant-outside") {
					t.Error("the key is in a request's body")
				}
			}
			keyIsNowhere(t, home)
		})
	}
}

// playedAccount makes the environment that of a person who has an empty HOME,
// which it returns, and a key for the model at url.
func playedAccount(t *testing.T, url string) (home string) {
	t.Helper()
	home = t.TempDir()
	for name, value := range map[string]string{
		"GOCACHE": goCache(t), "HOME": home, "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": "", "AUTOSESSION_STATE": "",
		"CLAUDE_CODE_OAUTH_TOKEN": "", "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-outside-0123456789abcdef",
	} {
		t.Setenv(name, value)
	}
	return home
}

// shareGoCache lets what the project runs in its sandbox find what this machine
// built before.
func shareGoCache(t *testing.T, dir string, box ...string) {
	t.Helper()
	command := []string{"--", "go", "env", "-w", "GOCACHE=" + goCache(t)}
	autosessionRun(t, exitOK, slices.Concat([]string{"sandbox", "-C", dir}, box, command)...)
}

// autosessionRun runs one command line and returns what it printed.
func autosessionRun(t *testing.T, status int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := run(args, &out, &out); got != status {
		t.Fatalf("exit status %d, want %d\n%s", got, status, out.String())
	}
	return out.String()
}

// demoIsComplete sees that the project is done and that its own tests pass.
func demoIsComplete(t *testing.T, dir string, confined bool) {
	t.Helper()
	s := statusOf(t, dir)
	if s.Features.Proven != 6 || s.Features.Total != 6 || s.Decision.Reason != "complete" || (s.Confined != "none") != confined {
		t.Errorf("status: %+v", s)
	}
	if len(s.Sessions) < 5 || s.Sessions[0].Kind != "init" || s.Usage.CostUSD <= 0 {
		t.Errorf("sessions: %+v", s.Sessions)
	}
	cmd := exec.Command("go", "test", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the project's own tests fail: %v\n%s", err, out)
	}
}

// keyIsNowhere looks for the key in all that was written below a HOME.
func keyIsNowhere(t *testing.T, home string) {
	t.Helper()
	err := filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.Contains(path, "go-build") {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("sk-ant-outside")) {
			t.Errorf("the key is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestClaudeResumes lets a rate limit cut a session of the real Claude Code
// short, and sees that the next one goes on in the same conversation and that
// each is charged for itself alone.
func TestClaudeResumes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app_spec.txt"), []byte("Write two files."), 0o644); err != nil {
		t.Fatal(err)
	}
	model := playClaudes(t, "testdata/claude_resume.toml", dir)
	autosessionRun(t, exitLimit, "run", dir, "--agent", "claude-code", "--agent-command", clitest.Program(t),
		"--continue-delay", "100ms", "--max-iterations", "3")
	s := statusOf(t, dir)
	if len(s.Sessions) != 3 || s.Sessions[1].Outcome != "rate-limited" || s.Sessions[2].Outcome != "done" {
		t.Fatalf("sessions: %+v", s.Sessions)
	}
	conversations := map[int]bool{}
	for _, r := range model.Requests() {
		if r.Session == "work" && r.Step > 0 {
			conversations[r.Conversation] = true
		}
	}
	if len(conversations) != 1 {
		t.Errorf("the work was done in %d conversations, want one", len(conversations))
	}
	cut, rest := s.Sessions[1], s.Sessions[2]
	if cut.Tokens.Input != 1000 || rest.Tokens.Input != 20000 {
		t.Errorf("input tokens: %d before the limit and %d after, want 1000 and 20000", cut.Tokens.Input, rest.Tokens.Input)
	}
	if rest.CostUSD <= cut.CostUSD || s.Usage.Tokens < 21200 {
		t.Errorf("cost: $%v before the limit and $%v after; %d tokens in all", cut.CostUSD, rest.CostUSD, s.Usage.Tokens)
	}
}

// TestClaudeBeginsAnew changes the tree after a session was cut short: what the
// conversation knows is not true any more, so that the next one is a fresh one.
func TestClaudeBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app_spec.txt"), []byte("Write two files."), 0o644); err != nil {
		t.Fatal(err)
	}
	model := playClaudes(t, "testdata/claude_resume.toml", dir)
	more := func(sessions string) {
		autosessionRun(t, exitLimit, "run", dir, "--agent", "claude-code", "--agent-command", clitest.Program(t), "--trial", "never",
			"--no-sandbox", "--continue-delay", "100ms", "--backoff-base", "100ms", "--max-iterations", sessions)
	}
	more("2")
	if s := statusOf(t, dir); len(s.Sessions) != 2 || s.Sessions[1].Outcome != "rate-limited" {
		t.Fatalf("sessions: %+v", s.Sessions)
	}
	if err := os.WriteFile(filepath.Join(dir, "of-a-person"), []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	more("1")
	conversations := 0
	for _, r := range model.Requests() {
		conversations = max(conversations, r.Conversation)
	}
	if conversations != 3 {
		t.Errorf("three sessions held %d conversations, want as many", conversations)
	}
}

// TestClaudeReachesItsLimits has a session of the real Claude Code that makes
// as many round trips as it may, which ends it there, and one that uses as many
// tokens as its run may, which is asked to save its work first.
func TestClaudeReachesItsLimits(t *testing.T) {
	for _, test := range []struct {
		limit, value string
		outcome      string
		turns        func(n int) bool
		saved        bool
	}{
		{"--max-turns", "3", "turn-limit", func(n int) bool { return n == 3 }, false},
		{"--max-tokens", "4000", "budget", func(n int) bool { return n >= 4+2 }, true},
	} {
		t.Run(test.outcome, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "app_spec.txt"), []byte("Write a file."), 0o644); err != nil {
				t.Fatal(err)
			}
			model := playClaudes(t, "testdata/claude_limits.toml", dir)
			autosessionRun(t, exitLimit, "run", dir, "--agent", "claude-code", "--agent-command", clitest.Program(t), "--trial", "never",
				"--no-sandbox", "--continue-delay", "100ms", "--max-iterations", "2", test.limit, test.value)
			s := statusOf(t, dir)
			if len(s.Sessions) != 2 || s.Sessions[1].Outcome != test.outcome || !test.turns(s.Sessions[1].Turns) {
				t.Errorf("sessions: %+v", s.Sessions)
			}
			asked := slices.ContainsFunc(model.Requests(), func(r fakemodel.Request) bool { return bytes.Contains(r.Body, []byte("Stop here: ")) })
			if _, err := os.Stat(filepath.Join(dir, "saved")); asked != test.saved || (err == nil) != test.saved {
				t.Errorf("asked to save its work: %v, want %v; what it saved: %v", asked, test.saved, err)
			}
		})
	}
}

// playClaudes serves the scenario of a file for a project, and makes its
// model's account that of the environment.
func playClaudes(t *testing.T, file, dir string) *fakemodel.Server {
	t.Helper()
	scenario, err := fakemodel.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	model, err := fakemodel.Start(scenario, fakemodel.Options{Values: map[string]string{"Project": dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	})
	playedAccount(t, model.URL())
	return model
}

// statusOf is where a project stands.
func statusOf(t *testing.T, dir string) status {
	t.Helper()
	var s status
	if err := json.Unmarshal([]byte(autosessionRun(t, exitOK, "status", "--json", dir)), &s); err != nil {
		t.Fatal(err)
	}
	return s
}
