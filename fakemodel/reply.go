package fakemodel

import (
	"bytes"
	"encoding/json"
)

// size is how many bytes the model says in a step.
func (s step) size() int {
	n := len(s.think) + len(s.say)
	for _, c := range s.calls {
		n += len(c.name) + len(encode(c.input))
	}
	return n
}

// stopReason is the given one, or that which follows from what is said.
func (s step) stopReason() string {
	switch {
	case s.stop != "":
		return s.stop
	case len(s.calls) > 0:
		return "tool_use"
	}
	return "end_turn"
}

// blocks are the reply's content, as a finished message holds it.
func (c cue) blocks() []map[string]any {
	blocks := []map[string]any{}
	if c.step.think != "" {
		blocks = append(blocks, map[string]any{"type": "thinking", "thinking": c.step.think, "signature": signature})
	}
	if c.step.say != "" {
		blocks = append(blocks, map[string]any{"type": "text", "text": c.step.say})
	}
	for i, call := range c.step.calls {
		blocks = append(blocks, map[string]any{
			"type": "tool_use", "id": c.toolIDs[i], "name": call.name, "input": call.input,
		})
	}
	return blocks
}

// signature stands where the API signs a thought; base64 of "played".
const signature = "cGxheWVk"

// message is the whole reply. With blocks nil it is how a stream begins.
func (c cue) message(model string, blocks []map[string]any) map[string]any {
	m := map[string]any{
		"type": "message", "id": c.messageID, "role": "assistant", "model": model,
		"content": blocks, "stop_reason": c.step.stopReason(), "stop_sequence": nil, "usage": c.usage.form(),
	}
	if blocks == nil {
		begun := c.usage
		begun.output = min(1, begun.output)
		m["content"], m["stop_reason"], m["usage"] = []any{}, nil, begun.form()
	}
	return m
}

// encode writes a value that is known to be possible in JSON, with sorted
// keys and without escapes for HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("fakemodel: " + err.Error()) // Parse has tried every value
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
