package apiagent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent/internal/hands"
)

// mostParallel is how many calls that change nothing run at once.
const mostParallel = 4

// toolCall is one call in a reply of the model.
type toolCall struct {
	id    string
	name  string
	input json.RawMessage
	cut   bool // its input is not complete

	tool    *hands.Tool // nil when there is none of this name
	refused bool        // result says why; it did not run
	result  autosession.ToolResult
}

// offer picks the tools to offer. nil is all of them; names of others are
// returned as unknown.
func offer(names []string) (tools []hands.Tool, unknown []string, err error) {
	all := hands.Tools()
	if names == nil {
		return all, nil, nil
	}
	for _, t := range all {
		if slices.Contains(names, t.Name) {
			tools = append(tools, t)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(t hands.Tool) bool { return t.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	if len(tools) == 0 {
		return nil, nil, fmt.Errorf("cannot offer any of the tools %s: the API agent does not have them", strings.Join(names, ", "))
	}
	return tools, unknown, nil
}

// toolCalls returns the calls of a reply, in order.
func toolCalls(m *anthropic.Message) []*toolCall {
	var calls []*toolCall
	for _, block := range m.Content {
		if block.Type != "tool_use" {
			continue
		}
		calls = append(calls, &toolCall{
			id: block.ID, name: block.Name, input: block.Input, cut: !isObject(block.Input),
			result: autosession.ToolResult{IsError: true, Text: "The call did not run: the turn was interrupted before it."},
		})
	}
	return calls
}

// runTools runs calls and makes their results what the model is told next,
// whatever happens: each call gets an answer.
func (c *conversation) runTools(ctx context.Context, calls []*toolCall) (autosession.Outcome, error) {
	defer func() {
		for _, call := range calls {
			c.pending = append(c.pending, call.block())
		}
	}()
	for _, call := range calls {
		i := slices.IndexFunc(c.tools, func(t hands.Tool) bool { return t.Name == call.name })
		if i >= 0 {
			call.tool = &c.tools[i]
		}
	}
	for rest := calls; len(rest) > 0 && ctx.Err() == nil; {
		n := batch(rest)
		end, err := c.runBatch(ctx, rest[:n])
		if end.Class != "" || err != nil {
			return end, err
		}
		rest = rest[n:]
	}
	return autosession.Outcome{}, nil
}

// batch returns how many of the first calls may run at once.
func batch(calls []*toolCall) int {
	n := 0
	for n < min(len(calls), mostParallel) && calls[n].tool != nil && calls[n].tool.ReadOnly {
		n++
	}
	return max(n, 1)
}

// runBatch asks for each call, runs those that are allowed and reports all.
// Hooks are asked one at a time, in order.
func (c *conversation) runBatch(ctx context.Context, calls []*toolCall) (autosession.Outcome, error) {
	for _, call := range calls {
		if err := c.emit(autosession.Event{Type: autosession.EventToolCall, Call: new(c.record(call))}); err != nil {
			return autosession.Outcome{}, err
		}
		c.judge(ctx, call)
	}
	gone := make([]error, len(calls))
	var running sync.WaitGroup
	for i, call := range calls {
		if !call.refused {
			running.Go(func() { gone[i] = c.execute(ctx, call) })
		}
	}
	running.Wait()
	for _, call := range calls {
		if err := c.conclude(ctx, call); err != nil {
			return autosession.Outcome{}, err
		}
	}
	if err := errors.Join(gone...); err != nil {
		return outcome(autosession.OutcomeCrashed, err.Error()), nil
	}
	return autosession.Outcome{}, nil
}

// record is the call as the rest of the program knows it.
func (c *conversation) record(call *toolCall) autosession.ToolCall {
	input := json.RawMessage(call.input)
	if call.cut {
		input = json.RawMessage("{}")
	}
	return autosession.ToolCall{ID: call.id, Tool: call.name, Input: input, Session: c.task.Session, Kind: c.task.Kind}
}

// judge refuses a call that cannot run, or that Hooks.Before does not allow.
func (c *conversation) judge(ctx context.Context, call *toolCall) {
	switch {
	case call.cut:
		call.refuse("This call was cut at the output limit and did not run. Do it in smaller steps: write a long file in parts.")
	case call.tool == nil:
		call.refuse(fmt.Sprintf("There is no tool %s. The tools are %s.", call.name, strings.Join(c.Info().Tools, ", ")))
	default:
		if v := c.task.Hooks.Before(ctx, c.record(call)); !v.Allow {
			call.refuse("Not allowed: " + v.Reason)
		}
	}
}

func (call *toolCall) refuse(reason string) {
	call.refused = true
	call.result = autosession.ToolResult{IsError: true, Text: reason, Bytes: int64(len(reason))}
}

// execute has the hands run a call. An error means that they cannot run any
// more.
func (c *conversation) execute(ctx context.Context, call *toolCall) error {
	start := time.Now()
	r, err := c.hands.call(ctx, call.name, call.input)
	if err != nil {
		r = hands.Result{IsError: true, Text: "The tool did not end by itself: " + err.Error()}
	}
	call.result = autosession.ToolResult{
		IsError: r.IsError, Text: hands.Cut(r.Text, 2*hands.MaxText), Bytes: r.Bytes, Duration: time.Since(start),
	}
	return err
}

// conclude shows the result to Hooks.After and reports it.
func (c *conversation) conclude(ctx context.Context, call *toolCall) error {
	seen := call.result
	if !call.refused {
		if note := c.task.Hooks.After(ctx, c.record(call), seen); note != "" {
			call.result.Text += "\n\n" + note
		}
	}
	// The model works with what it reads: only our own key is none of it.
	call.result.Text = c.redactor.Values(call.result.Text)
	raw, err := json.Marshal(call.block())
	if err != nil {
		return fmt.Errorf("cannot record a tool's result: %w", err)
	}
	seen.Text = c.redact(seen.Text)
	return c.emit(autosession.Event{
		Type: autosession.EventToolResult, Call: &autosession.ToolCall{ID: call.id, Tool: call.name}, Result: &seen, Raw: raw,
	})
}

// block is the result as the model reads it.
func (call *toolCall) block() anthropic.ContentBlockParamUnion {
	text := call.result.Text
	if strings.TrimSpace(text) == "" {
		text = "(no output)"
	}
	return anthropic.NewToolResultBlock(call.id, text, call.result.IsError)
}
