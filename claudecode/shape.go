package claudecode

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed golden.json
var golden []byte

// Shape is what the frames of a stream look like: for each kind of frame the
// paths of its fields, and which kinds of JSON value were seen there.
type Shape map[string]map[string]string

// GoldenScenario is the session that [Golden] was recorded from, as package
// fakemodel plays it: a Bash call that works, one that the hooks must deny
// (rm), and a last text.
const GoldenScenario = `
[[session]]
name = "golden"
[[session.step]]
tool = [{ name = "Bash", input = { command = "true", description = "try" } }]
[[session.step]]
tool = [{ name = "Bash", input = { command = "rm -rf x", description = "try" } }]
[[session.step]]
say = "That is all."
`

// Golden is the shape that was recorded from the program whose version this
// package was built for, in the session of [GoldenScenario]. A session that
// plays the same with another version shows what that version changed.
func Golden() Shape {
	var s Shape
	if err := json.Unmarshal(golden, &s); err != nil {
		panic("claudecode: golden.json: " + err.Error()) // it is part of the program
	}
	return s
}

// Add takes a frame, as [Agent.Trace] gives it. What is not JSON is ignored.
func (s Shape) Add(raw json.RawMessage) {
	var f map[string]any
	if json.Unmarshal(raw, &f) != nil {
		return
	}
	name := frameName(f)
	if byChance(name) {
		return
	}
	if s[name] == nil {
		s[name] = map[string]string{}
	}
	s.describe(s[name], "", f)
}

// frameName tells frames apart that differ in shape.
func frameName(f map[string]any) string {
	parts := []string{text(f["type"]), text(f["subtype"])}
	for _, key := range []string{"request", "event", "response"} {
		if inner, ok := f[key].(map[string]any); ok {
			parts = append(parts, text(inner["subtype"]), text(inner["type"]))
			if input, ok := inner["input"].(map[string]any); ok {
				parts = append(parts, text(input["hook_event_name"]))
			}
		}
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.Join(parts, "/")
}

// byChance says that a frame depends on how fast things go: it is no part of a
// shape.
func byChance(name string) bool {
	switch name {
	case "keep_alive", "tool_progress", "system/api_retry", "system/task_started", "system/task_updated",
		"system/task_notification", "system/task_progress":
		return true
	}
	return false
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// opaque are the fields whose inside is not the protocol's: it belongs to a
// tool, or lists what is installed.
func opaque(key string) bool {
	switch key {
	case "agents", "commands", "memory_paths", "models", "skills", "slash_commands", "tools",
		"tool_input", "tool_response", "tool_use_result", "server_tool_use":
		return true
	}
	return false
}

func (s Shape) describe(paths map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			at := strings.TrimPrefix(path+"."+key, ".")
			if strings.HasSuffix(path, "modelUsage") || strings.HasSuffix(path, "model_usage") {
				at = path + ".*"
			}
			seen(paths, at, inner)
			if !opaque(key) && !(key == "input" && strings.Contains(path, "[tool_use]")) {
				s.describe(paths, at, inner)
			}
		}
	case []any:
		for _, inner := range v {
			at := path + "[]"
			if m, ok := inner.(map[string]any); ok {
				at = path + "[" + text(m["type"]) + "]"
			}
			s.describe(paths, at, inner)
		}
	}
}

// seen adds the kind of v to those that were seen at path.
func seen(paths map[string]string, path string, v any) {
	kinds := strings.FieldsFunc(paths[path], func(r rune) bool { return r == '|' })
	if kind := kindOf(v); !slices.Contains(kinds, kind) {
		kinds = append(kinds, kind)
		slices.Sort(kinds)
	}
	paths[path] = strings.Join(kinds, "|")
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

// Drift is one difference between two shapes.
type Drift struct {
	Frame string // kind of frame
	Path  string // of the field; "" is the frame itself
	Was   string // kinds of value before; "" is new
	Is    string // kinds of value now; "" is missing
}

// String says what is missing, new or different, by name.
func (d Drift) String() string {
	what := strings.TrimSuffix(d.Frame+" "+d.Path, " ")
	switch {
	case d.Is == "":
		return what + " is missing"
	case d.Was == "":
		return what + " is new"
	}
	return fmt.Sprintf("%s was %s and is %s", what, d.Was, d.Is)
}

// Since compares s with an older shape. A value that is null on one side is no
// difference. The order is that of the names.
func (s Shape) Since(old Shape) []Drift {
	var drifts []Drift
	for _, frame := range union(s, old) {
		switch {
		case s[frame] == nil:
			drifts = append(drifts, Drift{Frame: frame, Was: "object"})
			continue
		case old[frame] == nil:
			drifts = append(drifts, Drift{Frame: frame, Is: "object"})
			continue
		}
		for _, path := range union(s[frame], old[frame]) {
			was, is := old[frame][path], s[frame][path]
			if was == "" || is == "" || !subset(is, was) {
				drifts = append(drifts, Drift{frame, path, was, is})
			}
		}
	}
	return drifts
}

// subset says that every kind of is was known before, or could not be seen.
func subset(is, was string) bool {
	known := strings.Split(was, "|")
	for _, kind := range strings.Split(is, "|") {
		if kind != "null" && !slices.Contains(known, kind) && was != "null" {
			return false
		}
	}
	return true
}

func union[V any](a, b map[string]V) []string {
	keys := slices.Collect(maps.Keys(a))
	keys = slices.AppendSeq(keys, maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}
