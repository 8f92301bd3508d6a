package apiagent

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/autosession/autosession/apiagent/internal/hands"
)

// maxOutput is how many tokens one reply may have.
const maxOutput = 32_000

const system = `You are a coding agent. You work by yourself, without a person to ask, on the project in %s.

Use the tools. Bash runs commands, Read, Write and Edit work on files, Glob and Grep find things. Each command starts in the project directory. Files outside the project and the temporary directory are out of reach of the file tools. A call may be refused: then the answer says why and what to do instead. Do not try to get around it.

Look before you change something. Run what you build and see that it works before you say that it does. Say plainly what you did and what is not done. End your reply without a tool call only when the task you were given is finished or you cannot go on.`

// errRedirect says that the endpoint wants to send us, and the key, elsewhere.
var errRedirect = errors.New("the API redirects to another address")

// connect returns a client that knows only what a says: nothing is read from
// the environment, and nothing is retried.
func (a Agent) connect() (*http.Transport, anthropic.Client) {
	transport := &http.Transport{
		Proxy:                 a.Proxy,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   30 * time.Second,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	options := []option.RequestOption{
		option.WithoutEnvironmentDefaults(),
		option.WithAPIKey(a.Key),
		option.WithMaxRetries(0),
		option.WithHTTPClient(&http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
		}),
	}
	if a.BaseURL != "" {
		options = append(options, option.WithBaseURL(a.BaseURL))
	}
	return transport, anthropic.NewClient(options...)
}

// request is the next round trip. Four places are marked for the cache: the
// tools, the system prompt, and the ends of the last two user messages, so that
// each request reads what the one before it wrote.
func (c *conversation) request() anthropic.MessageNewParams {
	messages := slices.Clone(c.history)
	if len(c.pending) > 0 {
		messages = append(messages, anthropic.NewUserMessage(c.pending...))
	}
	for i, marks := len(messages)-1, 0; i >= 0 && marks < 2; i-- {
		if messages[i].Role == anthropic.MessageParamRoleUser {
			messages[i] = marked(messages[i])
			marks++
		}
	}
	return anthropic.MessageNewParams{
		Model:     c.task.Model,
		MaxTokens: c.outputLimit(),
		System: []anthropic.TextBlockParam{{
			Text:         fmt.Sprintf(system, c.task.Dir),
			CacheControl: anthropic.NewCacheControlEphemeralParam(),
		}},
		Tools:    toolParams(c.tools),
		Messages: messages,
	}
}

// outputLimit leaves the reply no more room than the context window has.
func (c *conversation) outputLimit() int64 {
	window := windowOf(c.task.Model)
	left := window - int64(c.filled*float64(window)) - 4000
	return max(1024, min(maxOutput, left))
}

// marked returns m with a cache mark at its end. m itself stays as it is.
func marked(m anthropic.MessageParam) anthropic.MessageParam {
	m.Content = slices.Clone(m.Content)
	end := &m.Content[len(m.Content)-1]
	switch {
	case end.OfText != nil:
		text := *end.OfText
		text.CacheControl = anthropic.NewCacheControlEphemeralParam()
		end.OfText = &text
	case end.OfToolResult != nil:
		result := *end.OfToolResult
		result.CacheControl = anthropic.NewCacheControlEphemeralParam()
		end.OfToolResult = &result
	}
	return m
}

// toolParams describes tools to the model.
func toolParams(tools []hands.Tool) []anthropic.ToolUnionParam {
	var out []anthropic.ToolUnionParam
	for _, t := range tools {
		properties := map[string]any{}
		schema := anthropic.ToolInputSchemaParam{
			Properties:  properties,
			ExtraFields: map[string]any{"additionalProperties": false},
		}
		for _, p := range t.Params {
			property := map[string]any{"type": p.Type, "description": p.About}
			if p.Enum != nil {
				property["enum"] = p.Enum
			}
			properties[p.Name] = property
			if p.Required {
				schema.Required = append(schema.Required, p.Name)
			}
		}
		tool := anthropic.ToolParam{Name: t.Name, Description: anthropic.String(t.About), InputSchema: schema}
		out = append(out, anthropic.ToolUnionParam{OfTool: &tool})
	}
	out[len(out)-1].OfTool.CacheControl = anthropic.NewCacheControlEphemeralParam()
	return out
}
