package fakemodel

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Scenario is what a played model does. It comes from [Parse] or [Load]; the
// zero Scenario has no step for anyone.
type Scenario struct {
	file     string
	lines    lineIndex
	sessions []session
	fallback *step // [default]; nil is a plain end of turn
}

// session is one conversation of the scenario.
type session struct {
	path  string
	name  string
	match *pattern
	times int
	again bool
	steps []step
}

// step is one reply of the model.
type step struct {
	path      string
	number    int // within its session, from 1; 0 for [default]
	when      *pattern
	prompt    *pattern // a later prompt that leads here
	otherwise bool     // an alternative to the step before
	times     int
	again     bool
	verbatim  bool

	think, say string
	calls      []call
	stop       string
	usage      *usage

	status  int    // of an error reply; 0 is a reply that goes well
	kind    string // the type of the error
	message string
	headers map[string]string

	broken      string
	delay, pace time.Duration
}

// call is one tool that the model asks for.
type call struct {
	path  string
	name  string
	input map[string]any
}

// Load reads a scenario from a file.
func Load(path string) (Scenario, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Scenario{}, fmt.Errorf("cannot read the scenario: %w", err)
	}
	s, err := Parse(data)
	if p, ok := errors.AsType[*problems](err); ok {
		p.file = path
	}
	s.file = path
	return s, err
}

// Parse reads a scenario. Its error names every problem, with line, value and
// what to write instead.
func Parse(data []byte) (Scenario, error) {
	found := &problems{}
	var root map[string]any
	if err := toml.Unmarshal(data, &root); err != nil {
		line := 1
		if e, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, _ = e.Position()
		}
		found.add(line, "this is not TOML: %s", strings.TrimPrefix(err.Error(), "toml: "))
		return Scenario{}, found.err()
	}
	s := Scenario{lines: indexLines(data)}
	t := &table{values: root, lines: s.lines, problems: found}
	for i, child := range t.tables("session") {
		s.sessions = append(s.sessions, readSession(child, i+1))
	}
	if child, ok := t.table("default"); ok {
		st := readReply(child)
		child.end()
		s.fallback = &st
	}
	t.end()
	if !t.has("session") && !t.has("default") {
		found.add(1, "nothing is played; write at least one [[session]] with a [[session.step]]")
	}
	checkSessions(t, s.sessions)
	if err := found.err(); err != nil {
		return Scenario{}, err
	}
	return s, nil
}

func readSession(t *table, number int) session {
	s := session{path: t.path, name: t.text("name"), match: readPattern(t, "match")}
	if s.name == "" {
		s.name = "session " + strconv.Itoa(number)
	}
	s.times, s.again = readTimes(t)
	for i, child := range t.tables("step") {
		st := readStep(child)
		st.number = i + 1
		s.steps = append(s.steps, st)
	}
	if len(s.steps) == 0 {
		t.bad("", "the session %q has no steps; write a [[session.step]] below it", s.name)
	}
	checkOrder(t, s.steps)
	t.end()
	return s
}

func readStep(t *table) step {
	when, prompt := readPattern(t, "when"), readPattern(t, "prompt")
	otherwise := t.flag("else")
	times, again := readTimes(t)
	st := readReply(t)
	st.when, st.prompt, st.otherwise, st.times, st.again = when, prompt, otherwise, times, again
	if otherwise && prompt != nil {
		t.bad("else", "else and prompt cannot be in one step; a prompt begins a new part of the session")
	}
	t.end()
	return st
}

func readTimes(t *table) (times int, again bool) {
	times, again = t.number("times", 1, 1), t.flag("again")
	if again && t.has("times") {
		t.bad("again", "again and times cannot both be given; again means any number of times")
	}
	return times, again
}

func readPattern(t *table, key string) *pattern {
	source := t.text(key)
	if source == "" {
		return nil
	}
	if checkTemplate(t, key, source) && !strings.Contains(source, "{{") {
		if _, err := newPattern(source); err != nil {
			t.bad(key, "%s is %q: %v; between slashes stands a regular expression as Go writes them", key, source, err)
		}
	}
	return &pattern{source: source}
}

// stopReasons are those of the Messages API.
func stopReasons() []string {
	return []string{"end_turn", "tool_use", "max_tokens", "stop_sequence", "pause_turn", "refusal", "model_context_window_exceeded"}
}

// readReply reads the part of a step that says what is sent.
func readReply(t *table) step {
	st := step{path: t.path, verbatim: t.flag("verbatim")}
	st.think, st.say, st.message = t.text("think"), t.text("say"), t.text("message")
	st.calls = readCalls(t, st.verbatim)
	st.stop = t.choice("stop", stopReasons())
	st.broken = t.choice("broken", breaks())
	st.delay, st.pace = t.duration("delay"), t.duration("pace")
	st.usage = readUsage(t)
	st.headers = readHeaders(t)
	readError(t, &st)
	if !st.verbatim {
		for _, key := range []string{"think", "say", "message"} {
			checkTemplate(t, key, t.values[key])
		}
		checkTemplate(t, "headers", t.values["headers"])
	}
	checkReply(t, st)
	return st
}

func readCalls(t *table, verbatim bool) []call {
	var calls []call
	for _, child := range t.tables("tool") {
		c := call{path: child.path, name: child.text("name")}
		input, _ := child.table("input")
		c.input = input.values
		if c.input == nil {
			c.input = map[string]any{}
		}
		if c.name == "" {
			child.bad("name", `a tool has no name; write name = "Bash" or another`)
		}
		if _, err := json.Marshal(c.input); err != nil {
			child.bad("input", "the input of %q cannot be written as JSON: %v", c.name, err)
		}
		if !verbatim {
			checkTemplate(child, "input", c.input)
		}
		child.end()
		calls = append(calls, c)
	}
	return calls
}

func readUsage(t *table) *usage {
	child, ok := t.table("usage")
	if !ok {
		return nil
	}
	defer child.end()
	return &usage{
		input:      child.number("input", 0, 0),
		output:     child.number("output", 0, 0),
		cacheRead:  child.number("cache_read", 0, 0),
		cacheWrite: child.number("cache_write", 0, 0),
	}
}

func readHeaders(t *table) map[string]string {
	headers := map[string]string{}
	child, _ := t.table("headers")
	for key := range child.values {
		headers[key] = child.text(key)
		if strings.ContainsAny(key, " :\r\n\t") || key == "" {
			child.bad(key, "%q is not the name of a header", key)
		}
	}
	if n := t.number("retry_after", 0, -1); n >= 0 {
		headers["retry-after"] = strconv.Itoa(n)
	}
	return headers
}

// readError fills in the status of an error from its type, and the other way.
func readError(t *table, st *step) {
	st.kind, st.status = t.text("error"), t.number("status", 400, 0)
	switch {
	case st.status > 599:
		t.bad("status", "status is %d; an error has a status from 400 to 599", st.status)
	case st.kind != "" && st.status == 0:
		if st.status = statusOf(st.kind); st.status == 0 {
			t.bad("error", "error is %q; use one of %s, or give a status too", st.kind, strings.Join(errorKinds(), ", "))
		}
	case st.status != 0 && st.kind == "":
		st.kind = kindOf(st.status)
	}
}

// checkReply reports what cannot stand together in one step.
func checkReply(t *table, st step) {
	reply := []string{"think", "say", "tool", "stop", "usage", "broken"}
	given := slices.DeleteFunc(slices.Clone(reply), func(key string) bool { return !t.has(key) })
	isError := t.has("status") || t.has("error")
	switch {
	case isError && len(given) > 0:
		t.bad(given[0], "%s stands beside an error; an error is a step of its own", given[0])
	case !isError && t.has("message"):
		t.bad("message", "message is the text of an error; give error or status too, or write say")
	case !isError && len(given) == 0:
		t.bad("", "the step does nothing; write say, think, tool, stop, broken, error or status")
	case st.stop == "tool_use" && len(st.calls) == 0:
		t.bad("stop", `stop is "tool_use" but there is no tool; add one or take stop away`)
	}
}

// checkOrder reports steps that hang in the air or are never reached.
func checkOrder(t *table, steps []step) {
	for i, st := range steps {
		last := i == len(steps)-1
		if st.otherwise && (i == 0 || steps[i-1].when == nil) {
			t.problems.add(t.lines.line(st.path), "else needs a step with when just before it")
		}
		if st.again && st.when == nil && !last && steps[i+1].prompt == nil {
			t.problems.add(t.lines.line(st.path),
				"the steps after this one are never reached, since again has no end; add when, or give times")
		}
	}
}

func checkSessions(t *table, sessions []session) {
	names := map[string]bool{}
	for i, s := range sessions {
		line := t.lines.line(s.path)
		if names[s.name] {
			t.problems.add(line, "two sessions are named %q; give each its own name", s.name)
		}
		names[s.name] = true
		if s.again && s.match == nil && i < len(sessions)-1 {
			t.problems.add(line, "the sessions after %q are never reached, since it fits every conversation; add match, or give times", s.name)
		}
	}
}
