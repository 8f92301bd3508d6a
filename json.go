package autosession

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// element is one value of an array, and where it begins in its file.
type element struct {
	value  json.RawMessage
	offset int64
}

// placed is one member of an object, and where its value begins.
type placed struct {
	member
	offset int64
}

// readArray splits an array into its values. base is where data begins in its
// file.
func readArray(data []byte, base int64) ([]element, []Problem) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if token, err := dec.Token(); err != nil || token != json.Delim('[') {
		return nil, []Problem{{Offset: base, Text: "the list must be an array of features and is " + clip(string(data), 40)}}
	}
	var out []element
	for dec.More() {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, []Problem{{Offset: base + dec.InputOffset(), Text: err.Error()}}
		}
		out = append(out, element{value, base + dec.InputOffset() - int64(len(value))})
	}
	return out, nil
}

// readObject splits an object into its members, in order. A name that stands
// twice is a problem. base is where data begins in its file.
func readObject(data []byte, base int64) ([]placed, []Problem) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return nil, []Problem{{Offset: base, Text: "a feature must be an object and is " + clip(string(data), 40)}}
	}
	var out []placed
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, []Problem{{Offset: base + dec.InputOffset(), Text: err.Error()}}
		}
		name := token.(string) // the decoder gives nothing else for a name
		if seen[name] {
			return nil, []Problem{{Offset: base + dec.InputOffset(), Text: fmt.Sprintf("the field %q stands twice in one object", name)}}
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, []Problem{{Offset: base + dec.InputOffset(), Text: err.Error()}}
		}
		out = append(out, placed{member{name, value}, base + dec.InputOffset() - int64(len(value))})
	}
	return out, nil
}

// formatJSON writes a value as a person would: "&" stays "&".
func formatJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// formatText writes text or a list of texts, which always can be written.
func formatText(v any) []byte {
	data, err := formatJSON(v)
	if err != nil {
		panic("autosession: a text cannot be written: " + err.Error())
	}
	return data
}

// formatObject writes members in order.
func formatObject(members []member) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(formatText(m.name))
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}
