package claudecode

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/autosession/autosession"
)

// Name is what [autosession.Info] calls this agent.
const Name = "claude-code"

// VendorEndpoint is the service that the program uses by default.
const VendorEndpoint = "https://api.anthropic.com"

// Agent is the Claude Code program. The zero value finds it where its
// installers put it, and offers it the tools of [UnattendedTools].
type Agent struct {
	// Command is the path of the program, or a name to find in PATH. ""
	// looks where the SDK looks, see [Find].
	Command string
	// Home is the person's home directory, where installers put the program.
	// "" is the current user's. It is not the HOME that the program gets.
	Home string

	// Endpoint is the model's service as seen from outside the sandbox. "" is
	// [VendorEndpoint].
	Endpoint string
	// BaseURL is the model's service as the program sees it: the gateway's
	// address inside the sandbox. "" leaves it to the program.
	BaseURL string
	// Key is given to the program as its API key: a dummy, where a gateway
	// adds the real one. "" gives it none. It never appears in arguments.
	Key string
	// Token is given to the program as the long-lived token of a
	// subscription: a dummy, where a gateway puts the real one into the
	// Authorization header. "" gives it none. Give it a Key or a Token, not
	// both: the program takes the key then.
	Token string
	// Lane is what Info says of who pays, where the program cannot know it: a
	// played model. "" is what the program says.
	Lane string

	// Env is added to the program's environment, NAME=value.
	Env []string
	// Tools is what is offered when the task does not say. nil is
	// [UnattendedTools].
	Tools []string
	// SettingSources are the settings that are loaded: "user", "project",
	// "local". None is loaded by default: a project's own settings and hooks
	// could run anything.
	SettingSources []string
	// MCPConfig is a file of MCP servers to offer. "" is none; those of the
	// project are never loaded.
	MCPConfig string

	// Trace, if set, is given every frame of the program, control frames
	// too, in order. It is called by the reader of the program's output and
	// must not block.
	Trace func(frame json.RawMessage)
}

// UnattendedTools is what a session gets that nobody watches: tools to run,
// read, write, search and plan. Those that ask a person, schedule, leave the
// project or start other agents are not among them.
func UnattendedTools() []string {
	return []string{
		"Bash", "Read", "Write", "Edit", "NotebookEdit", "Glob", "Grep",
		"TodoWrite", "TaskCreate", "TaskGet", "TaskList", "TaskUpdate",
		"TaskOutput", "TaskStop", "BashOutput", "KillShell",
	}
}

// attendedTools are denied by name unless they are asked for: a program of
// another version may offer them whatever it is told to offer.
func attendedTools() []string {
	return []string{
		"Agent", "Task", "AskUserQuestion", "CronCreate", "CronDelete", "CronList", "EnterPlanMode", "EnterWorktree",
		"ExitPlanMode", "ExitWorktree", "ScheduleWakeup", "SendMessage", "Skill", "SlashCommand", "WebFetch", "WebSearch",
		"Workflow",
	}
}

// Needs implements [autosession.Needer]: the program's install tree and the
// model's service.
func (a Agent) Needs() autosession.Needs {
	n := autosession.Needs{Endpoint: a.Endpoint}
	if n.Endpoint == "" {
		n.Endpoint = VendorEndpoint
	}
	if path, err := a.find(); err == nil {
		n.ReadPaths = []string{installTree(path)}
	}
	if a.MCPConfig != "" {
		n.ReadPaths = append(n.ReadPaths, a.MCPConfig)
	}
	return n
}

// find returns the program's path with all links resolved: the links need not
// exist inside the sandbox.
func (a Agent) find() (string, error) {
	home := a.Home
	if home == "" {
		home, _ = os.UserHomeDir() // without one only PATH is searched
	}
	path, err := Find(a.Command, os.Getenv("PATH"), home)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
