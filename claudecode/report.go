package claudecode

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/autosession/autosession"
)

// What events carry at most, in bytes.
const (
	maxText  = 32 << 10 // of what the model says
	maxInput = 4 << 10  // of one string in a tool's arguments
	maxRaw   = 16 << 10 // of a line that is not JSON
)

// keptUnknown is how many unknown frames and bad lines are reported one by
// one. The rest is counted.
const keptUnknown = 100

// tickEvery is how often progress is reported when nothing else is.
const tickEvery = time.Second

// report makes events of frames. Frames that only say that the program lives
// are merged. The conversation guards it.
type report struct {
	meter *meter
	calls map[string]call   // tool calls that are under way, by id
	names map[string]string // sub-agents that run, by the tool call that started them
	last  time.Time         // of the last event
	text  string            // the last thing the model said

	unknown, bad int
	badBytes     int64
}

// call is a tool call that is under way.
type call struct {
	tool string
	took time.Duration
}

func newReport(m *meter) *report {
	return &report{meter: m, calls: map[string]call{}, names: map[string]string{}}
}

// events returns what a frame means, in order. The first event carries the
// raw frame.
func (r *report) events(f *frame, l line, now time.Time) []autosession.Event {
	r.count(f)
	events := r.translate(f, l, now)
	if len(events) == 0 {
		return r.tick(now)
	}
	raw := json.RawMessage(append([]byte(nil), l.data...))
	events[0].Raw = raw
	if l.cut {
		events[0].N = max(events[0].N, l.size)
	}
	for i := range events {
		r.stamp(&events[i], now)
	}
	return events
}

// badLine reports a line that is no frame.
func (r *report) badLine(l line, now time.Time) []autosession.Event {
	r.bad++
	r.badBytes += l.size
	if r.bad > keptUnknown {
		return r.tick(now)
	}
	what := "a line that is not JSON"
	if l.half {
		what = "half a line"
	}
	raw, err := json.Marshal(string(l.data[:min(len(l.data), maxRaw)]))
	if err != nil {
		raw = nil
	}
	e := autosession.Event{Type: autosession.EventRaw, Text: what, N: l.size, Raw: raw}
	r.stamp(&e, now)
	return []autosession.Event{e}
}

// tick reports that the program lives and what it has used, once in a while.
func (r *report) tick(now time.Time) []autosession.Event {
	if now.Sub(r.last) < tickEvery {
		return nil
	}
	e := autosession.Event{Type: autosession.EventUsage}
	r.stamp(&e, now)
	return []autosession.Event{e}
}

func (r *report) stamp(e *autosession.Event, now time.Time) {
	r.last = now
	e.Time, e.Usage, e.Context = now, r.meter.usage(), r.meter.context()
}

// count takes the usage that a frame tells.
func (r *report) count(f *frame) {
	switch f.Type {
	case "assistant":
		r.meter.message(f.Parent, f.Message)
	case "stream_event":
		if f.Stream != nil {
			r.meter.message(f.Parent, f.Stream.Message)
			r.meter.spent(f.Parent, f.Stream.Usage)
		}
	case "result":
		r.meter.total(f.TotalCostUSD, f.ModelUsage)
	}
}

func (r *report) translate(f *frame, l line, now time.Time) []autosession.Event {
	switch f.Type {
	case "assistant":
		return r.said(f)
	case "user":
		return r.heard(f)
	case "system":
		return r.system(f, l)
	case "result":
		return r.result(f)
	case "rate_limit_event":
		return limitEvent(f, now)
	case "stream_event", "keep_alive", "tool_progress", "control_cancel_request", "control_response",
		"auth_status", "prompt_suggestion", "transcript_mirror", "active_goal":
		return nil
	case "tool_use_summary", "conversation_reset":
		return note("%s", f.Type)
	}
	return r.raw(f.Type, l)
}

// raw keeps a frame that nobody understood.
func (r *report) raw(what string, l line) []autosession.Event {
	if r.unknown++; r.unknown > keptUnknown {
		return nil
	}
	return []autosession.Event{{Type: autosession.EventRaw, Text: cutText(what, 128), N: l.size}}
}

func note(format string, args ...any) []autosession.Event {
	return []autosession.Event{{Type: autosession.EventNote, Text: fmt.Sprintf(format, args...)}}
}

// agent names the sub-agent that a frame belongs to, or "".
func (r *report) agent(f *frame) string {
	if f.Parent == "" {
		return ""
	}
	return orElse(r.names[f.Parent], f.Parent)
}

// said reports what the model said, thought and asked for.
func (r *report) said(f *frame) []autosession.Event {
	if f.Message == nil {
		return nil
	}
	var events []autosession.Event
	for _, b := range f.Message.Content {
		switch b.Type {
		case "text":
			events = append(events, r.saidText(f, b.Text))
		case "thinking", "redacted_thinking":
			n := int64(len(b.Thinking) + len(b.Data))
			events = append(events, autosession.Event{Type: autosession.EventThinking, N: n})
		case "tool_use", "server_tool_use":
			if len(r.calls) < outboxEvents {
				r.calls[b.ID] = call{tool: b.Name}
			}
			events = append(events, autosession.Event{Type: autosession.EventToolCall, Call: &autosession.ToolCall{
				ID: b.ID, Tool: b.Name, Input: shorten(b.Input, maxInput), Agent: r.agent(f),
			}})
		default:
			events = append(events, autosession.Event{Type: autosession.EventRaw, Text: cutText("assistant block "+b.Type, 128)})
		}
	}
	return events
}

func (r *report) saidText(f *frame, text string) autosession.Event {
	if agent := r.agent(f); agent != "" {
		return autosession.Event{Type: autosession.EventNote, Text: cutText("sub-agent "+agent+": "+text, maxText)}
	}
	if f.Message.Model == synthetic {
		return autosession.Event{Type: autosession.EventNote, Text: cutText(text, maxText)}
	}
	r.text = cutText(text, maxText)
	return autosession.Event{Type: autosession.EventText, Text: r.text}
}

// heard reports what the model is told: the results of tools, above all.
func (r *report) heard(f *frame) []autosession.Event {
	if f.Message == nil || f.Replay {
		return nil
	}
	var events []autosession.Event
	for _, b := range f.Message.Content {
		switch b.Type {
		case "tool_result":
			events = append(events, r.toolResult(f, b))
		case "text":
			events = append(events, note("the model was told: %s", cutText(b.Text, maxInput))...)
		}
	}
	return events
}

func (r *report) toolResult(f *frame, b block) autosession.Event {
	text := plainText(b.Content)
	was := r.calls[b.ToolUseID]
	delete(r.calls, b.ToolUseID)
	r.meter.forget(b.ToolUseID)
	return autosession.Event{
		Type: autosession.EventToolResult,
		Call: &autosession.ToolCall{ID: b.ToolUseID, Tool: was.tool, Agent: r.agent(f)},
		Result: &autosession.ToolResult{
			IsError: b.IsError, Text: cutText(text, maxResult), Bytes: int64(len(text)), Duration: was.took,
		},
	}
}

// took notes how long a call took: its hook knows, its result does not say.
func (r *report) took(id string, d time.Duration) {
	if c, ok := r.calls[id]; ok {
		c.took = d
		r.calls[id] = c
	}
}

// plainText joins the texts of a tool result.
func plainText(content any) string {
	switch c := content.(type) {
	case string:
		return c
	case []any:
		var texts []string
		for _, b := range c {
			m, _ := b.(map[string]any)
			if text, ok := m["text"].(string); ok {
				texts = append(texts, text)
			} else if kind, ok := m["type"].(string); ok {
				texts = append(texts, "["+kind+"]")
			}
		}
		return strings.Join(texts, "\n")
	}
	return ""
}

func (r *report) system(f *frame, l line) []autosession.Event {
	switch f.Subtype {
	case "init":
		return started(f)
	case "api_retry":
		text := fmt.Sprintf("%s, attempt %d of %d, next in %.1f s", f.why(), f.Attempt, f.MaxRetries, f.RetryDelay/1000)
		return []autosession.Event{{Type: autosession.EventRetry, Text: text}}
	case "compact_boundary":
		return []autosession.Event{{Type: autosession.EventCompaction, Text: f.Compact.Trigger, N: f.Compact.Before}}
	case "permission_denied":
		return note("the program itself denied %s", orElse(f.ToolName, "a tool call"))
	case "task_started", "task_notification":
		return r.task(f)
	case "session_writes_lost":
		return note("the program could not write its own transcript: is the disk full?")
	case "model_refusal_fallback", "informational", "notification", "local_command_output":
		return note("%s", f.Subtype)
	case "status", "session_state_changed", "task_progress", "task_updated", "background_tasks_changed",
		"hook_started", "hook_progress", "hook_response", "files_persisted":
		return nil
	}
	return r.raw("system/"+f.Subtype, l)
}

// task reports a sub-agent. A shell command is a task too, and is seen as a
// tool call already.
func (r *report) task(f *frame) []autosession.Event {
	if f.Subtype == "task_started" {
		if f.TaskType == "local_bash" || len(r.names) >= outboxEvents {
			return nil
		}
		r.names[f.ToolUse] = f.TaskID
		return note("sub-agent %s started: %s", f.TaskID, cutText(f.Summary, maxInput))
	}
	if _, ok := r.names[f.ToolUse]; !ok {
		return nil
	}
	delete(r.names, f.ToolUse)
	r.meter.forget(f.ToolUse)
	return note("sub-agent %s %s", f.TaskID, f.Status)
}

// started reports what the program says of itself at the start of a turn.
func started(f *frame) []autosession.Event {
	events := note("claude %s with %s and %d tools", f.Version, f.Model, len(f.Tools))
	for _, s := range f.Servers {
		if s.Status != "connected" {
			events = append(events, note("MCP server %s is %s", s.Name, s.Status)...)
		}
	}
	return events
}

func (r *report) result(f *frame) []autosession.Event {
	events := []autosession.Event{{Type: autosession.EventUsage}}
	if n := len(f.Denials); n > 0 {
		events = append(events, note("%d tool calls were denied in this turn", n)...)
	}
	return events
}

func limitEvent(f *frame, now time.Time) []autosession.Event {
	l := f.RateLimit
	if l == nil || l.Status == "allowed" {
		return nil
	}
	e := autosession.Event{Type: autosession.EventLimit, Text: strings.TrimSpace(l.Status + " " + l.Type)}
	e.Until = resetTime(l.ResetsAt, now)
	return []autosession.Event{e}
}
