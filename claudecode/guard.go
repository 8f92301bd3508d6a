package claudecode

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/autosession/autosession"
)

// How long a tool call waits for its verdict: what the program allows, and
// what we allow ourselves. Ours is shorter, so that a late verdict is a
// refusal of ours and not an accident of the program's.
const (
	hookSeconds  = 120
	verdictLimit = 100 * time.Second
)

// The names that the program's hooks have on the wire.
const (
	hookBefore = "autosession-before"
	hookAfter  = "autosession-after"
)

// How much of a tool's result the engine is shown, in bytes.
const maxResult = 32 << 10

// guard answers what the program asks before and after a tool call. The
// program runs a tool when its hook fails, so that nothing here may fail:
// every way out is an explicit verdict, and all but one deny.
type guard struct {
	hooks   autosession.Hooks
	session string
	kind    autosession.Kind
	took    func(id string, d time.Duration) // told how long a call took
}

// hookMatcher registers one hook of ours at the program.
type hookMatcher struct {
	Matcher   *string  `json:"matcher"` // null: every tool
	Callbacks []string `json:"hookCallbackIds"`
	Timeout   int      `json:"timeout"` // seconds
}

func hookTable() map[string][]hookMatcher {
	every := func(name string) []hookMatcher {
		return []hookMatcher{{Callbacks: []string{name}, Timeout: hookSeconds}}
	}
	return map[string][]hookMatcher{
		"PreToolUse":         every(hookBefore),
		"PostToolUse":        every(hookAfter),
		"PostToolUseFailure": every(hookAfter),
	}
}

// asking is any request of the program that the guard answers.
type asking struct {
	Subtype    string `json:"subtype"`
	CallbackID string `json:"callback_id"`
	ToolUseID  string `json:"tool_use_id"`

	Input json.RawMessage `json:"input"` // hook_callback: a hookInput; can_use_tool: the tool's arguments

	ToolName string `json:"tool_name"` // can_use_tool
	AgentID  string `json:"agent_id"`
	Person   bool   `json:"requires_user_interaction"`
}

// hookInput is what a hook is told.
type hookInput struct {
	Event    string          `json:"hook_event_name"`
	ToolName string          `json:"tool_name"`
	Input    json.RawMessage `json:"tool_input"`
	ID       string          `json:"tool_use_id"`
	AgentID  string          `json:"agent_id"`
	Response json.RawMessage `json:"tool_response"` // PostToolUse
	Error    string          `json:"error"`         // PostToolUseFailure
	Millis   float64         `json:"duration_ms"`
}

// hookOutput is our answer to a hook.
type hookOutput struct {
	Specific hookVerdict `json:"hookSpecificOutput"`
}

type hookVerdict struct {
	Event    string `json:"hookEventName"`
	Decision string `json:"permissionDecision,omitempty"`
	Reason   string `json:"permissionDecisionReason,omitempty"`
	Context  string `json:"additionalContext,omitempty"`
}

// permission is our answer to can_use_tool. The program takes an allow without
// updatedInput for a denial.
type permission struct {
	Behavior string          `json:"behavior"`
	Input    json.RawMessage `json:"updatedInput,omitempty"`
	Message  string          `json:"message,omitempty"`
	ID       string          `json:"toolUseID,omitempty"`
}

// answer answers a request. cut says that the request lost parts of its texts
// because it is too long.
func (g *guard) answer(ctx context.Context, raw json.RawMessage, cut bool) (any, error) {
	var a asking
	err := json.Unmarshal(raw, &a)
	switch {
	case a.Subtype == "hook_callback" && a.CallbackID == hookAfter:
		return g.after(ctx, a), nil
	case a.Subtype == "hook_callback":
		return g.before(ctx, a, err != nil || cut), nil
	case a.Subtype == "can_use_tool":
		return g.permit(ctx, a, err != nil || cut), nil
	}
	return nil, fmt.Errorf("cannot answer a control request of subtype %q", cutText(a.Subtype, 64))
}

// before answers PreToolUse. It also answers a hook that nobody registered:
// an error would let the tool run.
func (g *guard) before(ctx context.Context, a asking, unsound bool) hookOutput {
	var in hookInput
	unsound = json.Unmarshal(a.Input, &in) != nil || unsound
	v := g.judge(ctx, autosession.ToolCall{
		ID: in.ID, Tool: in.ToolName, Input: in.Input, Agent: in.AgentID,
	}, unsound)
	out := hookVerdict{Event: "PreToolUse", Decision: "deny", Reason: v.Reason}
	if v.Allow {
		out.Decision = "allow"
	}
	return hookOutput{out}
}

// permit answers can_use_tool: the program asks so when its own rules want a
// person's word although the hook allowed the call.
func (g *guard) permit(ctx context.Context, a asking, unsound bool) permission {
	v := g.judge(ctx, autosession.ToolCall{
		ID: a.ToolUseID, Tool: a.ToolName, Input: a.Input, Agent: a.AgentID,
	}, unsound)
	if v.Allow && a.Person {
		v = autosession.Verdict{Reason: "This tool asks a person, and nobody is here. Decide by yourself and write down what you decided."}
	}
	if !v.Allow {
		return permission{Behavior: "deny", Message: v.Reason, ID: a.ToolUseID}
	}
	return permission{Behavior: "allow", Input: a.Input, ID: a.ToolUseID}
}

// judge asks the hooks. Whatever goes wrong denies.
func (g *guard) judge(ctx context.Context, c autosession.ToolCall, unsound bool) autosession.Verdict {
	if unsound || c.Tool == "" || len(c.Input) == 0 {
		return autosession.Verdict{Reason: "This call could not be read whole, so it was not judged and not made. Make it smaller."}
	}
	c.Session, c.Kind = g.session, g.kind
	v, err := within(ctx, func(ctx context.Context) autosession.Verdict { return g.hooks.Before(ctx, c) })
	switch {
	case err != nil:
		return autosession.Verdict{Reason: "This call was not judged, so it was not made: " + err.Error() + "."}
	case !v.Allow && v.Reason == "":
		v.Reason = "This call is not allowed."
	}
	return v
}

// after answers PostToolUse and PostToolUseFailure.
func (g *guard) after(ctx context.Context, a asking) hookOutput {
	var in hookInput
	_ = json.Unmarshal(a.Input, &in) // what can be read of it is enough
	out := hookVerdict{Event: in.Event}
	if out.Event == "" {
		out.Event = "PostToolUse"
	}
	r := in.result()
	g.took(in.ID, r.Duration)
	c := autosession.ToolCall{
		ID: in.ID, Tool: in.ToolName, Input: in.Input, Agent: in.AgentID, Session: g.session, Kind: g.kind,
	}
	note, err := within(ctx, func(ctx context.Context) string { return g.hooks.After(ctx, c, r) })
	if err == nil {
		out.Context = note
	}
	return hookOutput{out}
}

func (in *hookInput) result() autosession.ToolResult {
	text, failed := in.Error, in.Event == "PostToolUseFailure"
	if !failed && json.Unmarshal(in.Response, &text) != nil {
		text = string(in.Response)
	}
	return autosession.ToolResult{
		IsError:  failed,
		Text:     cutText(text, maxResult),
		Bytes:    int64(len(text)),
		Duration: time.Duration(in.Millis * float64(time.Millisecond)),
	}
}

// within runs f, and gives up when it panics, when its time is over or when
// ctx ends. An f that does not heed its ctx is left behind.
func within[T any](ctx context.Context, f func(context.Context) T) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, verdictLimit, fmt.Errorf("no verdict came within %v", verdictLimit))
	defer cancel()
	type ended struct {
		v   T
		err error
	}
	done := make(chan ended, 1)
	go func() {
		var e ended
		defer func() { done <- e }()
		defer func() {
			if p := recover(); p != nil {
				e.err = fmt.Errorf("judging it failed: %v", p)
			}
		}()
		e.v = f(ctx)
	}()
	select {
	case e := <-done:
		if e.err == nil && ctx.Err() != nil {
			e.err = context.Cause(ctx)
		}
		return e.v, e.err
	case <-ctx.Done():
		var zero T
		return zero, context.Cause(ctx)
	}
}
