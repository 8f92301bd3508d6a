// Package redact takes keys and tokens out of what is written down: of text,
// and of JSON without breaking it.
//
// It knows values that it was given, and the shapes of common keys. It cannot
// know a secret that looks like any other word, and keeps nothing from being
// read or sent: that is what a sandbox is for.
package redact

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

// Shortest is how many bytes a value must have to be taken for a secret. A
// shorter one may be any word.
const Shortest = 8

// Redactor takes secrets out. The zero value knows the shapes alone. It is
// used by many goroutines at once.
type Redactor struct {
	values []string // and the ways in which they are written, the longest first
}

// New makes a Redactor that knows these values beside the shapes. Values that
// are shorter than [Shortest], without the white space around them, are left
// out.
func New(values ...string) *Redactor {
	r := &Redactor{}
	for _, value := range values {
		if value = strings.TrimSpace(value); len(value) < Shortest || strings.Contains(Mark, value) {
			continue
		}
		for _, form := range []string{value, quoted(value, false), quoted(value, true), url.QueryEscape(value), url.PathEscape(value)} {
			if !slices.Contains(r.values, form) {
				r.values = append(r.values, form)
			}
		}
	}
	slices.SortStableFunc(r.values, func(a, b string) int { return len(b) - len(a) })
	return r
}

// quoted is how a text is written in JSON, without the quotes.
func quoted(text string, html bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if err := enc.Encode(text); err != nil {
		panic(err) // a string can be written
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// Text replaces each secret in a text by [Mark].
func (r *Redactor) Text(text string) string {
	return knownKeys(privateKeys(r.Values(text)))
}

// Values replaces the values that it was given alone: in a text that somebody
// goes on to work with, where what only looks like a key may be needed.
func (r *Redactor) Values(text string) string {
	for _, value := range r.values {
		text = strings.ReplaceAll(text, value, Mark)
	}
	return text
}

// Raw replaces each secret in the strings of a JSON value by [Mark], also one
// that is written with escapes. What was valid stays valid, and what holds no
// secret is returned as it is. What is not valid is taken as text.
func (r *Redactor) Raw(raw json.RawMessage) json.RawMessage {
	if r.plain(string(raw)) {
		return raw
	}
	if !json.Valid(raw) {
		return json.RawMessage(r.Text(string(raw)))
	}
	var out json.RawMessage
	done := 0 // of raw is in out
	for at := bytes.IndexByte(raw, '"'); at >= 0; {
		end := stringEnd(raw, at)
		if clean, changed := r.inString(raw[at:end]); changed {
			out = append(append(out, raw[done:at]...), clean...)
			done = end
		}
		next := bytes.IndexByte(raw[end:], '"')
		if next < 0 {
			break
		}
		at = end + next
	}
	if done == 0 {
		return raw
	}
	return append(out, raw[done:]...)
}

// plain says that JSON holds no secret: none as it stands, and no escapes that
// could hide one. The values are known as JSON writes them, too.
func (r *Redactor) plain(text string) bool {
	return !strings.Contains(text, `\u`) && !strings.Contains(text, `\/`) && r.Text(text) == text
}

// stringEnd is where the JSON string that begins at a place ends.
func stringEnd(raw []byte, at int) int {
	for i := at + 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

// inString redacts one JSON string, with its quotes.
func (r *Redactor) inString(literal []byte) (clean []byte, changed bool) {
	text := string(literal[1 : len(literal)-1])
	if r.plain(text) {
		return literal, false
	}
	escaped := strings.Contains(text, `\`)
	if escaped && json.Unmarshal(literal, &text) != nil {
		return literal, false // not reached: it is valid
	}
	redacted := r.Text(text)
	if redacted == text {
		return literal, false
	}
	if escaped {
		redacted = quoted(redacted, false)
	}
	return []byte(`"` + redacted + `"`), true
}
