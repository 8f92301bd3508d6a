package autosession

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Feature is one entry of the feature list. A feature that was read is written
// as it was read, with the fields that we do not know and in their order; only
// Passes follows the field here.
type Feature struct {
	ID          string
	Category    string
	Description string
	Steps       []string
	Passes      bool
	Priority    int // smaller is earlier; 0 is none
	DependsOn   []string
	Verify      string // a command that shows whether the feature works

	members []member // as read, in order
	sum     string   // hash, when the feature was read
	flawed  bool     // a field has the wrong type
}

// member is one name and value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// MarshalJSON writes the feature as it was read, with Passes as it is now.
func (f Feature) MarshalJSON() ([]byte, error) {
	return formatObject(f.object()), nil
}

// UnmarshalJSON reads one feature. The error names the field and what it must
// be.
func (f *Feature) UnmarshalJSON(data []byte) error {
	read, problems := parseFeature(data, 0)
	if len(problems) > 0 {
		return fmt.Errorf("cannot read a feature: %s", problems[0].Text)
	}
	*f = read
	return nil
}

// hash is the same for features that say the same, whatever their layout and
// whether they pass.
func (f Feature) hash() string {
	if f.sum != "" {
		return f.sum
	}
	f.Passes = false
	var canonical bytes.Buffer
	fields := map[string]json.RawMessage{}
	for _, m := range f.object() {
		fields[m.name] = m.value
	}
	// encoding/json sorts the keys of a map.
	enc := json.NewEncoder(&canonical)
	if err := enc.Encode(normalise(fields)); err != nil {
		panic("autosession: a feature that was read cannot be written: " + err.Error())
	}
	sum := sha256.Sum256(canonical.Bytes())
	return hex.EncodeToString(sum[:8])
}

// normalise decodes values so that their layout and the order of their keys
// does not count. Numbers keep their digits.
func normalise(fields map[string]json.RawMessage) map[string]any {
	out := make(map[string]any, len(fields))
	for name, raw := range fields {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		var v any
		if dec.Decode(&v) == nil {
			out[name] = v
		}
	}
	return out
}

// object returns the members to write: those that were read with the present
// value of passes, or all known ones for a feature that was made in memory.
func (f Feature) object() []member {
	passes := json.RawMessage("false")
	if f.Passes {
		passes = json.RawMessage("true")
	}
	if f.members == nil {
		return f.known(passes)
	}
	out := make([]member, 0, len(f.members)+1)
	seen := false
	for _, m := range f.members {
		if m.name == "passes" {
			m.value, seen = passes, true
		}
		out = append(out, m)
	}
	if !seen {
		out = append(out, member{"passes", passes})
	}
	return out
}

func (f Feature) known(passes json.RawMessage) []member {
	var out []member
	add := func(name string, v any) { out = append(out, member{name, formatText(v)}) }
	if f.ID != "" {
		add("id", f.ID)
	}
	add("category", f.Category)
	add("description", f.Description)
	add("steps", append([]string{}, f.Steps...))
	if f.Priority != 0 {
		add("priority", f.Priority)
	}
	if len(f.DependsOn) > 0 {
		add("depends_on", f.DependsOn)
	}
	if f.Verify != "" {
		add("verify", f.Verify)
	}
	return append(out, member{"passes", passes})
}

// parseFeature reads one object. offset is where data begins in its file.
func parseFeature(data []byte, offset int64) (Feature, []Problem) {
	members, problems := readObject(data, offset)
	if len(problems) > 0 {
		return Feature{}, problems
	}
	f := Feature{members: make([]member, 0, len(members))}
	for _, m := range members {
		f.members = append(f.members, m.member)
		if text := f.set(m.name, m.value); text != "" {
			problems = append(problems, Problem{Offset: m.offset, Text: text})
		}
	}
	f.flawed = len(problems) > 0
	f.sum = f.hash()
	return f, problems
}

// set takes over one field, or says what is wrong with it.
func (f *Feature) set(name string, value json.RawMessage) string {
	var err error
	want := "a text"
	switch name {
	case "id":
		f.ID, err = idText(value)
		want = "a text or a whole number"
	case "category":
		err = json.Unmarshal(value, &f.Category)
	case "description":
		err = json.Unmarshal(value, &f.Description)
	case "verify":
		err = json.Unmarshal(value, &f.Verify)
	case "steps":
		err = json.Unmarshal(value, &f.Steps)
		want = "a list of texts"
	case "depends_on":
		f.DependsOn, err = idTexts(value)
		want = "a list of feature ids"
	case "passes":
		want = "true or false"
		if string(value) == "null" {
			return "\"passes\" is null and must be true or false"
		}
		err = json.Unmarshal(value, &f.Passes)
	case "priority":
		f.Priority, err = priority(value)
		want = "a whole number or one of critical, high, medium, low"
	}
	if err != nil {
		return fmt.Sprintf("%q is %s and must be %s", name, clip(string(value), 40), want)
	}
	return ""
}

// idText reads an id: a text, or a number as others' tools write it.
func idText(value json.RawMessage) (string, error) {
	var s string
	if err := json.Unmarshal(value, &s); err == nil {
		return s, nil
	}
	var n int64
	if err := json.Unmarshal(value, &n); err != nil {
		return "", err
	}
	return fmt.Sprint(n), nil
}

func idTexts(value json.RawMessage) ([]string, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(value, &raw); err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range raw {
		id, err := idText(r)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// priority reads a number, or one of the words that others' tools write.
func priority(value json.RawMessage) (int, error) {
	var n int
	err := json.Unmarshal(value, &n)
	if err == nil {
		return n, nil
	}
	var word string
	if json.Unmarshal(value, &word) != nil {
		return 0, err
	}
	for i, w := range []string{"critical", "high", "medium", "low"} {
		if strings.EqualFold(word, w) {
			return i + 1, nil
		}
	}
	return 0, err
}

// clip shortens a text to n bytes, at a rune's border, and marks the cut.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	cut := n
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
