package apiagent

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/apiagent/internal/hands"
)

func TestFromEnvironment(t *testing.T) {
	t.Setenv("ANTHROPIC_API_KEY", " "+testKey+"\n")
	t.Setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
	a := FromEnvironment()
	if a.Key != testKey || a.BaseURL != "http://127.0.0.1:1" || a.Proxy == nil {
		t.Errorf("the agent is %+v", a)
	}
	if n := a.Needs(); n.Endpoint != "" || n.ReadPaths != nil || n.Hosts != nil {
		t.Errorf("it needs %+v", n)
	}
}

func TestTheEnvironmentChangesNothing(t *testing.T) {
	for name, value := range map[string]string{
		"ANTHROPIC_AUTH_TOKEN": "another-token-000000",
		"ANTHROPIC_BASE_URL":   "http://127.0.0.1:1", "ANTHROPIC_CUSTOM_HEADERS": "X-Other: yes",
		"ANTHROPIC_PROFILE": "nobody", "HTTP_PROXY": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	var headers http.Header
	b, a := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		headers = r.Header
		reply("end_turn", usage{}, text("ok"))(w, r)
	})
	if r := b.run(b.open(), "go"); r.Outcome.Class != autosession.OutcomeDone {
		t.Fatalf("the outcome is %s", r.Outcome)
	}
	if a.seen()[0].key != testKey || headers.Get("Authorization") != "" || headers.Get("X-Other") != "" {
		t.Errorf("the request has the headers %v", headers)
	}
}

// TestTheKeyInAFile lets the model read a file that holds the key. The played
// API fails the test when the key comes back to it.
func TestTheKeyInAFile(t *testing.T) {
	b, a := newBench(t,
		reply("tool_use", usage{}, use("t1", "Read", block{"file_path": ".env"}), use("t2", "Bash", block{"command": "cat .env; exit 1"})),
		reply("end_turn", usage{}, text("It is "+testKey+".")))
	b.write(".env", "KEY="+testKey+"\n")
	b.task.Hooks = hooks{after: func(autosession.ToolCall, autosession.ToolResult) string { return "mind " + testKey }}
	r := b.run(b.open(), "go")
	if r.Text != "It is [redacted]." || !strings.Contains(resultText(a.seen()[1].Messages[2].Content[0]), "KEY=[redacted]") {
		t.Errorf("the model said %q", r.Text)
	}
}

// TestSomebodysKeyInAFile lets the model read what looks like a key: it may be
// a fixture that it works on. What is recorded does not show it.
func TestSomebodysKeyInAFile(t *testing.T) {
	fixture := "ghp_" + strings.Repeat("a1B2c3", 6)
	b, a := newBench(t, reply("tool_use", usage{}, use("t1", "Read", block{"file_path": "fixture"})), reply("end_turn", usage{}, text("Read.")))
	b.write("fixture", "token = "+fixture+"\n")
	b.run(b.open(), "go")
	if got := resultText(a.seen()[1].Messages[2].Content[0]); !strings.Contains(got, fixture) {
		t.Errorf("the model was told %q", got)
	}
	recorded, err := json.Marshal(b.events)
	if err != nil || strings.Contains(string(recorded), fixture) || !strings.Contains(string(recorded), "token = [redacted]") {
		t.Errorf("recorded is %s, %v", recorded, err)
	}
}

func TestTheKeyInAnError(t *testing.T) {
	b, _ := newBench(t, reply("end_turn", usage{}, text("ok")))
	b.on = func(autosession.Event) error {
		return &url.Error{Op: "emit", URL: testKey, Err: errors.New("bad " + testKey)}
	}
	if _, err := b.open().Run(t.Context(), "go"); err == nil || strings.Contains(err.Error(), testKey) {
		t.Errorf("the error is %v", err)
	}
}

func TestBatch(t *testing.T) {
	tools := map[rune]*hands.Tool{'r': {Name: "Read", ReadOnly: true}, 'w': {Name: "Write"}, '?': nil}
	for calls, want := range map[string]int{"r": 1, "w": 1, "?": 1, "rrr": 3, "rrrrrr": 4, "rrw": 2, "wr": 1, "r?r": 1} {
		var list []*toolCall
		for _, c := range calls {
			list = append(list, &toolCall{tool: tools[c]})
		}
		if got := batch(list); got != want {
			t.Errorf("of %s %d run at once, not %d", calls, got, want)
		}
	}
}
