package apiagent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/autosession/autosession"
)

// Why a stream was given up.
var (
	errSilent = errors.New("the API was silent for too long")
	errCut    = errors.New("the reply was cut off in the middle")
)

// heartbeat is how often a reply that is under way is reported.
const heartbeat = 15 * time.Second

// stream makes one request and reads its whole reply. What a reply that breaks
// off has cost is counted too.
func (c *conversation) stream(ctx context.Context) (*anthropic.Message, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.agent.IdleTimeout, func() { cancel(errSilent) })
	defer watchdog.Stop()
	alive := func() { watchdog.Reset(c.agent.IdleTimeout) }

	s := c.client.Messages.NewStreaming(ctx, c.request(), option.WithMiddleware(
		func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			response, err := next(r)
			if err == nil && response.Body != nil {
				response.Body = &watchedBody{response.Body, alive}
			}
			return response, err
		}))
	defer s.Close()

	var m anthropic.Message
	complete, err := false, error(nil)
	for beat := time.Now(); s.Next() && !complete; {
		event := s.Current()
		if err = m.Accumulate(event); err != nil {
			err = fmt.Errorf("%w: %v", errCut, err)
			break
		}
		complete = event.Type == "message_stop"
		if time.Since(beat) > heartbeat {
			beat = time.Now()
			if err = c.emit(autosession.Event{Type: autosession.EventUsage}); err != nil {
				break
			}
		}
	}
	if err == nil && !complete {
		err = s.Err()
	}
	switch {
	case context.Cause(ctx) == errSilent:
		err = errSilent
	case err == nil && !complete:
		err = errCut
	}
	c.count(&m, err == nil)
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// watchedBody tells when something arrives, pings included.
type watchedBody struct {
	io.ReadCloser
	alive func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.alive()
	}
	return n, err
}

// count adds what the API says that a reply used. Only a whole reply is a
// turn and says how full the window is.
func (c *conversation) count(m *anthropic.Message, whole bool) {
	u := m.Usage
	used := autosession.Tokens{
		Input: u.InputTokens, Output: u.OutputTokens,
		CacheRead: u.CacheReadInputTokens, CacheWrite: u.CacheCreationInputTokens,
	}
	c.usage.Tokens = c.usage.Tokens.Add(used)
	c.usage.CostUSD += cost(m.Model, c.task.Model, used)
	if whole {
		c.usage.Turns++
		c.filled = min(1, float64(used.Total())/float64(windowOf(c.task.Model)))
	}
}
