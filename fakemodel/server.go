package fakemodel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options are what a scenario does not say. The zero value is fine.
type Options struct {
	// Values fill the templates of the scenario: {{.Project}} is
	// Values["Project"]. A template without a value is an error of [Start].
	Values map[string]string
	// Log gets one line for each request. Nil logs nothing.
	Log *slog.Logger
}

// Server is the Messages API on loopback, with a played model behind it. Its
// methods may be called from any goroutine.
type Server struct {
	url     string
	stage   *stage
	journal *journal
	log     *slog.Logger

	http    *http.Server
	release context.CancelFunc // ends replies that hang or wait

	mu      sync.Mutex
	closed  bool           // no handler begins any more
	serving sync.WaitGroup // the accept loop and the handlers
}

// Start serves a scenario on a free port of 127.0.0.1 until Close. It fails
// when a template has no value, naming all of them, or without a free port.
func Start(s Scenario, o Options) (*Server, error) {
	filled, err := s.fill(o.Values, time.Now())
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot serve the played model: %w", err)
	}
	base, cancel := context.WithCancel(context.Background())
	server := &Server{
		url:     "http://" + listener.Addr().String(),
		stage:   newStage(filled),
		journal: newJournal(),
		log:     o.Log,
		release: cancel,
	}
	if server.log == nil {
		server.log = slog.New(slog.DiscardHandler)
	}
	server.http = &http.Server{
		Handler:     server.routes(),
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(server.log.Handler(), slog.LevelWarn),
	}
	server.serving.Go(func() {
		if err := server.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			server.log.Error("the played model stopped", "error", err)
		}
	})
	return server, nil
}

// URL is the base URL, such as "http://127.0.0.1:40123", without a slash at
// the end.
func (s *Server) URL() string { return s.url }

// Close cuts all connections and returns when nothing is served any more. It
// may be called again.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.release()
	err := s.http.Close()
	s.serving.Wait()
	if err != nil {
		return fmt.Errorf("cannot close the played model: %w", err)
	}
	return nil
}

// Requests returns what was received so far, in order.
func (s *Server) Requests() []Request { return s.journal.all() }

// WaitFor returns the first request, past or to come, that want accepts. Its
// error is that of ctx. A request is there as soon as its step is chosen,
// before anything of the reply is sent.
func (s *Server) WaitFor(ctx context.Context, want func(Request) bool) (Request, error) {
	return s.journal.waitFor(ctx, want)
}

// Unplayed lists the sessions and steps of the scenario that were not played
// so far, one line for each. Of a step and its alternatives one is enough.
func (s *Server) Unplayed() []string { return s.stage.unplayed() }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", s.messages)
	mux.HandleFunc("POST /v1/messages/count_tokens", s.countTokens)
	mux.HandleFunc("GET /v1/models", s.models)
	mux.HandleFunc("GET /v1/models/{id}", s.models)
	mux.HandleFunc("GET /{$}", s.about)
	mux.HandleFunc("/", s.unknown)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			panic(http.ErrAbortHandler)
		}
		defer s.serving.Done()
		w.Header().Set(laneHeader, "played")
		mux.ServeHTTP(w, r)
	})
}

// enter counts a handler in, unless the server is being closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.serving.Add(1)
	}
	return !s.closed
}

// laneHeader is in every reply, so that nobody takes it for a real model's.
const laneHeader = "x-autosession-lane"

// bodyLimit is more than the API takes.
const bodyLimit = 64 << 20

// receive reads a body. Without ok the request has been answered.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		s.refuse(w, r, body, http.StatusRequestEntityTooLarge, "the request cannot be read whole: "+err.Error())
		return nil, false
	}
	return body, true
}

// read reads a question to the model, which check must find sound. Without ok
// the request has been answered.
func (s *Server) read(w http.ResponseWriter, r *http.Request, check func(ask) string) (a ask, body []byte, ok bool) {
	body, ok = s.receive(w, r)
	if !ok {
		return a, nil, false
	}
	if err := json.Unmarshal(body, &a); err != nil {
		s.refuse(w, r, body, http.StatusBadRequest, "the body is not a request of the Messages API: "+err.Error())
		return a, nil, false
	}
	if fault := check(a); fault != "" {
		s.refuse(w, r, body, http.StatusBadRequest, fault)
		return a, nil, false
	}
	return a, body, true
}

func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	a, body, ok := s.read(w, r, ask.fault)
	if !ok {
		return
	}
	c := s.stage.cue(a)
	q := Request{Session: c.name, Step: c.number, Status: http.StatusOK}
	if c.conversation != nil {
		q.Conversation = c.conversation.number
	}
	if c.step.status != 0 {
		q.Status = c.step.status
	}
	q = s.note(r, body, q)
	s.log.Info("played", "request", q.Number, "conversation", q.Conversation,
		"session", q.Session, "step", q.Step, "status", q.Status)
	w.Header().Set("request-id", q.ID())
	if err := s.play(w, r, a, c, q.ID()); err != nil {
		s.stage.lost(c)
		panic(http.ErrAbortHandler) // closes the connection in the middle
	}
}

func (s *Server) countTokens(w http.ResponseWriter, r *http.Request) {
	a, body, ok := s.read(w, r, ask.faultOfMessages)
	if !ok {
		return
	}
	q := s.note(r, body, Request{Status: http.StatusOK})
	w.Header().Set("request-id", q.ID())
	all, _ := a.sizes()
	writeJSON(w, http.StatusOK, map[string]any{"input_tokens": tokens(all)})
}

// models says of any model that it is played.
func (s *Server) models(w http.ResponseWriter, r *http.Request) {
	s.note(r, nil, Request{Status: http.StatusOK})
	model := func(id string) map[string]any {
		return map[string]any{"type": "model", "id": id, "display_name": "played", "created_at": "2025-01-01T00:00:00Z"}
	}
	if id := r.PathValue("id"); id != "" {
		writeJSON(w, http.StatusOK, model(id))
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"data": []any{model("played")}, "has_more": false, "first_id": "played", "last_id": "played",
	})
}

func (s *Server) about(w http.ResponseWriter, r *http.Request) {
	s.note(r, nil, Request{Status: http.StatusOK})
	writeJSON(w, http.StatusOK, map[string]any{
		"lane": "played", "about": "The Messages API with a played model: it says what a scenario file says.",
	})
}

func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	if body, ok := s.receive(w, r); ok {
		s.refuse(w, r, body, http.StatusNotFound, r.Method+" "+r.URL.Path+" is not played")
	}
}

// refuse answers a request that no step is played for.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, body []byte, status int, message string) {
	q := s.note(r, body, Request{Status: status})
	s.log.Warn("refused", "request", q.Number, "path", q.Path, "status", status, "why", message)
	w.Header().Set("request-id", q.ID())
	writeJSON(w, status, errorBody(status, kindOf(status), message, q.ID()))
}

func (s *Server) note(r *http.Request, body []byte, q Request) Request {
	q.Time, q.Method, q.Path, q.Body = time.Now(), r.Method, r.URL.RequestURI(), body
	q.Header = redact(r.Header)
	return s.journal.add(q)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(status)
	w.Write(encode(v)) // a client that is gone needs no answer
}

// setHeaders sends the headers of a step as the scenario gives them.
func setHeaders(w http.ResponseWriter, headers map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		w.Header().Set(name, headers[name])
	}
}
