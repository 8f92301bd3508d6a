package fakemodel

import "encoding/json"

// usage is what a reply is said to have cost, in tokens.
type usage struct {
	input, output, cacheRead, cacheWrite int
}

// tokens estimates how many tokens some bytes are. English and code have
// about four bytes to a token.
func tokens(size int) int { return (size + 3) / 4 }

// sizes returns how many bytes a request has, and how many of them lie before
// its last mark for the cache.
func (a ask) sizes() (all, marked int) {
	for _, t := range a.Tools {
		all += len(t)
		var b block
		if json.Unmarshal(t, &b) == nil && given(b.CacheControl) {
			marked = all
		}
	}
	parts := []content{a.System}
	for _, m := range a.Messages {
		parts = append(parts, m.Content)
	}
	for _, part := range parts {
		for _, b := range part {
			all += b.size
			if given(b.CacheControl) {
				marked = all
			}
		}
	}
	if given(a.CacheControl) {
		marked = all
	}
	return all, marked
}

// price estimates the usage of a reply. cached is how many bytes of the
// conversation earlier requests have put into the cache.
func (a ask) price(cached, output int) usage {
	all, marked := a.sizes()
	if marked == 0 {
		return usage{input: tokens(all), output: tokens(output)}
	}
	read := min(cached, marked)
	return usage{
		input:      max(1, tokens(all-marked)), // the API never says 0
		cacheRead:  tokens(read),
		cacheWrite: tokens(marked - read),
		output:     tokens(output),
	}
}

func given(raw []byte) bool { return len(raw) > 0 && string(raw) != "null" }

// form is the usage as the API writes it.
func (u usage) form() map[string]any {
	return map[string]any{
		"input_tokens":                u.input,
		"output_tokens":               u.output,
		"cache_read_input_tokens":     u.cacheRead,
		"cache_creation_input_tokens": u.cacheWrite,
		"cache_creation": map[string]any{
			"ephemeral_5m_input_tokens": u.cacheWrite,
			"ephemeral_1h_input_tokens": 0,
		},
		"service_tier": "standard",
	}
}
