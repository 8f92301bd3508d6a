package fakemodel

import (
	"bytes"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
)

// lineIndex tells on which line of a file a value is named. A value is known
// by its path, such as "session[0].step[2].say".
type lineIndex map[string]int

// indexLines reads a file that is known to be sound TOML.
func indexLines(data []byte) lineIndex {
	x := lineIndexer{lines: lineIndex{}, count: map[string]int{}, data: data}
	x.parser.Reset(data)
	table := ""
	for x.parser.NextExpression() {
		node := x.parser.Expression()
		switch node.Kind {
		case unstable.ArrayTable:
			table = x.element(node)
		case unstable.Table:
			table = x.walk("", node.Key())
		case unstable.KeyValue:
			x.keyValue(table, node)
		}
	}
	return x.lines
}

// line returns the line of the value at path, or that of the nearest value
// that holds it.
func (l lineIndex) line(path string) int {
	for path != "" {
		if n, ok := l[path]; ok {
			return n
		}
		cut := max(0, lastByteOf(path, ".["))
		path = path[:cut]
	}
	return 1
}

func lastByteOf(s, chars string) int {
	return bytes.LastIndexAny([]byte(s), chars)
}

type lineIndexer struct {
	parser unstable.Parser
	data   []byte
	lines  lineIndex
	count  map[string]int // elements of each array of tables so far
}

// element notes one more [[table]] and returns its path.
func (x *lineIndexer) element(node *unstable.Node) string {
	array, line := "", 1
	for it := node.Key(); it.Next(); {
		if array != "" {
			array = x.latest(array)
		}
		array = join(array, string(it.Node().Data))
		line = x.lineOf(it.Node())
	}
	x.count[array]++
	path := x.latest(array)
	x.lines[path] = line
	return path
}

// walk follows a key from a table, notes its parts and returns where it ends.
func (x *lineIndexer) walk(path string, key unstable.Iterator) string {
	for key.Next() {
		path = join(path, string(key.Node().Data))
		if _, seen := x.lines[path]; !seen {
			x.lines[path] = x.lineOf(key.Node())
		}
		path = x.latest(path)
	}
	return path
}

func (x *lineIndexer) keyValue(table string, node *unstable.Node) {
	x.value(x.walk(table, node.Key()), node.Value())
}

func (x *lineIndexer) value(path string, node *unstable.Node) {
	it, i := node.Children(), 0
	switch node.Kind {
	case unstable.InlineTable:
		for it.Next() {
			x.keyValue(path, it.Node())
		}
	case unstable.Array:
		for it.Next() {
			if it.Node().Kind == unstable.Comment {
				continue
			}
			x.value(path+"["+strconv.Itoa(i)+"]", it.Node())
			i++
		}
	}
}

// latest names the newest element when path is an array of tables.
func (x *lineIndexer) latest(path string) string {
	if n := x.count[path]; n > 0 {
		return path + "[" + strconv.Itoa(n-1) + "]"
	}
	return path
}

func (x *lineIndexer) lineOf(node *unstable.Node) int {
	end := min(int(node.Raw.Offset), len(x.data))
	return 1 + bytes.Count(x.data[:end], []byte{'\n'})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
