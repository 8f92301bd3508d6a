package claudecode

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

func TestArguments(t *testing.T) {
	task := autosession.Task{Session: "11111111-0000-4000-8000-000000000000", Model: "m", MaxTurns: 7, Tools: []string{"Bash", "WebFetch"}}
	agent := Agent{Key: "sk-secret-key", BaseURL: "http://127.0.0.1:9", Env: []string{"A=b"}, MCPConfig: "/mcp.json"}
	cmd := agent.command("/claude", task)
	for _, want := range []string{
		"--session-id=" + task.Session, "--model=m", "--max-turns=7", "--tools=Bash,WebFetch", "--setting-sources=",
		"--strict-mcp-config", "--mcp-config=/mcp.json", "--permission-mode=default", "--permission-prompt-tool=stdio",
	} {
		if !slices.Contains(cmd.Args, want) {
			t.Errorf("%s is missing in %q", want, cmd.Args)
		}
	}
	for _, arg := range cmd.Args {
		if !strings.HasPrefix(arg, "--") || strings.Contains(arg, "secret") {
			t.Errorf("argument %q", arg)
		}
		if list, ok := strings.CutPrefix(arg, "--disallowedTools="); ok {
			denied := strings.Split(list, ",")
			if slices.Contains(denied, "WebFetch") || !slices.Contains(denied, "AskUserQuestion") {
				t.Errorf("denied tools: %q", denied)
			}
		}
	}
	for _, want := range []string{
		"ANTHROPIC_API_KEY=sk-secret-key", "ANTHROPIC_BASE_URL=http://127.0.0.1:9", "A=b",
		"DISABLE_AUTOUPDATER=1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
	} {
		if !slices.Contains(cmd.Env, want) {
			t.Errorf("%s is missing in %q", want, cmd.Env)
		}
	}
	task.Resume, task.Tools = "--dangerously-skip-permissions", nil
	args := Agent{SettingSources: []string{"user"}}.args(task)
	if !slices.Contains(args, "--resume=--dangerously-skip-permissions") || slices.Contains(args, "--session-id="+task.Session) {
		t.Errorf("resuming: %q", args)
	}
	if !slices.Contains(args, "--setting-sources=user") || !slices.Contains(args, "--tools="+strings.Join(UnattendedTools(), ",")) {
		t.Errorf("defaults: %q", args)
	}
	if env := (Agent{}).env(); slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(s, "ANTHROPIC_") }) {
		t.Errorf("environment of the zero agent: %q", env)
	}
}

func TestLane(t *testing.T) {
	for _, test := range []struct {
		account account
		want    string
	}{
		{account{TokenSource: "none", KeySource: "ANTHROPIC_API_KEY", Provider: "firstParty"}, "api-key"},
		{account{KeySource: "/login managed key"}, "api-key"},
		{account{Subscription: "max", TokenSource: "claude.ai", KeySource: "none"}, "subscription"},
		{account{TokenSource: "CLAUDE_CODE_OAUTH_TOKEN", Provider: "firstParty"}, "subscription"},
		{account{TokenSource: "ANTHROPIC_AUTH_TOKEN"}, "api-key"},
		{account{Subscription: "max", KeySource: "ANTHROPIC_API_KEY"}, "api-key"},
		{account{Provider: "bedrock", TokenSource: "none"}, "bedrock"},
		{account{TokenSource: "none", KeySource: "none", Provider: "firstParty"}, ""},
		{account{}, ""},
	} {
		if got := test.account.lane(); got != test.want {
			t.Errorf("%+v: lane %q, want %q", test.account, got, test.want)
		}
	}
}

func TestCheckVersion(t *testing.T) {
	for version, ok := range map[string]bool{
		"2.1.0": true, "2.1.197": true, "2.2.0": true, "3.0.0": true, "10.0.0 (Claude Code)": true,
		"2.1.0-beta.1": true, "": true, "next": true, "2.1": true,
		"2.0.99": false, "1.9.9": false, "1.0.44 (Claude Code)": false, "0.2.1": false,
	} {
		if err := checkVersion(version); (err == nil) != ok {
			t.Errorf("%q: %v, want ok %v", version, err, ok)
		}
	}
}

// touch makes a file and its directories.
func touch(t *testing.T, mode os.FileMode, parts ...string) string {
	t.Helper()
	path := filepath.Join(parts...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	home, bin := t.TempDir(), t.TempDir()
	local := touch(t, 0o755, home, ".local/bin/claude")
	named := touch(t, 0o755, bin, "my-claude")
	plain := touch(t, 0o644, bin, "claude")
	find := func(command, path string) string {
		got, err := Find(command, path, home)
		if err != nil {
			return err.Error()
		}
		return got
	}
	for _, test := range []struct{ command, path, want string }{
		{"", "", local},
		{"", bin + ":relative:", local},
		{"my-claude", bin, named},
		{named, "", named},
		{"claude", "", `cannot find the program "claude": install Claude Code, or name its path with --agent-command`},
		{plain, "", "cannot use the agent's program: " + plain + " is not a program"},
		{bin + "/nothing", "", "cannot use the agent's program: stat " + bin + "/nothing: no such file or directory"},
	} {
		if got := find(test.command, test.path); got != test.want {
			t.Errorf("Find(%q, %q) = %q, want %q", test.command, test.path, got, test.want)
		}
	}
	if err := os.Chmod(plain, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := find("", bin); got != plain {
		t.Errorf("PATH comes first: %q", got)
	}
}

func TestNeeds(t *testing.T) {
	root := t.TempDir()
	cli := touch(t, 0o755, root, "lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe")
	link := filepath.Join(root, "claude")
	if err := os.Symlink(cli, link); err != nil {
		t.Fatal(err)
	}
	single := touch(t, 0o755, root, "versions/2.1.197")
	for _, test := range []struct{ command, want string }{
		{link, filepath.Join(root, "lib/node_modules/@anthropic-ai/claude-code")},
		{single, filepath.Join(root, "versions")},
	} {
		n := Agent{Command: test.command}.Needs()
		if len(n.ReadPaths) != 1 || n.ReadPaths[0] != test.want || n.Endpoint != VendorEndpoint {
			t.Errorf("%s needs %+v, want %s", test.command, n, test.want)
		}
	}
	if n := (Agent{Command: "/no/such", Endpoint: "http://played"}).Needs(); len(n.ReadPaths) != 0 || n.Endpoint != "http://played" {
		t.Errorf("needs %+v", n)
	}
}
