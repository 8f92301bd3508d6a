package fakemodel

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// event is one event of a stream.
type event struct {
	name string
	data map[string]any
}

// frame is the event as it goes over the wire.
func (e event) frame() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", e.name, encode(e.data))
	return b.Bytes()
}

func newEvent(name string, data map[string]any) event {
	if data == nil {
		data = map[string]any{}
	}
	data["type"] = name
	return event{name, data}
}

// events are the whole reply as a stream.
func (c cue) events(model string) []event {
	all := []event{
		newEvent("message_start", map[string]any{"message": c.message(model, nil)}),
		newEvent("ping", nil),
	}
	for i, b := range c.blocks() {
		all = append(all, blockEvents(i, b)...)
	}
	return append(all,
		newEvent("message_delta", map[string]any{
			"delta": map[string]any{"stop_reason": c.step.stopReason(), "stop_sequence": nil},
			"usage": c.usage.form(),
		}),
		newEvent("message_stop", nil))
}

// blockEvents are one block: its start, its parts, its end.
func blockEvents(index int, b map[string]any) []event {
	start, deltas := map[string]any{"type": b["type"]}, []map[string]any{}
	split := func(kind, field, text string) {
		for _, part := range chunks(text) {
			deltas = append(deltas, map[string]any{"type": kind, field: part})
		}
	}
	switch b["type"] {
	case "thinking":
		start["thinking"], start["signature"] = "", ""
		split("thinking_delta", "thinking", b["thinking"].(string))
		deltas = append(deltas, map[string]any{"type": "signature_delta", "signature": b["signature"]})
	case "text":
		start["text"] = ""
		split("text_delta", "text", b["text"].(string))
	case "tool_use":
		start["id"], start["name"], start["input"] = b["id"], b["name"], map[string]any{}
		split("input_json_delta", "partial_json", string(encode(b["input"])))
	}
	all := []event{newEvent("content_block_start", map[string]any{"index": index, "content_block": start})}
	for _, d := range deltas {
		all = append(all, newEvent("content_block_delta", map[string]any{"index": index, "delta": d}))
	}
	return append(all, newEvent("content_block_stop", map[string]any{"index": index}))
}

// chunks cuts a text into at most about two dozen parts, none of them shorter
// than a dozen bytes but the last, and never within a letter.
func chunks(text string) []string {
	size := max(12, len(text)/24)
	var parts []string
	for len(text) > size {
		cut := size
		for cut < len(text) && !utf8.RuneStart(text[cut]) {
			cut++
		}
		parts, text = append(parts, text[:cut]), text[cut:]
	}
	return append(parts, text)
}
