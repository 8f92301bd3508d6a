package fakemodel

import (
	"encoding/json"
	"strings"
)

// ask is what a client asks of the model, as far as the player looks at it.
type ask struct {
	Model        string            `json:"model"`
	MaxTokens    int               `json:"max_tokens"`
	Stream       bool              `json:"stream"`
	Tools        []json.RawMessage `json:"tools"`
	System       content           `json:"system"`
	Messages     []message         `json:"messages"`
	CacheControl json.RawMessage   `json:"cache_control"`
	Metadata     struct {
		UserID string `json:"user_id"` // who asks; some agents name their session here
	} `json:"metadata"`
}

type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

// content is a text or a list of blocks, and is read as blocks.
type content []block

type block struct {
	Type         string          `json:"type"`
	Text         string          `json:"text"`
	ID           string          `json:"id"`          // of a tool_use
	ToolUseID    string          `json:"tool_use_id"` // of a tool_result
	Content      json.RawMessage `json:"content"`     // of a tool_result
	CacheControl json.RawMessage `json:"cache_control"`

	size int // bytes, as it was sent
}

// UnmarshalJSON reads a text or an array of blocks.
func (c *content) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		if text != "" {
			*c = content{{Type: "text", Text: text, size: len(data)}}
		}
		return nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*c = make(content, len(raw))
	for i, r := range raw {
		if err := json.Unmarshal(r, &(*c)[i]); err != nil {
			return err
		}
		(*c)[i].size = len(r)
	}
	return nil
}

// texts joins what can be read in the content, tool results too.
func (c content) texts() string {
	var parts []string
	for _, b := range c {
		switch b.Type {
		case "text":
			parts = append(parts, b.Text)
		case "tool_result":
			var inner content
			if len(b.Content) > 0 && json.Unmarshal(b.Content, &inner) == nil {
				parts = append(parts, inner.texts())
			}
		}
	}
	return strings.Join(parts, "\n")
}

// prompts returns the texts that a person or a program said, without tool
// results and without what a client adds about itself.
func (c content) prompts() []string {
	var said []string
	for _, b := range c {
		if b.Type == "text" && !strings.HasPrefix(b.Text, "<system-reminder>") {
			said = append(said, b.Text)
		}
	}
	return said
}

// side says that a request is not part of a conversation with the agent, but
// a question aside: a title, a summary, a probe of the quota.
func (a ask) side() bool { return len(a.Tools) == 0 || a.MaxTokens == 1 }

// opening is what a session's match is compared with: the system text and
// the first prompt.
func (a ask) opening() string {
	text := a.System.texts()
	if len(a.Messages) > 0 {
		text += "\n" + a.Messages[0].Content.texts()
	}
	return text
}

// fingerprint is the first text that was said. It stays the same for the
// whole of a conversation.
func (a ask) fingerprint() string {
	for _, m := range a.Messages {
		if said := m.Content.prompts(); m.Role == "user" && len(said) > 0 {
			return said[0]
		}
	}
	return a.opening()
}

// turns counts the replies of the model that the client has. Neighbouring
// messages are one reply.
func (a ask) turns() int {
	n, before := 0, ""
	for _, m := range a.Messages {
		if m.Role == "assistant" && before != "assistant" {
			n++
		}
		before = m.Role
	}
	return n
}

// latest returns the messages after the model's last reply.
func (a ask) latest() []message {
	for i := len(a.Messages) - 1; i >= 0; i-- {
		if a.Messages[i].Role == "assistant" {
			return a.Messages[i+1:]
		}
	}
	return a.Messages
}

// news is all that the model has not replied to, which a step's when is
// compared with.
func (a ask) news() string {
	var parts []string
	for _, m := range a.latest() {
		parts = append(parts, m.Content.texts())
	}
	return strings.Join(parts, "\n")
}

// laterPrompts is what was said since the last reply, without the prompt that
// began the conversation.
func (a ask) laterPrompts() string {
	var said []string
	for _, m := range a.latest() {
		if m.Role == "user" {
			said = append(said, m.Content.prompts()...)
		}
	}
	if a.turns() == 0 && len(said) > 0 {
		said = said[1:]
	}
	return strings.Join(said, "\n")
}

// toolUses returns the ids of the tool calls that the client has, newest
// first.
func (a ask) toolUses() []string {
	var ids []string
	for i := len(a.Messages) - 1; i >= 0; i-- {
		for _, b := range a.Messages[i].Content {
			if b.Type == "tool_use" {
				ids = append(ids, b.ID)
			}
		}
	}
	return ids
}
