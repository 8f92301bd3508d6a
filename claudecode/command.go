package claudecode

import (
	"slices"
	"strconv"
	"strings"

	"github.com/autosession/autosession"
)

// command is how the program at path is started for a task. Nothing secret is
// in its arguments, and each value is joined to its flag, so that no value can
// become a flag.
func (a Agent) command(path string, t autosession.Task) autosession.Command {
	return autosession.Command{Path: path, Args: a.args(t), Dir: t.Dir, Env: a.env()}
}

func (a Agent) args(t autosession.Task) []string {
	tools := a.tools(t)
	args := []string{
		"--output-format=stream-json",
		"--verbose",
		"--input-format=stream-json",
		"--include-partial-messages",
		"--permission-mode=default",
		"--permission-prompt-tool=stdio",
		"--setting-sources=" + strings.Join(a.SettingSources, ","),
		"--strict-mcp-config",
		"--tools=" + strings.Join(tools, ","),
	}
	denied := slices.DeleteFunc(attendedTools(), func(name string) bool { return slices.Contains(tools, name) })
	if len(denied) > 0 {
		args = append(args, "--disallowedTools="+strings.Join(denied, ","))
	}
	if a.MCPConfig != "" {
		args = append(args, "--mcp-config="+a.MCPConfig)
	}
	if t.Model != "" {
		args = append(args, "--model="+t.Model)
	}
	if t.MaxTurns > 0 {
		args = append(args, "--max-turns="+strconv.Itoa(t.MaxTurns))
	}
	if t.Resume != "" {
		return append(args, "--resume="+t.Resume)
	}
	return append(args, "--session-id="+t.Session)
}

func (a Agent) tools(t autosession.Task) []string {
	switch {
	case t.Tools != nil:
		return t.Tools
	case a.Tools != nil:
		return a.Tools
	}
	return UnattendedTools()
}

// env is what the program's environment has beyond the sandbox's clean one.
func (a Agent) env() []string {
	env := []string{
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
		"CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS=1",
		"DISABLE_AUTOUPDATER=1",
	}
	if a.BaseURL != "" {
		env = append(env, "ANTHROPIC_BASE_URL="+a.BaseURL)
	}
	if a.Key != "" {
		env = append(env, "ANTHROPIC_API_KEY="+a.Key)
	}
	if a.Token != "" {
		env = append(env, "CLAUDE_CODE_OAUTH_TOKEN="+a.Token)
	}
	return append(env, a.Env...)
}
