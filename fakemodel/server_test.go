package fakemodel_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/autosession/autosession/fakemodel"
)

// start plays a scenario until the test ends.
func start(t *testing.T, scenario string) *fakemodel.Server {
	t.Helper()
	s, err := fakemodel.Parse([]byte(scenario))
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakemodel.Start(s, fakemodel.Options{Values: map[string]string{"Project": "/work/p"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// newClient is the official client, which does not try again by itself.
func newClient(server *fakemodel.Server) anthropic.Client {
	return anthropic.NewClient(
		option.WithoutEnvironmentDefaults(),
		option.WithBaseURL(server.URL()),
		option.WithAPIKey("not-a-real-credential"),
		option.WithMaxRetries(0),
	)
}

// params is a request as an agent sends it.
func params(messages ...anthropic.MessageParam) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model:     "claude-sonnet-4-5-20250929",
		MaxTokens: 8000,
		System:    []anthropic.TextBlockParam{{Text: "You build things."}},
		Messages:  messages,
		Tools: []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
			Name:        "Bash",
			InputSchema: anthropic.ToolInputSchemaParam{Properties: map[string]any{"command": map[string]any{"type": "string"}}},
		}}},
	}
}

func user(text string) anthropic.MessageParam {
	return anthropic.NewUserMessage(anthropic.NewTextBlock(text))
}

// ask sends a request, as a stream or not.
func ask(ctx context.Context, client anthropic.Client, streamed bool, p anthropic.MessageNewParams) (anthropic.Message, error) {
	if !streamed {
		m, err := client.Messages.New(ctx, p)
		if err != nil {
			return anthropic.Message{}, err
		}
		return *m, nil
	}
	var m anthropic.Message
	stream := client.Messages.NewStreaming(ctx, p)
	defer stream.Close()
	ended := false
	for stream.Next() {
		event := stream.Current()
		if err := m.Accumulate(event); err != nil {
			return m, err
		}
		ended = ended || event.Type == "message_stop"
	}
	if err := stream.Err(); err != nil {
		return m, err
	}
	if !ended {
		return m, io.ErrUnexpectedEOF
	}
	return m, nil
}

// results answers all tool calls of a message with one text.
func results(m anthropic.Message, text string, failed bool) anthropic.MessageParam {
	var blocks []anthropic.ContentBlockParamUnion
	for _, b := range m.Content {
		if b.Type == "tool_use" {
			blocks = append(blocks, anthropic.NewToolResultBlock(b.ID, text, failed))
		}
	}
	return anthropic.NewUserMessage(blocks...)
}

// said joins the texts of a message.
func said(m anthropic.Message) string {
	var b strings.Builder
	for _, block := range m.Content {
		b.WriteString(block.Text)
	}
	return b.String()
}

func streamedAndNot(t *testing.T, f func(t *testing.T, streamed bool)) {
	t.Run("streamed", func(t *testing.T) { f(t, true) })
	t.Run("whole", func(t *testing.T) { f(t, false) })
}

func TestRepliesArriveWhole(t *testing.T) {
	streamedAndNot(t, func(t *testing.T, streamed bool) {
		server := start(t, `
[[session]]
[[session.step]]
think = "Was ist hier? Ich sehe Grüße und <b>."
say = "I look at {{.Project}}."
tool = [
  { name = "Bash", input = { command = "ls {{.Project}}", timeout_ms = 5000 } },
  { name = "Write", input = { file_path = "{{.Project}}/a", content = "ä < b\n" } },
]
[[session.step]]
say = "Done."
stop = "max_tokens"
`)
		client := newClient(server)
		p := params(user("Build it."))
		m, err := ask(t.Context(), client, streamed, p)
		if err != nil {
			t.Fatal(err)
		}
		if m.Model != p.Model || m.StopReason != "tool_use" || len(m.Content) != 4 {
			t.Fatalf("got model %s, stop %s, %d blocks", m.Model, m.StopReason, len(m.Content))
		}
		if m.Content[0].Thinking != "Was ist hier? Ich sehe Grüße und <b>." || m.Content[0].Signature == "" {
			t.Errorf("thought %q, signature %q", m.Content[0].Thinking, m.Content[0].Signature)
		}
		if m.Content[1].Text != "I look at /work/p." {
			t.Errorf("text %q", m.Content[1].Text)
		}
		if got, want := string(m.Content[2].Input), `{"command":"ls /work/p","timeout_ms":5000}`; got != want {
			t.Errorf("input %s, want %s", got, want)
		}
		if got, want := string(m.Content[3].Input), `{"content":"ä < b\n","file_path":"/work/p/a"}`; got != want {
			t.Errorf("input %s, want %s", got, want)
		}
		if m.Usage.InputTokens == 0 || m.Usage.OutputTokens == 0 {
			t.Errorf("usage %+v", m.Usage)
		}
		p.Messages = append(p.Messages, m.ToParam(), results(m, "ok", false))
		m, err = ask(t.Context(), client, streamed, p)
		if err != nil {
			t.Fatal(err)
		}
		if said(m) != "Done." || m.StopReason != "max_tokens" {
			t.Errorf("second reply %q, stop %s", said(m), m.StopReason)
		}
		if left := server.Unplayed(); len(left) > 0 {
			t.Errorf("not played: %q", left)
		}
	})
}

func TestErrorsHaveTheFormOfTheAPI(t *testing.T) {
	for _, c := range []struct {
		step, kind, header, value string
		status                    int
	}{
		{step: `status = 429` + "\nretry_after = 37", status: 429, kind: "rate_limit_error", header: "retry-after", value: "37"},
		{step: `error = "overloaded_error"`, status: 529, kind: "overloaded_error"},
		{step: `status = 401`, status: 401, kind: "authentication_error"},
		{step: `status = 503`, status: 503, kind: "api_error"},
		{step: "status = 400\nmessage = \"prompt is too long: {{.Project}}\"", status: 400, kind: "invalid_request_error"},
		{step: "error = \"rate_limit_error\"\nheaders = { anthropic-ratelimit-unified-status = \"rejected\" }",
			status: 429, kind: "rate_limit_error", header: "anthropic-ratelimit-unified-status", value: "rejected"},
	} {
		t.Run(c.step, func(t *testing.T) {
			streamedAndNot(t, func(t *testing.T, streamed bool) {
				server := start(t, "[[session]]\n[[session.step]]\n"+c.step)
				_, err := ask(t.Context(), newClient(server), streamed, params(user("Build it.")))
				e, ok := errors.AsType[*anthropic.Error](err)
				if !ok {
					t.Fatalf("got %v, want an error of the API", err)
				}
				if e.StatusCode != c.status || string(e.Type()) != c.kind || e.RequestID != "req_played_000001" {
					t.Errorf("got status %d, type %s, request %s", e.StatusCode, e.Type(), e.RequestID)
				}
				if got := e.Response.Header.Get(c.header); c.header != "" && got != c.value {
					t.Errorf("header %s is %q, want %q", c.header, got, c.value)
				}
				if strings.Contains(c.step, "too long") && !strings.Contains(err.Error(), "prompt is too long: /work/p") {
					t.Errorf("message %q", err)
				}
			})
		})
	}
}

func TestBrokenReplies(t *testing.T) {
	for _, broken := range []string{"cut", "garbage", "error"} {
		t.Run(broken, func(t *testing.T) {
			streamedAndNot(t, func(t *testing.T, streamed bool) {
				server := start(t, "[[session]]\n[[session.step]]\nsay = \"I begin to say a lot of things.\"\nbroken = \""+broken+"\"\n"+
					"[[session.step]]\nsay = \"again\"")
				client, p := newClient(server), params(user("Build it."))
				if m, err := ask(t.Context(), client, streamed, p); err == nil {
					t.Fatalf("got a whole reply: %q", said(m))
				}
				m, err := ask(t.Context(), client, streamed, p)
				if err != nil || said(m) != "again" {
					t.Errorf("the next try got %q, %v", said(m), err)
				}
			})
		})
	}
}

func TestAHangingReplyEndsWithTheClient(t *testing.T) {
	for _, broken := range []string{"hang", "silent"} {
		t.Run(broken, func(t *testing.T) {
			streamedAndNot(t, func(t *testing.T, streamed bool) {
				server := start(t, "[[session]]\n[[session.step]]\nsay = \"I begin.\"\nbroken = \""+broken+"\"\n[[session.step]]\nsay = \"again\"")
				client, p := newClient(server), params(user("Build it."))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error)
				go func() {
					_, err := ask(ctx, client, streamed, p)
					ended <- err
				}()
				if _, err := server.WaitFor(t.Context(), func(r fakemodel.Request) bool { return r.Step == 1 }); err != nil {
					t.Fatal(err)
				}
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("the client got %v", err)
				}
				if m, err := ask(t.Context(), client, streamed, p); err != nil || said(m) != "again" {
					t.Errorf("the next try got %q, %v", said(m), err)
				}
			})
		})
	}
}

func TestASlowStreamEndsWithTheClient(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nsay = \"I begin.\"\npace = \"10h\"\n"+
		"[[session.step]]\nsay = \"again, slowly\"\npace = \"1ms\"")
	client, p := newClient(server), params(user("Build it."))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream := client.Messages.NewStreaming(ctx, p)
	if !stream.Next() || stream.Current().Type != "message_start" {
		t.Fatalf("the stream does not begin: %v", stream.Err())
	}
	cancel()
	for stream.Next() {
	}
	stream.Close()
	// The server sees that the client is gone a moment later. Until then a
	// request without replies would begin another conversation.
	for {
		m, err := ask(t.Context(), client, true, p)
		if err != nil {
			t.Fatal(err)
		}
		if said(m) == "again, slowly" {
			break
		}
	}
}

func TestTheClientTriesAgainByItself(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nstatus = 429\ntimes = 2\nheaders = { retry-after-ms = \"1\" }\n"+
		"[[session.step]]\nsay = \"third time\"")
	client := newClient(server)
	m, err := client.Messages.New(t.Context(), params(user("Build it.")), option.WithMaxRetries(2))
	if err != nil || said(*m) != "third time" {
		t.Errorf("got %v, %v", m, err)
	}
	if left := server.Unplayed(); len(left) > 0 {
		t.Errorf("not played: %q", left)
	}
}

func TestCloseEndsWhatHangs(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nbroken = \"silent\"\n[[session]]\n[[session.step]]\nsay = \"slow\"\ndelay = \"10h\"")
	ended := make(chan error)
	for _, prompt := range []string{"one", "two"} {
		go func() {
			_, err := ask(context.Background(), newClient(server), true, params(user(prompt)))
			ended <- err
		}()
	}
	if _, err := server.WaitFor(t.Context(), func(r fakemodel.Request) bool { return r.Number == 2 }); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; err == nil {
			t.Error("a reply that hung went well")
		}
	}
	if err := server.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestCountTokensAndModels(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nsay = \"x\"")
	client := newClient(server)
	count, err := client.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{
		Model: "claude-sonnet-4-5", Messages: []anthropic.MessageParam{user(strings.Repeat("word ", 400))},
	})
	if err != nil || count.InputTokens < 400 || count.InputTokens > 600 {
		t.Errorf("counted %+v, %v", count, err)
	}
	model, err := client.Models.Get(t.Context(), "claude-sonnet-4-5", anthropic.ModelGetParams{})
	if err != nil || model.ID != "claude-sonnet-4-5" || model.DisplayName != "played" {
		t.Errorf("model %+v, %v", model, err)
	}
	list, err := client.Models.List(t.Context(), anthropic.ModelListParams{})
	if err != nil || len(list.Data) != 1 {
		t.Errorf("models %+v, %v", list, err)
	}
}

func TestProbesAreTolerated(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nsay = \"x\"")
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"GET", "/v1/models", 200}, {"HEAD", "/v1/models", 200},
		{"GET", "/v1/nothing", 404}, {"POST", "/", 404}, {"GET", "/v1/messages", 404},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, server.URL()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status || resp.Header.Get("x-autosession-lane") != "played" {
			t.Errorf("%s %s: status %d, lane %q", c.method, c.path, resp.StatusCode, resp.Header.Get("x-autosession-lane"))
		}
	}
	if n := len(server.Unplayed()); n != 1 {
		t.Errorf("%d parts are not played, want 1", n)
	}
}

func TestRequestsKeepNoCredential(t *testing.T) {
	server := start(t, "[[session]]\n[[session.step]]\nsay = \"x\"")
	client := anthropic.NewClient(option.WithoutEnvironmentDefaults(), option.WithBaseURL(server.URL()),
		option.WithAPIKey("credential-one"), option.WithAuthToken("credential-two"),
		option.WithHeader("Cookie", "credential-three"), option.WithHeader("X-Session-Token", "credential-four"))
	if _, err := ask(t.Context(), client, true, params(user("Build it."))); err != nil {
		t.Fatal(err)
	}
	for _, r := range server.Requests() {
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), "credential-") {
				t.Errorf("the header %s keeps a credential", name)
			}
		}
		if r.Header.Get("X-Api-Key") != "redacted" {
			t.Errorf("x-api-key is %q", r.Header.Get("X-Api-Key"))
		}
	}
}
