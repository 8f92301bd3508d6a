package fakemodel

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// errBroken says that the connection must be cut: the step wants it, or the
// client is gone.
var errBroken = errors.New("the reply ends in the middle")

// play sends the reply of a step. After an error the connection must be cut.
func (s *Server) play(w http.ResponseWriter, r *http.Request, a ask, c cue, requestID string) error {
	ctx := r.Context()
	if err := pause(ctx, c.step.delay); err != nil {
		return err
	}
	if c.step.broken == breakSilent {
		<-ctx.Done()
		return errBroken
	}
	setHeaders(w, c.step.headers)
	switch {
	case c.step.status != 0:
		writeJSON(w, c.step.status, errorBody(c.step.status, c.step.kind, c.step.message, requestID))
		return nil
	case a.Stream:
		return stream(ctx, w, c, a.Model, requestID)
	case c.step.broken == breakError:
		writeJSON(w, overloaded, errorBody(overloaded, kindOf(overloaded), c.step.message, requestID))
		return nil
	}
	return whole(ctx, w, c, a.Model)
}

// overloaded is the API's status for a service without room.
const overloaded = 529

// stream sends a reply event by event.
func stream(ctx context.Context, w http.ResponseWriter, c cue, model, requestID string) error {
	w.Header().Set("content-type", "text/event-stream; charset=utf-8")
	w.Header().Set("cache-control", "no-cache")
	events := c.events(model)
	if c.step.broken != "" {
		events = events[:middle(events)]
	}
	for i, e := range events {
		if i > 0 {
			if err := pause(ctx, c.step.pace); err != nil {
				return err
			}
		}
		if err := send(w, e.frame()); err != nil {
			return err
		}
	}
	switch c.step.broken {
	case breakError:
		return send(w, newEvent("error", errorBody(overloaded, kindOf(overloaded), "", requestID)).frame())
	case breakGarbage:
		return send(w, []byte(nonsense))
	case breakHang:
		<-ctx.Done()
		return errBroken
	case breakCut:
		return errBroken
	}
	return nil
}

// whole sends a reply as one message. Broken, it is half of one.
func whole(ctx context.Context, w http.ResponseWriter, c cue, model string) error {
	body := encode(c.message(model, c.blocks()))
	w.Header().Set("content-type", "application/json")
	if c.step.broken != breakGarbage {
		w.Header().Set("content-length", strconv.Itoa(len(body)))
	}
	if c.step.broken != "" {
		body = body[:len(body)/2]
	}
	if err := send(w, body); err != nil {
		return err
	}
	switch c.step.broken {
	case breakHang:
		<-ctx.Done()
		return errBroken
	case breakCut:
		return errBroken
	}
	return nil
}

// send writes and flushes, so that a client sees each part when it is sent.
func send(w http.ResponseWriter, data []byte) error {
	if _, err := w.Write(data); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// pause waits, or returns an error when the client or the server is gone.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
