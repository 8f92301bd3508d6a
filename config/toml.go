package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxProblems is how many problems of one file are reported: enough for a
// person, and a bound on what a hostile file costs.
const maxProblems = 100

// maxEntries is how many entries of one file are read: far more than there
// are settings. The strict decoder is slow on many keys.
const maxEntries = 1000

// file is the text of one configuration file while it is read.
type file struct {
	path     string
	base     string // what its relative paths start from
	data     []byte
	lines    []int // offset of the beginning of each line
	entries  []entry
	problems []Problem
}

// parseFile reads the entries of a file. It goes on after a problem where it
// can, to find the others as well.
func parseFile(path, base string, data []byte) ([]entry, []Problem) {
	f := &file{path: path, base: base, data: data, lines: []int{0}}
	for i, c := range data {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	f.prepare()
	f.walk()
	f.verify()
	sort.SliceStable(f.problems, func(i, j int) bool { return f.problems[i].Line < f.problems[j].Line })
	return f.entries, f.problems
}

// prepare reports what is wrong with the bytes, before they are TOML.
func (f *file) prepare() {
	if mark := []byte("\xef\xbb\xbf"); bytes.HasPrefix(f.data, mark) {
		f.report(0, "", "the file begins with a byte order mark", "save it as UTF-8 without one")
		f.data = append([]byte("   "), f.data[len(mark):]...) // offsets stay right
	}
	if !utf8.Valid(f.data) {
		offset := 0
		for offset < len(f.data) {
			r, n := utf8.DecodeRune(f.data[offset:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			offset += n
		}
		f.report(offset, "", "the file is not valid UTF-8", "save it as UTF-8")
	}
}

// walk collects one entry per key.
func (f *file) walk() {
	var p unstable.Parser
	p.Reset(f.data)
	seen := map[string]int{}
	for p.NextExpression() && len(f.problems) < maxProblems {
		node := p.Expression()
		key, offset := keyOf(node)
		if node.Kind != unstable.KeyValue {
			f.report(offset, "["+key+"]", "settings are flat, there are no tables", "remove this line and write all settings below each other")
			continue
		}
		if line, again := seen[key]; again {
			f.report(offset, key, fmt.Sprintf("is set already on line %d", line), "remove one of the two")
			continue
		}
		seen[key], _ = f.position(offset)
		if len(f.entries) == maxEntries {
			f.report(offset, key, fmt.Sprintf("is one setting more than the %d that a file may hold", maxEntries), "look at what this file is")
			return
		}
		value := literalOf(&p, node.Value())
		if value.offset < 0 {
			value.offset = offset
		}
		f.add(key, offset, value)
	}
}

func (f *file) add(key string, offset int, value literal) {
	line, column := f.position(offset)
	e := entry{
		key: key, value: value, base: f.base, keyLine: line, keyColumn: column,
		source: fmt.Sprintf("%s:%d", f.path, line),
		place:  Problem{Source: f.path, Value: value.shown()},
	}
	e.place.Line, e.place.Column = f.position(value.offset)
	f.entries = append(f.entries, e)
}

// verify lets the strict decoder look over the whole document, since walk
// believes more than TOML permits. It finds the first fault alone; one on a
// line that has a problem already is the same.
func (f *file) verify() {
	if len(f.entries) == maxEntries {
		return
	}
	var document map[string]any
	err := toml.Unmarshal(f.data, &document)
	if err == nil {
		return
	}
	line, column := 1, 1
	if fault, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column = fault.Position()
	}
	for _, p := range f.problems {
		if p.Line == line {
			return
		}
	}
	p := Problem{
		Source: f.path, Line: line, Column: column, Value: clip(strings.TrimSpace(f.line(line))),
		Text: "is not TOML: " + strings.TrimPrefix(err.Error(), "toml: "),
		Fix:  `write name = value, with texts in quotes: model = "…"`,
	}
	f.entries = slices.DeleteFunc(f.entries, func(e entry) bool {
		if e.keyLine == line {
			p.Key, p.Value = e.key, e.place.Value
		}
		return e.keyLine == line
	})
	f.problems = append(f.problems, p)
}

func (f *file) report(offset int, key, text, fix string) {
	line, column := f.position(offset)
	f.problems = append(f.problems, Problem{Source: f.path, Line: line, Column: column, Key: clip(key), Text: text, Fix: fix})
}

// position turns an offset into line and column, from 1.
func (f *file) position(offset int) (line, column int) {
	line = sort.SearchInts(f.lines, offset+1)
	return line, offset - f.lines[line-1] + 1
}

// line is the text of a line.
func (f *file) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	text, _, _ := bytes.Cut(f.data[f.lines[n-1]:], []byte("\n"))
	return string(text)
}

// keyOf returns the key of an expression, with dots, and where it begins.
func keyOf(node *unstable.Node) (key string, offset int) {
	var parts []string
	for it := node.Key(); it.Next(); {
		part := it.Node()
		if len(parts) == 0 {
			offset = int(part.Raw.Offset)
		}
		parts = append(parts, string(part.Data))
	}
	return strings.Join(parts, "."), offset
}

// literalOf copies a value out of the parser. Its offset is -1 where the
// parser does not tell.
func literalOf(p *unstable.Parser, node *unstable.Node) literal {
	l := scalarOf(p, node)
	if node.Kind != unstable.Array {
		return l
	}
	l.form = listForm
	for it := node.Children(); it.Next(); {
		l.items = append(l.items, scalarOf(p, it.Node()))
	}
	return l
}

func scalarOf(p *unstable.Parser, node *unstable.Node) literal {
	l := literal{form: otherForm, text: string(node.Data), offset: -1}
	if node.Raw.Length > 0 {
		l.offset = int(node.Raw.Offset)
	}
	switch node.Kind {
	case unstable.String:
		l.form = textForm
	case unstable.Integer:
		l.form = integerForm
	case unstable.Float:
		l.form = floatForm
	case unstable.Bool:
		l.form, l.offset = booleanForm, int(p.Range(node.Data).Offset)
	}
	return l
}
