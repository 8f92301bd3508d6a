package apiagent

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

func TestStopReasons(t *testing.T) {
	small := usage{In: 10, Out: 10}
	done := reply("end_turn", small, text("done"))
	cut := reply("max_tokens", small, text("half of a"))
	pause := reply("pause_turn", small, text("wait"))
	for _, test := range []struct {
		name    string
		answers []http.HandlerFunc
		max     int
		want    autosession.OutcomeClass
		turns   int
	}{
		{"end", []http.HandlerFunc{done}, 0, autosession.OutcomeDone, 1},
		{"empty end", []http.HandlerFunc{reply("end_turn", small)}, 0, autosession.OutcomeDone, 1},
		{"stop sequence", []http.HandlerFunc{reply("stop_sequence", small, text("x"))}, 0, autosession.OutcomeDone, 1},
		{"text cut", []http.HandlerFunc{cut, done}, 0, autosession.OutcomeDone, 2},
		{"text cut again and again", []http.HandlerFunc{cut, cut, cut, cut, cut}, 0, autosession.OutcomeNoResult, 5},
		{"paused", []http.HandlerFunc{pause, pause, done}, 0, autosession.OutcomeDone, 3},
		{"refused", []http.HandlerFunc{reply("refusal", small, text("no"))}, 0, autosession.OutcomeRefused, 1},
		{"window", []http.HandlerFunc{reply("model_context_window_exceeded", small, text("x"))}, 0, autosession.OutcomeContextFull, 1},
		{"unknown", []http.HandlerFunc{reply("a_new_reason", small, text("x"))}, 0, autosession.OutcomeNoResult, 1},
		{"turn limit", []http.HandlerFunc{cut, pause}, 2, autosession.OutcomeTurnLimit, 2},
		{"nearly full", []http.HandlerFunc{reply("tool_use", usage{In: 100, Read: 169_890, Out: 10}, use("t", "Glob", block{"pattern": "*"}))}, 0, autosession.OutcomeContextFull, 1},
		{"done although nearly full", []http.HandlerFunc{reply("end_turn", usage{In: 190_000}, text("x"))}, 0, autosession.OutcomeDone, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, a := newBench(t, test.answers...)
			b.task.MaxTurns = test.max
			r := b.run(b.open(), "go")
			if r.Outcome.Class != test.want || r.Usage.Turns != test.turns || len(a.seen()) != test.turns {
				t.Errorf("the outcome is %s after %d turns and %d requests", r.Outcome, r.Usage.Turns, len(a.seen()))
			}
		})
	}
}

func TestCutToolCall(t *testing.T) {
	b, a := newBench(t,
		reply("max_tokens", usage{}, use("t1", "Glob", block{"pattern": "*"}), use("t2", "Write", `{"file_path": "long.txt", "content": "aaaa`)),
		reply("end_turn", usage{}, text("ok")))
	b.write("there.txt", "")
	if r := b.run(b.open(), "go"); r.Outcome.Class != autosession.OutcomeDone {
		t.Fatalf("the outcome is %s", r.Outcome)
	}
	messages := a.seen()[1].Messages
	results := messages[2].Content
	if len(results) != 2 || results[0]["is_error"] != false || results[1]["is_error"] != true {
		t.Fatalf("the model is told %v", results)
	}
	if input := messages[1].Content[1]["input"]; len(input.(map[string]any)) != 0 {
		t.Errorf("half an input is sent back: %v", input)
	}
}

func TestWrapUpAfterContextFull(t *testing.T) {
	b, a := newBench(t,
		reply("tool_use", usage{In: 172_000, Out: 10}, use("t1", "Bash", block{"command": "true"})),
		reply("tool_use", usage{In: 173_000, Out: 10}, use("t2", "Bash", block{"command": "echo saved > notes.txt"})),
		reply("end_turn", usage{In: 174_000, Out: 10}, text("saved")))
	c := b.open()
	if r := b.run(c, "go"); r.Outcome.Class != autosession.OutcomeContextFull {
		t.Fatalf("the outcome is %s", r.Outcome)
	}
	if r := b.run(c, "wrap up"); r.Outcome.Class != autosession.OutcomeDone || b.read("notes.txt") != "saved\n" {
		t.Fatalf("the outcome is %s", r.Outcome)
	}
	if last := b.of(autosession.EventUsage); last[len(last)-1].Context < 0.85 {
		t.Errorf("the window is %v full", last[len(last)-1].Context)
	}
	if n := a.seen()[1].MaxTokens; n > 200_000-172_010 || n < 1024 {
		t.Errorf("a reply may have %d tokens", n)
	}
}

func TestCachingMarks(t *testing.T) {
	b, a := newBench(t,
		reply("tool_use", usage{}, use("t1", "Glob", block{"pattern": "*"})),
		reply("tool_use", usage{}, use("t2", "Glob", block{"pattern": "*"})),
		reply("end_turn", usage{}, text("ok")))
	b.run(b.open(), "go")
	for i, seen := range a.seen() {
		if seen.System[0]["cache_control"] == nil || seen.Tools[len(seen.Tools)-1]["cache_control"] == nil {
			t.Errorf("request %d has no mark at the tools or the system prompt", i+1)
		}
		var at []int
		for j, m := range seen.Messages {
			for k, content := range m.Content {
				if content["cache_control"] != nil {
					if k != len(m.Content)-1 || m.Role != "user" {
						t.Errorf("request %d has a mark inside message %d", i+1, j)
					}
					at = append(at, j)
				}
			}
		}
		want := [][]int{{0}, {0, 2}, {2, 4}}[i]
		if len(at) != len(want) || at[0] != want[0] || at[len(at)-1] != want[len(want)-1] {
			t.Errorf("request %d has marks at the messages %v, want %v", i+1, at, want)
		}
	}
}

func TestDeny(t *testing.T) {
	b, a := newBench(t,
		reply("tool_use", usage{}, use("t1", "Bash", block{"command": "touch made"}), use("t2", "Fly", block{}), use("t3", "Glob", block{"pattern": "*"})),
		reply("end_turn", usage{}, text("ok")))
	b.task.Hooks = hooks{
		before: func(c autosession.ToolCall) autosession.Verdict {
			if c.Session != b.task.Session || c.Kind != autosession.Continue {
				t.Errorf("the gate is asked about %+v", c)
			}
			return autosession.Verdict{Allow: c.Tool != "Bash", Reason: "touch is not wanted here"}
		},
		after: func(c autosession.ToolCall, r autosession.ToolResult) string {
			if c.Tool != "Glob" {
				t.Errorf("Hooks.After is asked about %s, which did not run", c.Tool)
			}
			return "mind the list"
		},
	}
	b.run(b.open(), "go")
	results := a.seen()[1].Messages[2].Content
	for i, want := range []string{"touch is not wanted here", "There is no tool Fly", "No file matches.\n\nmind the list"} {
		if got := resultText(results[i]); !strings.Contains(got, want) || results[i]["is_error"] != (i < 2) {
			t.Errorf("result %d is %v", i+1, results[i])
		}
	}
}

func resultText(content map[string]any) string {
	parts, _ := content["content"].([]any)
	var out string
	for _, p := range parts {
		out += p.(map[string]any)["text"].(string)
	}
	return out
}

func TestEvents(t *testing.T) {
	b, _ := newBench(t,
		reply("tool_use", usage{In: 10, Out: 5}, block{"type": "thinking", "thinking": "hmm, well"}, text("first"), use("t1", "Bash", block{"command": "echo hi"})),
		reply("end_turn", usage{In: 20_000, Out: 5}, text("last")))
	b.run(b.open(), "go")
	var kinds []string
	for _, e := range b.events {
		kinds = append(kinds, string(e.Type))
		if e.Usage.Turns == 0 || e.Time.IsZero() || e.Context == 0 {
			t.Errorf("an event without usage, time or context: %+v", e)
		}
	}
	if got, want := strings.Join(kinds, " "), "usage thinking text tool-call tool-result usage text"; got != want {
		t.Errorf("the events are %s, want %s", got, want)
	}
	if e := b.of(autosession.EventThinking)[0]; e.N != 9 || e.Text != "" {
		t.Errorf("thinking is %+v", e)
	}
	if raw := string(b.of(autosession.EventUsage)[0].Raw); !strings.Contains(raw, `"hmm, well"`) || !strings.Contains(raw, `"tool_use"`) {
		t.Errorf("the transcript holds %s", raw)
	}
	if e := b.of(autosession.EventToolResult)[0]; e.Call.ID != "t1" || e.Result.Text != "hi\n" || e.Result.Bytes != 3 || !strings.Contains(string(e.Raw), "tool_result") {
		t.Errorf("the result is %+v", e)
	}
}

func TestEventsThatCannotBeSaved(t *testing.T) {
	for _, kind := range []autosession.EventType{autosession.EventUsage, autosession.EventText, autosession.EventToolCall, autosession.EventToolResult} {
		b, a := newBench(t, reply("tool_use", usage{}, text("x"), use("t1", "Glob", block{"pattern": "*"})),
			reply("end_turn", usage{}, text("ok")))
		full := errors.New("the disk is full")
		broken := true
		b.on = func(e autosession.Event) error {
			if broken && e.Type == kind {
				return full
			}
			return nil
		}
		c := b.open()
		if _, err := c.Run(t.Context(), "go"); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("%s: the error is %v", kind, err)
		}
		if len(a.seen()) != 1 {
			t.Errorf("%s: it went on", kind)
		}
	}
}

func TestNoPrompt(t *testing.T) {
	b, _ := newBench(t)
	if _, err := b.open().Run(t.Context(), " "); err == nil {
		t.Error("a turn without a prompt was run")
	}
}

func TestOpenNeedsAPerson(t *testing.T) {
	for name, test := range map[string]struct {
		agent Agent
		model string
		block string
	}{
		"no key":     {Agent{}, testModel, autosession.BlockAuth},
		"broken key": {Agent{Key: "sk\nx"}, testModel, autosession.BlockAuth},
		"no model":   {Agent{Key: testKey}, "", autosession.BlockAgent},
		"bad URL":    {Agent{Key: testKey, BaseURL: "localhost:80"}, testModel, autosession.BlockAgent},
	} {
		_, err := test.agent.Open(t.Context(), autosession.Task{Model: test.model})
		var person *autosession.OutcomeError
		if !errors.As(err, &person) || person.Outcome.Block != test.block || person.Outcome.Class != autosession.OutcomeNeedsPerson {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestOpenFails(t *testing.T) {
	b, _ := newBench(t)
	b.task.Start = func(context.Context, autosession.Command) (autosession.Process, error) {
		return nil, errors.New("no sandbox")
	}
	if _, err := b.agent.Open(t.Context(), b.task); err == nil || !strings.Contains(err.Error(), "no sandbox") {
		t.Errorf("the error is %v", err)
	}
	b, _ = newBench(t)
	b.task.Dir += "/nowhere"
	task := b.task
	b.task.Dir = t.TempDir()
	if _, err := b.agent.Open(t.Context(), task); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("the error is %v", err)
	}
}

func TestTools(t *testing.T) {
	b, a := newBench(t, reply("end_turn", usage{}, text("ok")))
	b.task.Tools = []string{"Read", "WebFetch", "Bash"}
	b.agent.Lane = "played"
	c := b.open()
	info := c.Info()
	if strings.Join(info.Tools, " ") != "Bash Read" || info.Lane != "played" || info.Agent != "api" || info.Model != testModel || info.ID != "" {
		t.Errorf("the conversation says of itself %+v", info)
	}
	if notes := b.of(autosession.EventNote); len(notes) != 1 || !strings.Contains(notes[0].Text, "WebFetch") {
		t.Errorf("the notes are %+v", notes)
	}
	b.run(c, "go")
	if n := len(a.seen()[0].Tools); n != 2 {
		t.Errorf("%d tools are offered", n)
	}
	b.task.Tools = []string{"WebFetch"}
	if _, err := b.agent.Open(t.Context(), b.task); err == nil {
		t.Error("a conversation without tools was opened")
	}
}

func TestNoteOfUnknownPriceAndResume(t *testing.T) {
	b, _ := newBench(t)
	b.task.Model, b.task.Resume = "claude-next-9", "abc"
	b.open()
	if notes := b.of(autosession.EventNote); len(notes) != 2 {
		t.Errorf("the notes are %+v", notes)
	}
}
