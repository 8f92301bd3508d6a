package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// checkJSON compares one field of the JSON value on stdout, or keeps it.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	keep := len(args) == 3 && args[1] == ">"
	if len(args) != 2 && !keep || keep && neg {
		ts.Fatalf("usage: [!] json PATH VALUE, or json PATH > NAME")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &v); err != nil {
		ts.Fatalf("stdout is not one JSON value: %v", err)
	}
	got, found := field(v, args[0])
	if !found {
		ts.Fatalf("there is no field %s", args[0])
	}
	switch {
	case keep:
		ts.Setenv(args[2], text(got))
	case same(got, args[1]) == neg:
		ts.Fatalf("%s is %s and should%s be %s", args[0], text(got), map[bool]string{true: " not"}[neg], args[1])
	}
}

// field finds a field by its path: names and positions with dots between them.
// @count is the number of elements, @keys the sorted names of an object, and
// name=value the first element of an array whose field has the value.
func field(v any, path string) (any, bool) {
	for part := range strings.SplitSeq(path, ".") {
		switch t := v.(type) {
		case map[string]any:
			if part == "@keys" {
				return strings.Join(slices.Sorted(maps.Keys(t)), " "), true
			}
			inner, ok := t[part]
			if !ok {
				return nil, false
			}
			v = inner
		case []any:
			if part == "@count" {
				return float64(len(t)), true
			}
			i, err := strconv.Atoi(part)
			if name, value, chosen := strings.Cut(part, "="); chosen {
				i, err = slices.IndexFunc(t, func(e any) bool {
					got, found := field(e, name)
					return found && same(got, value)
				}), nil
			}
			if err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			v = t[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// same compares a field with a value as a script writes it: JSON, else a text.
func same(got any, want string) bool {
	var v any
	if json.Unmarshal([]byte(want), &v) == nil && reflect.DeepEqual(got, v) {
		return true
	}
	return got == want
}

// text is a field as a script writes it.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return string(data)
}

// jsonLines sees that every line of stdout is a JSON object and that some of
// them match.
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: jsonlines N REGEXP")
	}
	want, err := regexp.Compile(args[1])
	ts.Check(err)
	n := 0
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			ts.Fatalf("%q is not a JSON object: %v", line, err)
		}
		if want.MatchString(line) {
			n++
		}
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d lines match %s and should be %s", n, args[1], args[0])
	}
}
