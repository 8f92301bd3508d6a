package apiagent

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/autosession/autosession"
)

// Agent opens conversations with a model of the Messages API. The zero value
// has no key and opens none.
type Agent struct {
	Key     string // API key; it is sent to BaseURL and written nowhere
	BaseURL string // of the API; "" is the vendor's own
	Lane    string // Info.Lane: who pays; "" is "api-key"

	// RetryFor is how long one request may wait between its tries, in all.
	// What lasts longer ends the turn. 0 is 60 s, negative never retries.
	RetryFor time.Duration
	// IdleTimeout cuts a request that is silent for so long. 0 is 5 min.
	IdleTimeout time.Duration
	// Proxy names the proxy for a request, as in http.Transport. nil is none.
	Proxy func(*http.Request) (*url.URL, error)
}

// FromEnvironment returns an Agent with the key of ANTHROPIC_API_KEY, the base
// URL of ANTHROPIC_BASE_URL and the proxy that the environment names. Nothing
// else here reads the environment.
func FromEnvironment() Agent {
	return Agent{
		Key:     strings.TrimSpace(os.Getenv("ANTHROPIC_API_KEY")),
		BaseURL: strings.TrimSpace(os.Getenv("ANTHROPIC_BASE_URL")),
		Proxy:   http.ProxyFromEnvironment,
	}
}

// Needs returns nothing: the head talks to the API from outside the sandbox.
func (a Agent) Needs() autosession.Needs { return autosession.Needs{} }

// Open starts the hands in the sandbox. It does not talk to the API.
func (a Agent) Open(ctx context.Context, t autosession.Task) (autosession.Conversation, error) {
	if err := a.validate(t); err != nil {
		return nil, err
	}
	a = a.withDefaults()
	tools, unknown, err := offer(t.Tools)
	if err != nil {
		return nil, err
	}
	h, err := startHands(ctx, t)
	if err != nil {
		return nil, err
	}
	c := newConversation(a, t, tools, h)
	if err := c.remark(unknown); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func (a Agent) withDefaults() Agent {
	a.Lane = cmp.Or(a.Lane, "api-key")
	a.RetryFor = cmp.Or(a.RetryFor, time.Minute)
	a.IdleTimeout = cmp.Or(a.IdleTimeout, 5*time.Minute)
	return a
}

// validate says what a person has to put right before anything can start.
func (a Agent) validate(t autosession.Task) error {
	switch u, err := url.Parse(a.BaseURL); {
	case a.Key == "":
		return needsPerson(autosession.BlockAuth, "there is no API key: set ANTHROPIC_API_KEY")
	case strings.ContainsFunc(a.Key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return needsPerson(autosession.BlockAuth, "the API key holds characters that no key has: set ANTHROPIC_API_KEY again")
	case err != nil || a.BaseURL != "" && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https"):
		return needsPerson(autosession.BlockAgent, "the base URL of the API is not an http or https URL: set ANTHROPIC_BASE_URL again")
	case t.Model == "":
		return needsPerson(autosession.BlockAgent, "no model is chosen: set model")
	}
	return nil
}

// needsPerson is an error that stops the run.
func needsPerson(block, detail string) error {
	return &autosession.OutcomeError{Outcome: autosession.Outcome{
		Class: autosession.OutcomeNeedsPerson, Block: block, Detail: detail,
	}}
}

// remark tells what differs from what the task asked for.
func (c *conversation) remark(unknown []string) error {
	var notes []string
	if len(unknown) > 0 {
		notes = append(notes, "the API agent has no tool "+strings.Join(unknown, ", "))
	}
	if c.task.Resume != "" {
		notes = append(notes, "the API agent cannot resume a conversation: this is a new one")
	}
	if _, known := priceOf(c.task.Model, 0); !known {
		notes = append(notes, fmt.Sprintf("the price of %s is not known: the dearest known one is counted", c.task.Model))
	}
	for _, text := range notes {
		if err := c.emit(autosession.Event{Type: autosession.EventNote, Text: text}); err != nil {
			return err
		}
	}
	return nil
}
