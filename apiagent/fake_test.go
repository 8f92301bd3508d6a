package apiagent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reexec"
	"go.uber.org/goleak"
)

const testKey = "sk-test-0123456789-not-a-key"

func TestMain(m *testing.M) {
	reexec.Init()
	goleak.VerifyTestMain(m)
}

// api is a Messages API that answers each request with the next handler.
type api struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	answers  []http.HandlerFunc
	requests []request
}

// request is what a test looks at of a request.
type request struct {
	Model     string           `json:"model"`
	MaxTokens int64            `json:"max_tokens"`
	Stream    bool             `json:"stream"`
	System    []map[string]any `json:"system"`
	Tools     []map[string]any `json:"tools"`
	Messages  []struct {
		Role    string           `json:"role"`
		Content []map[string]any `json:"content"`
	} `json:"messages"`
	key string
}

func newAPI(t *testing.T, answers ...http.HandlerFunc) *api {
	a := &api{t: t, answers: answers}
	a.server = httptest.NewServer(a)
	t.Cleanup(func() {
		a.server.CloseClientConnections()
		a.server.Close()
	})
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var seen request
	if err := json.Unmarshal(body, &seen); err != nil {
		a.t.Errorf("the request is not what the API takes: %v\n%s", err, body)
	}
	seen.key = r.Header.Get("X-Api-Key")
	if bytes.Contains(body, []byte(testKey)) {
		a.t.Error("the key is in the body of a request")
	}
	a.mu.Lock()
	n := len(a.requests)
	a.requests = append(a.requests, seen)
	var answer http.HandlerFunc
	if n < len(a.answers) {
		answer = a.answers[n]
	}
	a.mu.Unlock()
	if answer == nil {
		a.t.Errorf("request %d was not expected", n+1)
		http.Error(w, "no more", http.StatusTeapot)
		return
	}
	answer(w, r)
}

// seen returns the requests so far.
func (a *api) seen() []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]request(nil), a.requests...)
}

// block is one block of a reply.
type block map[string]any

func text(s string) block { return block{"type": "text", "text": s} }

func use(id, tool string, input any) block {
	return block{"type": "tool_use", "id": id, "name": tool, "input": input}
}

// usage is what a played reply says it used.
type usage struct {
	In, Out, Read, Write int64
}

// reply plays a reply of the model.
func reply(stop string, u usage, blocks ...block) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := sse{w}
		s.start(u)
		for i, b := range blocks {
			s.block(i, b)
		}
		s.stop(stop, u.Out)
	}
}

// sse writes the events of a stream.
type sse struct{ w http.ResponseWriter }

func (s sse) send(event string, data any) {
	line, _ := json.Marshal(data)
	s.w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, line)
	if f, ok := s.w.(http.Flusher); ok {
		f.Flush()
	}
}

func (s sse) start(u usage) {
	s.send("message_start", map[string]any{"type": "message_start", "message": map[string]any{
		"id": "msg_1", "type": "message", "role": "assistant", "model": testModel, "content": []any{},
		"stop_reason": nil, "stop_sequence": nil,
		"usage": map[string]any{"input_tokens": u.In, "output_tokens": 1, "cache_read_input_tokens": u.Read, "cache_creation_input_tokens": u.Write},
	}})
}

func (s sse) block(i int, b block) {
	var delta map[string]any
	start := map[string]any{"type": b["type"]}
	switch b["type"] {
	case "text":
		start["text"] = ""
		delta = map[string]any{"type": "text_delta", "text": b["text"]}
	case "thinking":
		start["thinking"], start["signature"] = "", ""
		delta = map[string]any{"type": "thinking_delta", "thinking": b["thinking"]}
	case "tool_use":
		start["id"], start["name"], start["input"] = b["id"], b["name"], map[string]any{}
		input, _ := json.Marshal(b["input"])
		if raw, ok := b["input"].(string); ok {
			input = []byte(raw) // cut in the middle
		}
		delta = map[string]any{"type": "input_json_delta", "partial_json": string(input)}
	}
	s.send("content_block_start", map[string]any{"type": "content_block_start", "index": i, "content_block": start})
	s.send("ping", map[string]any{"type": "ping"})
	s.send("content_block_delta", map[string]any{"type": "content_block_delta", "index": i, "delta": delta})
	s.send("content_block_stop", map[string]any{"type": "content_block_stop", "index": i})
}

func (s sse) stop(reason string, out int64) {
	s.send("message_delta", map[string]any{"type": "message_delta",
		"delta": map[string]any{"stop_reason": reason, "stop_sequence": nil}, "usage": map[string]any{"output_tokens": out}})
	s.send("message_stop", map[string]any{"type": "message_stop"})
}

// fails plays an error of the API.
func fails(status int, kind, message string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": message}})
	}
}

const testModel = "claude-sonnet-4-5-20250929"

// hooks are what a test wants of Hooks.
type hooks struct {
	before func(autosession.ToolCall) autosession.Verdict
	after  func(autosession.ToolCall, autosession.ToolResult) string
}

func (h hooks) Before(_ context.Context, c autosession.ToolCall) autosession.Verdict {
	if h.before == nil {
		return autosession.Verdict{Allow: true}
	}
	return h.before(c)
}

func (h hooks) After(_ context.Context, c autosession.ToolCall, r autosession.ToolResult) string {
	if h.after == nil {
		return ""
	}
	return h.after(c, r)
}

// bench is a project with an agent on it.
type bench struct {
	t       *testing.T
	agent   Agent
	task    autosession.Task
	tmp     string
	process *plainProcess

	mu     sync.Mutex
	events []autosession.Event
	on     func(autosession.Event) error
}

func newBench(t *testing.T, answers ...http.HandlerFunc) (*bench, *api) {
	a := newAPI(t, answers...)
	b := &bench{t: t, tmp: t.TempDir()}
	b.agent = Agent{Key: testKey, BaseURL: a.server.URL, RetryFor: 300 * time.Millisecond, IdleTimeout: time.Minute}
	b.task = autosession.Task{
		Session: "0199-test", Kind: autosession.Continue, Dir: t.TempDir(), Home: t.TempDir(),
		Model: testModel, Hooks: hooks{}, Start: b.start, Emit: b.emit,
	}
	return b, a
}

func (b *bench) emit(e autosession.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
	if b.on != nil {
		return b.on(e)
	}
	return nil
}

// of returns the events of one type.
func (b *bench) of(kind autosession.EventType) []autosession.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []autosession.Event
	for _, e := range b.events {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

func (b *bench) open() autosession.Conversation {
	b.t.Helper()
	c, err := b.agent.Open(b.t.Context(), b.task)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.t.Error(err)
		}
	})
	return c
}

// run runs one turn and checks that the key is nowhere.
func (b *bench) run(c autosession.Conversation, prompt string) autosession.Result {
	b.t.Helper()
	r, err := c.Run(b.t.Context(), prompt)
	if err != nil {
		b.t.Fatal(err)
	}
	b.noKey(r)
	return r
}

func (b *bench) noKey(r autosession.Result) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	all := fmt.Sprintf("%+v", r)
	for _, e := range b.events {
		all += fmt.Sprintf("%+v %s\n", e, e.Raw)
		if e.Result != nil {
			all += e.Result.Text
		}
	}
	if strings.Contains(all, testKey) {
		b.t.Error("the key got into an event or a result")
	}
}

// write puts a file into the project.
func (b *bench) write(name, content string) {
	b.t.Helper()
	if err := os.WriteFile(b.task.Dir+"/"+name, []byte(content), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(b.task.Dir + "/" + name)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

// start runs a command as a plain process: a sandbox that confines nothing.
func (b *bench) start(_ context.Context, c autosession.Command) (autosession.Process, error) {
	path, args := c.Path, c.Args
	if c.Reexec != "" {
		var err error
		if path, args, err = reexec.Command(c.Reexec, c.Args...); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = b.task.Dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.task.Home, "TMPDIR=" + b.tmp,
		"GORACE=atexit_sleep_ms=0"}, c.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &plainProcess{cmd: cmd, done: make(chan struct{})}
	b.process = p
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	return p, nil
}

type plainProcess struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

func (p *plainProcess) Wait() (autosession.Exit, error) {
	<-p.done
	var failed *exec.ExitError
	if p.err != nil && !errors.As(p.err, &failed) {
		return autosession.Exit{}, p.err
	}
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return autosession.Exit{Code: -1, Signal: status.Signal()}, nil
	}
	return autosession.Exit{Code: status.ExitStatus()}, nil
}

func (p *plainProcess) Stop(grace time.Duration) error {
	if grace > 0 {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-p.done:
		case <-t.C:
		}
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	return nil
}
