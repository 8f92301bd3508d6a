package autosession

import (
	"context"
	"encoding/json"
	"time"
)

// ToolCall is one call of a tool that an agent is about to make. It is judged
// before it happens.
type ToolCall struct {
	ID      string          `json:"id"`
	Tool    string          `json:"tool"`            // as the agent names it: "Bash", "Write"
	Input   json.RawMessage `json:"input,omitempty"` // the tool's arguments, a JSON object
	Agent   string          `json:"agent,omitempty"` // the sub-agent that calls, or ""
	Session string          `json:"-"`               // our id of the session
	Kind    Kind            `json:"-"`               // of the session
	Granted []string        `json:"-"`               // protected paths, relative to the project, that the session may change
}

// ToolResult is how a tool call ended.
type ToolResult struct {
	IsError  bool          `json:"is_error,omitempty"`
	Text     string        `json:"text,omitempty"`  // cut to a bounded length
	Bytes    int64         `json:"bytes,omitempty"` // of the whole text
	Duration time.Duration `json:"duration,omitempty"`
}

// Verdict is what a gate says of a tool call. The zero Verdict denies.
type Verdict struct {
	Allow  bool   `json:"allow"`
	Rule   string `json:"rule,omitempty"`   // short name of the rule that decided
	Reason string `json:"reason,omitempty"` // what an agent can act on: what broke the rule, what to do instead
}

// Gate judges one tool call before it happens. It is used by many goroutines
// at once. A nil Gate denies everything.
type Gate interface {
	Judge(ctx context.Context, c ToolCall) Verdict
}

// Hooks is what an agent asks around each tool call. A panic, a time-out or a
// cancelled ctx denies. The engine implements it; agents only call it.
type Hooks interface {
	// Before judges the call. An agent makes the call only when the verdict
	// allows it, and shows the reason to the model when it does not.
	Before(ctx context.Context, c ToolCall) Verdict
	// After sees the result. The note, if any, is what the model must read
	// together with the result.
	After(ctx context.Context, c ToolCall, r ToolResult) (note string)
}
