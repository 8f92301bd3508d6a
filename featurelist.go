package autosession

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ListFile is the name of the feature list in a project.
const ListFile = "feature_list.json"

// MaxListSize is how large a feature list may be, in bytes.
const MaxListSize = 16 << 20

// FeatureList is what feature_list.json holds: an array of features, or an
// object that holds the array under "features".
type FeatureList struct {
	Features []Feature
	wrapper  []member // the object around the array, with an empty value in the array's place; nil for none
}

// Problem is one thing that is wrong with a file, and where.
type Problem struct {
	Line, Column int   // from 1
	Offset       int64 // in bytes, from 0
	Text         string
}

// ListError says that a feature list is not sound. It holds every problem
// that was found.
type ListError struct {
	Problems []Problem
}

// Error names the place of each problem, at most ten of them.
func (e *ListError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i == 10 {
			fmt.Fprintf(&b, "; and %d more", len(e.Problems)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		if p.Line > 0 {
			fmt.Fprintf(&b, "%s:%d:%d: %s", ListFile, p.Line, p.Column, p.Text)
		} else {
			fmt.Fprintf(&b, "%s: %s", ListFile, p.Text)
		}
	}
	return b.String()
}

// ParseFeatureList reads a feature list strictly: UTF-8 without a byte order
// mark, no text after the end, no name twice in one object, each feature an
// object with a description and with fields of the right type, no id twice and
// none that looks like a place, such as "#2".
// The error is a [*ListError]. Where only the contents of features are wrong
// the list is returned as well.
func ParseFeatureList(data []byte) (FeatureList, error) {
	list, problems := parseList(data)
	if len(problems) == 0 {
		return list, nil
	}
	for i := range problems {
		problems[i].Line, problems[i].Column = position(data, problems[i].Offset)
	}
	return list, &ListError{Problems: problems}
}

func parseList(data []byte) (FeatureList, []Problem) {
	switch {
	case len(data) > MaxListSize:
		return FeatureList{}, []Problem{{Text: fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), MaxListSize)}}
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return FeatureList{}, []Problem{{Text: "the file begins with a byte order mark; save it as plain UTF-8"}}
	case !utf8.Valid(data):
		return FeatureList{}, []Problem{{Offset: invalidUTF8(data), Text: "this is not UTF-8"}}
	case len(bytes.TrimSpace(data)) == 0:
		return FeatureList{}, []Problem{{Text: "the file is empty"}}
	}
	value, problems := readValue(data)
	if len(problems) > 0 {
		return FeatureList{}, problems
	}
	var list FeatureList
	array, offset := value, int64(bytes.IndexByte(data, value[0]))
	if value[0] == '{' {
		array, offset, problems = list.unwrap(value, offset)
		if len(problems) > 0 {
			return FeatureList{}, problems
		}
	}
	elements, problems := readArray(array, offset)
	if len(problems) > 0 {
		return FeatureList{}, problems
	}
	return list, list.take(elements)
}

// unwrap finds the array under "features" and remembers what is around it.
func (l *FeatureList) unwrap(object []byte, base int64) ([]byte, int64, []Problem) {
	members, problems := readObject(object, base)
	if len(problems) > 0 {
		return nil, 0, problems
	}
	var array []byte
	var offset int64
	for _, m := range members {
		if m.name == "features" {
			array, offset = m.value, m.offset
			m.value = nil
		}
		l.wrapper = append(l.wrapper, m.member)
	}
	if array == nil {
		return nil, 0, []Problem{{Offset: base, Text: `the object has no "features"; the list is an array of features, or an object that holds it under "features"`}}
	}
	return array, offset, nil
}

// take turns the elements of the array into features.
func (l *FeatureList) take(elements []element) []Problem {
	var problems []Problem
	first := map[string]int{}
	for i, e := range elements {
		f, bad := parseFeature(e.value, e.offset)
		problems = append(problems, bad...)
		if len(bad) == 0 && strings.TrimSpace(f.Description) == "" {
			problems = append(problems, Problem{Offset: e.offset, Text: fmt.Sprintf("feature %d has no description", i+1)})
		}
		if placeKey.MatchString(f.ID) {
			problems = append(problems, Problem{Offset: e.offset, Text: fmt.Sprintf("feature %d has the id %q; a feature without an id is called so by its place; give it another one", i+1, f.ID)})
		}
		if f.ID != "" {
			if at, twice := first[f.ID]; twice {
				problems = append(problems, Problem{Offset: e.offset, Text: fmt.Sprintf("features %d and %d have the same id %q", at, i+1, f.ID)})
			} else {
				first[f.ID] = i + 1
			}
		}
		l.Features = append(l.Features, f)
	}
	return problems
}

// Key names a feature of the list: its id, or "#" and its position from 1.
func (l FeatureList) Key(i int) string { return featureKey(l.Features[i], i) }

func featureKey(f Feature, i int) string {
	switch {
	case f.ID == "":
		return fmt.Sprintf("#%d", i+1)
	case placeKey.MatchString(f.ID): // no list is read any more that has one, but a ledger of old may
		return strconv.Quote(f.ID)
	}
	return f.ID
}

// placeKey is how a feature without an id is called.
var placeKey = regexp.MustCompile(`^#[0-9]+$`)

// Sound says what is wrong with a list that an init session has made: fewer
// than least features, or one that passes already. It returns "" when the
// list can become the ledger.
func (l FeatureList) Sound(least int) string {
	if len(l.Features) < least || len(l.Features) == 0 {
		return fmt.Sprintf("it has %d features and needs at least %d", len(l.Features), max(least, 1))
	}
	var passing []string
	for i, f := range l.Features {
		if f.Passes {
			passing = append(passing, l.Key(i))
		}
	}
	if len(passing) > 0 {
		return fmt.Sprintf("every feature must start with \"passes\": false, and these do not: %s", clip(strings.Join(passing, ", "), 200))
	}
	return l.danglingDependency()
}

// danglingDependency names a feature that waits for one that is not there.
func (l FeatureList) danglingDependency() string {
	var keys []string
	for i := range l.Features {
		keys = append(keys, l.Key(i))
	}
	for i, f := range l.Features {
		for _, d := range f.DependsOn {
			if !slices.Contains(keys, d) {
				return fmt.Sprintf("feature %s depends on %q, which is not in the list", l.Key(i), d)
			}
		}
	}
	return ""
}

// Format writes the list with two spaces of indentation and a final newline.
func (l FeatureList) Format() ([]byte, error) {
	array, err := formatJSON(l.Features)
	if l.Features == nil {
		array, err = []byte("[]"), nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot write the feature list: %w", err)
	}
	if l.wrapper != nil {
		members := slices.Clone(l.wrapper)
		for i := range members {
			if members[i].name == "features" {
				members[i].value = array
			}
		}
		array = formatObject(members)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, array, "", "  "); err != nil {
		return nil, fmt.Errorf("cannot write the feature list: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// same says whether two lists say the same, layout aside.
func (l FeatureList) same(m FeatureList) bool { return l.sameFeatures(m) && l.sameAround(m) }

func (l FeatureList) sameFeatures(m FeatureList) bool {
	return slices.EqualFunc(l.Features, m.Features, func(a, b Feature) bool {
		return a.Passes == b.Passes && a.hash() == b.hash()
	})
}

// sameAround says whether the objects around two lists say the same. One that
// holds nothing but the list is as good as none.
func (l FeatureList) sameAround(m FeatureList) bool {
	around := func(wrapper []member) map[string]any {
		fields := map[string]json.RawMessage{}
		for _, m := range wrapper {
			if m.name != "features" {
				fields[m.name] = m.value
			}
		}
		return normalise(fields)
	}
	return l.wrapper == nil && m.wrapper == nil || reflect.DeepEqual(around(l.wrapper), around(m.wrapper))
}

// invalidUTF8 is the offset of the first byte that is no UTF-8.
func invalidUTF8(data []byte) int64 {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return int64(i)
		}
		i += n
	}
	return 0
}

// position turns an offset into line and column, both from 1, in bytes.
func position(data []byte, offset int64) (line, column int) {
	before := data[:min(int(offset), len(data))]
	return bytes.Count(before, []byte{'\n'}) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// readValue checks that data is one JSON value and returns it trimmed.
func readValue(data []byte) (json.RawMessage, []Problem) {
	dec := json.NewDecoder(bytes.NewReader(data))
	var value json.RawMessage
	if err := dec.Decode(&value); err != nil {
		return nil, []Problem{syntaxProblem(err, int64(len(data)))}
	}
	end := dec.InputOffset()
	if rest := bytes.TrimSpace(data[end:]); len(rest) > 0 {
		at := end + int64(bytes.Index(data[end:], rest[:1]))
		return nil, []Problem{{Offset: at, Text: "there is text after the end of the list"}}
	}
	return bytes.TrimSpace(value), nil
}

func syntaxProblem(err error, size int64) Problem {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return Problem{Offset: max(syntax.Offset-1, 0), Text: "this is not JSON: " + syntax.Error()}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return Problem{Offset: size, Text: "the file ends in the middle of the list"}
	}
	return Problem{Text: "this is not JSON: " + err.Error()}
}
