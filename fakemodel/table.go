package fakemodel

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// table reads one table of a scenario and collects what is wrong with it. The
// keys that are asked for are the ones that it may have.
type table struct {
	path     string
	values   map[string]any
	lines    lineIndex
	problems *problems
	asked    []string
}

func (t *table) line(key string) int { return t.lines.line(join(t.path, key)) }

func (t *table) bad(key, format string, args ...any) {
	t.problems.add(t.line(key), format, args...)
}

func (t *table) has(key string) bool { _, ok := t.values[key]; return ok }

// get returns the value of a key, if it is there and of type T.
func get[T any](t *table, key, want string) (T, bool) {
	t.asked = append(t.asked, key)
	v, there := t.values[key]
	value, fits := v.(T)
	if there && !fits {
		t.bad(key, "%s is %s; it must be %s", key, show(v), want)
	}
	return value, fits
}

func (t *table) text(key string) string {
	s, _ := get[string](t, key, `text in quotes`)
	return s
}

func (t *table) flag(key string) bool {
	b, _ := get[bool](t, key, "true or false")
	return b
}

// number returns a whole number of at least low, or without when there is none.
func (t *table) number(key string, low, without int) int {
	n, ok := get[int64](t, key, "a whole number")
	if !ok {
		return without
	}
	if n < int64(low) || n > 1<<40 {
		t.bad(key, "%s is %d; it must be at least %d and not huge", key, n, low)
		return without
	}
	return int(n)
}

func (t *table) duration(key string) time.Duration {
	s, ok := get[string](t, key, `a duration in quotes, such as "200ms" or "2s"`)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		t.bad(key, `%s is %q; write a duration such as "200ms" or "2s"`, key, s)
	}
	return d
}

// choice returns one of several words.
func (t *table) choice(key string, words []string) string {
	s := t.text(key)
	if s != "" && !slices.Contains(words, s) {
		t.bad(key, "%s is %q; use one of %s", key, s, strings.Join(words, ", "))
	}
	return s
}

// table returns the table under a key; an empty one when there is none.
func (t *table) table(key string) (*table, bool) {
	m, ok := get[map[string]any](t, key, "a table")
	return t.child(join(t.path, key), m), ok
}

// tables returns the tables of an array of tables.
func (t *table) tables(key string) []*table {
	list, _ := get[[]any](t, key, "an array of tables")
	var all []*table
	for i, v := range list {
		path := join(t.path, key) + "[" + strconv.Itoa(i) + "]"
		m, ok := v.(map[string]any)
		if !ok {
			t.problems.add(t.lines.line(path), "%s holds %s; each entry must be a table", key, show(v))
			continue
		}
		all = append(all, t.child(path, m))
	}
	return all
}

func (t *table) child(path string, m map[string]any) *table {
	return &table{path: path, values: m, lines: t.lines, problems: t.problems}
}

// end reports the keys that nobody asked for.
func (t *table) end() {
	for key := range t.values {
		if !slices.Contains(t.asked, key) {
			t.bad(key, "unknown key %q; %s", key, advise(key, t.asked))
		}
	}
}

// advise names the key that was probably meant, or all of them.
func advise(key string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(key, k); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return "did you mean " + strconv.Quote(best) + "?"
	}
	known = slices.Sorted(slices.Values(known))
	return "the keys here are " + strings.Join(known, ", ")
}

// distance counts the letters to change, add or take away (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// show describes a value that has the wrong type.
func show(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case map[string]any:
		return "a table"
	case []any:
		return "an array"
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return "a value of another type"
}
