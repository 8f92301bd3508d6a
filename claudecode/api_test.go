package claudecode

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// playedAPI is a Messages API whose model is a list of turns. Only the main
// conversation takes turns: requests without tools are answered with a word.
type playedAPI struct {
	*httptest.Server
	mu    sync.Mutex
	turns []playedTurn
	asked []string // bodies of the requests that took a turn
}

// playedTurn answers one request. The zero value says "ok".
type playedTurn struct {
	text   string
	tools  []playedTool
	status int // of the reply, when it is an error
	header http.Header
	body   string
	cut    bool          // the connection, in the middle of the answer
	hold   chan struct{} // wait for it before the answer ends
	begun  chan struct{} // closed when the request is there
}

type playedTool struct {
	name  string
	input map[string]any
}

func playAPI(t testing.TB, turns ...playedTurn) *playedAPI {
	t.Helper()
	a := &playedAPI{turns: turns}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(func() {
		a.CloseClientConnections()
		a.Close()
	})
	return a
}

// requests returns the bodies of the requests that took a turn.
func (a *playedAPI) requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

func (a *playedAPI) next(body string) (int, playedTurn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, body)
	n := len(a.asked)
	if n > len(a.turns) {
		return n, playedTurn{text: "nothing is left to do"}
	}
	return n, a.turns[n-1]
}

func (a *playedAPI) serve(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Model string            `json:"model"`
		Tools []json.RawMessage `json:"tools"`
	}
	var body strings.Builder
	if r.Method != http.MethodPost || r.URL.Path != "/v1/messages" {
		http.NotFound(w, r)
		return
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		body.Write(buf[:n])
		if err != nil {
			break
		}
	}
	if err := json.Unmarshal([]byte(body.String()), &request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n, turn := 0, playedTurn{}
	if len(request.Tools) > 0 {
		n, turn = a.next(body.String())
	}
	if turn.begun != nil {
		close(turn.begun)
	}
	if turn.status != 0 {
		for k, v := range turn.header {
			w.Header()[k] = v
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(turn.status)
		fmt.Fprint(w, turn.body)
		return
	}
	turn.play(w, r, request.Model, n)
}

// play streams a message.
func (p playedTurn) play(w http.ResponseWriter, r *http.Request, model string, n int) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(typ string, v map[string]any) {
		v["type"] = typ
		b, _ := json.Marshal(v)
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", typ, b)
		w.(http.Flusher).Flush()
	}
	send("message_start", map[string]any{"message": map[string]any{
		"id": fmt.Sprintf("msg_%d", n), "type": "message", "role": "assistant", "model": model,
		"content": []any{}, "stop_reason": nil, "stop_sequence": nil,
		"usage": map[string]any{
			"input_tokens": 1000, "output_tokens": 1, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30,
		},
	}})
	text := p.text
	if text == "" {
		text = "ok"
	}
	send("content_block_start", map[string]any{"index": 0, "content_block": map[string]any{"type": "text", "text": ""}})
	send("content_block_delta", map[string]any{"index": 0, "delta": map[string]any{"type": "text_delta", "text": text}})
	if p.cut {
		panic(http.ErrAbortHandler)
	}
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-r.Context().Done():
			return
		}
	}
	send("content_block_stop", map[string]any{"index": 0})
	stop := "end_turn"
	for i, tool := range p.tools {
		stop = "tool_use"
		input, _ := json.Marshal(tool.input)
		send("content_block_start", map[string]any{"index": i + 1, "content_block": map[string]any{
			"type": "tool_use", "id": fmt.Sprintf("toolu_%d_%d", n, i), "name": tool.name, "input": map[string]any{},
		}})
		send("content_block_delta", map[string]any{"index": i + 1, "delta": map[string]any{
			"type": "input_json_delta", "partial_json": string(input),
		}})
		send("content_block_stop", map[string]any{"index": i + 1})
	}
	send("message_delta", map[string]any{
		"delta": map[string]any{"stop_reason": stop, "stop_sequence": nil}, "usage": map[string]any{"output_tokens": 42},
	})
	send("message_stop", map[string]any{})
}
