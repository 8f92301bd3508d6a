package fakemodel

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/autosession/autosession/internal/fill"
)

// checkTemplate reports the places below a value that cannot be filled in.
func checkTemplate(t *table, key string, value any) bool {
	_, err := each(value, func(s string) (string, error) {
		return fillText(s, time.Time{}, func(string) (string, error) { return "", nil }) // the values come with Start
	})
	if err != nil {
		t.bad(key, "%s: %v; or verbatim = true keeps {{ as it is", key, err)
	}
	return err == nil
}

// fillText fills in the values and the moments of a text.
func fillText(text string, now time.Time, value func(name string) (string, error)) (string, error) {
	return fill.Text(text, func(name, argument string) (string, error) {
		switch bare, isValue := strings.CutPrefix(name, "."); {
		case isValue:
			return value(bare)
		case name == "after":
			span, err := time.ParseDuration(argument)
			return strconv.FormatInt(now.Add(span).Unix(), 10), err
		}
		return "", fmt.Errorf("there is no %s; there are values, as {{.Name}}, and {{after `4h`}}", name)
	})
}

// filler puts values into the texts of a scenario.
type filler struct {
	values   map[string]string
	now      time.Time
	lines    lineIndex
	problems problems
}

// fill returns the scenario with all templates filled in.
func (s Scenario) fill(values map[string]string, now time.Time) (Scenario, error) {
	f := &filler{values: values, now: now, lines: s.lines, problems: problems{file: s.file}}
	filled := Scenario{file: s.file, lines: s.lines}
	for _, se := range s.sessions {
		se.match = f.pattern(se.path+".match", se.match)
		steps := make([]step, 0, len(se.steps))
		for _, st := range se.steps {
			steps = append(steps, f.step(st))
		}
		se.steps = steps
		filled.sessions = append(filled.sessions, se)
	}
	if s.fallback != nil {
		st := f.step(*s.fallback)
		filled.fallback = &st
	}
	return filled, f.problems.err()
}

func (f *filler) step(st step) step {
	st.when = f.pattern(st.path+".when", st.when)
	st.prompt = f.pattern(st.path+".prompt", st.prompt)
	if st.verbatim {
		return st
	}
	st.think = f.text(st.path+".think", st.think)
	st.say = f.text(st.path+".say", st.say)
	st.message = f.text(st.path+".message", st.message)
	headers := map[string]string{}
	for name, value := range st.headers {
		headers[name] = f.text(st.path+".headers."+name, value)
	}
	st.headers = headers
	calls := make([]call, 0, len(st.calls))
	for _, c := range st.calls {
		input, err := each(c.input, f.execute)
		if err != nil {
			f.problems.add(f.lines.line(c.path+".input"), "the input of %s: %v", c.name, err)
			continue
		}
		c.input = input.(map[string]any)
		calls = append(calls, c)
	}
	st.calls = calls
	return st
}

func (f *filler) text(path, source string) string {
	s, err := f.execute(source)
	if err != nil {
		f.problems.add(f.lines.line(path), "%v", err)
	}
	return s
}

func (f *filler) pattern(path string, p *pattern) *pattern {
	if p == nil {
		return nil
	}
	filled, err := newPattern(f.text(path, p.source))
	if err != nil {
		f.problems.add(f.lines.line(path), "%q is not a regular expression: %v", p.source, err)
	}
	return filled
}

func (f *filler) execute(source string) (string, error) {
	return fillText(source, f.now, func(name string) (string, error) {
		value, ok := f.values[name]
		if !ok {
			return "", fmt.Errorf("there is no value %s; give it in Options.Values", name)
		}
		return value, nil
	})
}

// each changes every text below a value, and leaves the value itself alone.
func each(value any, change func(string) (string, error)) (any, error) {
	switch v := value.(type) {
	case string:
		return change(v)
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			changed, err := each(item, change)
			if err != nil {
				return nil, err
			}
			m[key] = changed
		}
		return m, nil
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			changed, err := each(item, change)
			if err != nil {
				return nil, err
			}
			list = append(list, changed)
		}
		return list, nil
	}
	return value, nil
}
