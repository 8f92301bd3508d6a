package fakemodel

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is one that the server received.
type Request struct {
	Number       int       // from 1, in order of arrival
	Time         time.Time // of arrival
	Method       string
	Path         string      // with the query
	Header       http.Header // with every credential replaced by "redacted"
	Body         []byte
	Conversation int    // from 1; 0 when it belongs to none: a probe, a title, a count
	Session      string // name of the scenario's session; "" when none fits
	Step         int    // of that session, from 1; 0 for a default answer
	Status       int    // of the reply
}

// ID is the request id that the reply carries.
func (r Request) ID() string { return fmt.Sprintf("req_played_%06d", r.Number) }

// journal keeps what was received.
type journal struct {
	mu       sync.Mutex
	requests []Request
	more     chan struct{} // closed when a request is added
}

func newJournal() *journal { return &journal{more: make(chan struct{})} }

func (j *journal) add(r Request) Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Number = len(j.requests) + 1
	j.requests = append(j.requests, r)
	close(j.more)
	j.more = make(chan struct{})
	return r
}

func (j *journal) all() []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.requests)
}

func (j *journal) waitFor(ctx context.Context, want func(Request) bool) (Request, error) {
	for seen := 0; ; {
		j.mu.Lock()
		fresh, more := slices.Clone(j.requests[seen:]), j.more
		j.mu.Unlock()
		for _, r := range fresh {
			if want(r) {
				return r, nil
			}
		}
		seen += len(fresh)
		select {
		case <-more:
		case <-ctx.Done():
			return Request{}, fmt.Errorf("cannot find the request among %d: %w", seen, context.Cause(ctx))
		}
	}
}

// redact copies headers without what could be a credential.
func redact(h http.Header) http.Header {
	clean := h.Clone()
	for name := range clean {
		lower := strings.ToLower(name)
		for _, word := range []string{"auth", "key", "token", "secret", "cookie", "credential"} {
			if strings.Contains(lower, word) {
				clean[name] = []string{"redacted"}
			}
		}
	}
	return clean
}
