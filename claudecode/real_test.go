package claudecode

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode/clitest"
)

const testModel = "claude-sonnet-4-5-20250929"

// session is one conversation with the real program and a played model.
type session struct {
	autosession.Conversation
	*recorder
	agent Agent
	task  autosession.Task
	api   *playedAPI
	dir   string
}

func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// openReal opens a conversation in a project of its own.
func openReal(t *testing.T, hooks autosession.Hooks, turns ...playedTurn) *session {
	t.Helper()
	return openRealTask(t, func(task *autosession.Task) { task.Hooks = hooks }, turns...)
}

// openRealTask is openReal with a task of one's own.
func openRealTask(t *testing.T, change func(*autosession.Task), turns ...playedTurn) *session {
	t.Helper()
	return openRealAgent(t, func(_ *Agent, task *autosession.Task) { change(task) }, turns...)
}

// openRealAgent is openReal with an agent and a task of one's own.
func openRealAgent(t *testing.T, change func(*Agent, *autosession.Task), turns ...playedTurn) *session {
	t.Helper()
	s := &session{recorder: &recorder{}, api: playAPI(t, turns...), dir: t.TempDir()}
	home := t.TempDir()
	s.agent = Agent{Command: clitest.Program(t), BaseURL: s.api.URL, Endpoint: s.api.URL, Key: "sk-a-dummy-key"}
	s.task = autosession.Task{
		Session: uuid(), Kind: autosession.Continue, Dir: s.dir, Home: home, Model: testModel,
		Hooks: &gate{}, Start: startHost(t, s.dir, home), Emit: s.emit,
	}
	change(&s.agent, &s.task)
	s.open(t)
	return s
}

func (s *session) open(t *testing.T) {
	t.Helper()
	c, err := s.agent.Open(t.Context(), s.task)
	if err != nil {
		t.Fatal(err)
	}
	s.Conversation = c
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if t.Failed() {
			for _, e := range s.all() {
				t.Logf("%s %q %s", e.Type, cutText(e.Text, 300), cutText(string(e.Raw), 1500))
			}
		}
	})
}

func (s *session) run(t *testing.T, prompt string) autosession.Result {
	t.Helper()
	r, err := s.Run(t.Context(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func contains(s, part string) bool { return strings.Contains(s, part) }

func wantClass(t *testing.T, r autosession.Result, want autosession.OutcomeClass) {
	t.Helper()
	if r.Outcome.Class != want {
		t.Errorf("outcome = %v, want %s", r.Outcome, want)
	}
}

func TestRealWholeSession(t *testing.T) {
	denied := "Do not remove things. Move them to trash/ instead."
	g := &gate{
		before: func(_ context.Context, c autosession.ToolCall) autosession.Verdict {
			if strings.Contains(string(c.Input), "rm -r") {
				return autosession.Verdict{Rule: "rm", Reason: denied}
			}
			return autosession.Verdict{Allow: true, Rule: "ok"}
		},
		after: func(_ context.Context, c autosession.ToolCall, r autosession.ToolResult) string {
			if c.Tool == "Write" && !r.IsError {
				return "A note from the engine."
			}
			return ""
		},
	}
	s := openReal(t, g, playedTurn{text: "I begin.", tools: []playedTool{
		{"Write", map[string]any{"file_path": "FILE", "content": "hello"}},
	}})
	s.api.turns[0].tools[0].input["file_path"] = filepath.Join(s.dir, "hello.txt")
	s.api.turns = append(s.api.turns,
		playedTurn{tools: []playedTool{{"Bash", map[string]any{"command": "rm -rf .", "description": "clean"}}}},
		playedTurn{tools: []playedTool{{"Bash", map[string]any{"command": "cat hello.txt; false", "description": "look"}}}},
		playedTurn{text: "All done."},
	)
	info := s.Info()
	if info.Agent != Name || info.Version != "2.1.197" || info.Lane != "api-key" || info.ID != s.task.Session {
		t.Errorf("info = %+v", info)
	}
	r := s.run(t, "Write hello.txt.")
	wantClass(t, r, autosession.OutcomeDone)
	if r.Text != "All done." {
		t.Errorf("text = %q", r.Text)
	}
	if b, err := os.ReadFile(filepath.Join(s.dir, "hello.txt")); err != nil || string(b) != "hello" {
		t.Errorf("hello.txt = %q, %v", b, err)
	}
	want := autosession.Usage{
		Turns: 4, Tokens: autosession.Tokens{Input: 4000, Output: 168, CacheRead: 800, CacheWrite: 120},
	}
	if got := r.Usage; got.Turns != want.Turns || got.Tokens != want.Tokens || got.CostUSD <= 0 {
		t.Errorf("usage = %+v, want %+v and a cost", got, want)
	}
	requests := strings.Join(s.api.requests(), "\n")
	for _, text := range []string{denied, "A note from the engine.", "Write hello.txt."} {
		if !strings.Contains(requests, text) {
			t.Errorf("the model was never told %q", text)
		}
	}
	if n := g.judged.Load(); n != 3 {
		t.Errorf("%d calls were judged, want 3", n)
	}
	s.wantTools(t)
}

// wantTools looks at the events of the whole session's tools.
func (s *session) wantTools(t *testing.T) {
	t.Helper()
	var got []string
	for _, e := range s.all() {
		switch e.Type {
		case autosession.EventToolCall:
			got = append(got, "call "+e.Call.Tool)
		case autosession.EventToolResult:
			got = append(got, fmt.Sprintf("result %s %v", e.Call.Tool, e.Result.IsError))
			if ran := !contains(e.Result.Text, "Move them to trash/"); ran != (e.Result.Duration > 0) {
				t.Errorf("%s took %v, ran %v", e.Call.Tool, e.Result.Duration, ran)
			}
		case autosession.EventRaw:
			t.Errorf("nobody understood %s: %s", e.Text, e.Raw)
		}
	}
	want := "call Write,result Write false,call Bash,result Bash true,call Bash,result Bash true"
	if strings.Join(got, ",") != want {
		t.Errorf("tools = %q, want %q", got, want)
	}
}

// TestRealNeverPrompted closes the real program before its first prompt, as a
// run does that stops in the delay: it ends by itself, and nobody was asked
// anything.
func TestRealNeverPrompted(t *testing.T) {
	s := openReal(t, &gate{})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if x := s.Conversation.(*conversation).exit; !x.OK() {
		t.Errorf("exit = %+v", x)
	}
	if n := len(s.api.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
