package claudecode

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autosession/autosession"
)

func hookRequest(event, tool, input string) json.RawMessage {
	callback := hookBefore
	if event != "PreToolUse" {
		callback = hookAfter
	}
	return json.RawMessage(`{"subtype":"hook_callback","callback_id":"` + callback + `","input":{"hook_event_name":"` + event +
		`","tool_name":"` + tool + `","tool_input":` + input + `,"tool_use_id":"t1","agent_id":"a1",` +
		`"tool_response":{"stdout":"out"},"error":"it failed","duration_ms":1500}}`)
}

func newGuard(g *gate) *guard {
	return &guard{hooks: g, session: "s", kind: autosession.Init, took: func(string, time.Duration) {}}
}

func decision(t *testing.T, g *guard, ctx context.Context, raw json.RawMessage, cut bool) string {
	t.Helper()
	v, err := g.answer(ctx, raw, cut)
	if err != nil {
		t.Fatalf("answer: %v; the program would make the call", err)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// TestOnlyAVerdictAllows has everything go wrong that can: the call is denied.
func TestOnlyAVerdictAllows(t *testing.T) {
	call := hookRequest("PreToolUse", "Bash", `{"command":"ls"}`)
	allow := func(context.Context, autosession.ToolCall) autosession.Verdict {
		return autosession.Verdict{Allow: true}
	}
	hang := func(ctx context.Context, _ autosession.ToolCall) autosession.Verdict {
		<-ctx.Done()
		return autosession.Verdict{Allow: true}
	}
	for _, test := range []struct {
		name   string
		gone   bool // the program does not wait any more
		raw    json.RawMessage
		cut    bool
		before func(context.Context, autosession.ToolCall) autosession.Verdict
		want   string
	}{
		{"allowed", false, call, false, allow, `"permissionDecision":"allow"`},
		{"denied", false, call, false, func(context.Context, autosession.ToolCall) autosession.Verdict {
			return autosession.Verdict{Reason: "use trash"}
		}, `"permissionDecision":"deny","permissionDecisionReason":"use trash"`},
		{"denied without a word", false, call, false, func(context.Context, autosession.ToolCall) autosession.Verdict {
			return autosession.Verdict{}
		}, `"permissionDecision":"deny","permissionDecisionReason":"This call is not allowed."`},
		{"panic", false, call, false, func(context.Context, autosession.ToolCall) autosession.Verdict { panic("oh") }, `"deny"`},
		{"too late", false, call, false, hang, `"deny"`},
		{"cancelled", true, call, false, hang, `"deny"`},
		{"cancelled, but allowed", true, call, false, allow, `"deny"`},
		{"cut", false, call, true, allow, `"deny"`},
		{"no tool", false, hookRequest("PreToolUse", "", `{}`), false, allow, `"deny"`},
		{"no input", false, json.RawMessage(`{"subtype":"hook_callback","input":{"tool_name":"Bash"}}`), false, allow, `"deny"`},
		{"nonsense", false, json.RawMessage(`{"subtype":"hook_callback","callback_id":7,"input":[]}`), false, allow, `"deny"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if test.gone {
					cancel()
				}
				begun := time.Now()
				got := decision(t, newGuard(&gate{before: test.before}), ctx, test.raw, test.cut)
				if !strings.Contains(got, test.want) || strings.Contains(got, `"allow"`) != strings.Contains(test.want, `"allow"`) {
					t.Errorf("answer = %s, want %s in it", got, test.want)
				}
				if took := time.Since(begun); took > verdictLimit || took >= hookSeconds*time.Second {
					t.Errorf("answered after %v", took)
				}
			})
		})
	}
}

// TestDeafGate has a gate that does not heed its context.
func TestDeafGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan struct{})
		defer close(late)
		g := newGuard(&gate{before: func(context.Context, autosession.ToolCall) autosession.Verdict {
			<-late
			return autosession.Verdict{Allow: true}
		}})
		got := decision(t, g, t.Context(), hookRequest("PreToolUse", "Bash", `{"command":"ls"}`), false)
		if !strings.Contains(got, "no verdict came within 1m40s") {
			t.Errorf("answer = %s", got)
		}
	})
}

func TestAfter(t *testing.T) {
	var seen autosession.ToolResult
	g := &gate{after: func(_ context.Context, c autosession.ToolCall, r autosession.ToolResult) string {
		seen = r
		if c.ID != "t1" || c.Agent != "a1" || c.Session != "s" || c.Kind != autosession.Init || string(c.Input) != `{"x":1}` {
			t.Errorf("call = %+v", c)
		}
		return "mind the list"
	}}
	got := decision(t, newGuard(g), t.Context(), hookRequest("PostToolUse", "Write", `{"x":1}`), false)
	if got != `{"hookSpecificOutput":{"hookEventName":"PostToolUse","additionalContext":"mind the list"}}` {
		t.Errorf("answer = %s", got)
	}
	want := autosession.ToolResult{Text: `{"stdout":"out"}`, Bytes: 16, Duration: 1500 * time.Millisecond}
	if seen != want {
		t.Errorf("result = %+v, want %+v", seen, want)
	}
	got = decision(t, newGuard(g), t.Context(), hookRequest("PostToolUseFailure", "Write", `{"x":1}`), false)
	if !strings.Contains(got, `"hookEventName":"PostToolUseFailure","additionalContext":"mind`) || !seen.IsError || seen.Text != "it failed" {
		t.Errorf("answer = %s for %+v", got, seen)
	}
	broken := newGuard(&gate{after: func(context.Context, autosession.ToolCall, autosession.ToolResult) string { panic("oh") }})
	if got := decision(t, broken, t.Context(), hookRequest("PostToolUse", "Write", `{}`), false); strings.Contains(got, "additional") {
		t.Errorf("answer = %s", got)
	}
}

// TestEveryToolIsAsked looks at what initialize registers.
func TestEveryToolIsAsked(t *testing.T) {
	b, err := json.Marshal(hookTable())
	want := `{"PostToolUse":[{"matcher":null,"hookCallbackIds":["autosession-after"],"timeout":120}],` +
		`"PostToolUseFailure":[{"matcher":null,"hookCallbackIds":["autosession-after"],"timeout":120}],` +
		`"PreToolUse":[{"matcher":null,"hookCallbackIds":["autosession-before"],"timeout":120}]}`
	if err != nil || string(b) != want {
		t.Errorf("hooks = %s, want %s", b, want)
	}
}
