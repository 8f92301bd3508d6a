package policy

import (
	"errors"
	"io"
	"runtime"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// parsers holds parsers that are not in use. A parser belongs to one text at a
// time, and keeps nothing of it.
type parsers struct {
	pool sync.Pool
}

// parse reads a text as bash does (P1), and returns it as it was read: the
// offsets of the tree are offsets of src. The error says why it cannot.
func (p *parsers) parse(text string) (file *syntax.File, src string, err error) {
	parser, ok := p.pool.Get().(*syntax.Parser)
	if !ok {
		parser = syntax.NewParser(syntax.Variant(syntax.LangBash))
	}
	defer p.pool.Put(parser)
	file, err = parser.Parse(&depthReader{rest: text}, "")
	if err == nil || errors.Is(err, errTooDeep) {
		return file, text, err
	}
	if spaced := spaceSubshells(text); spaced != text {
		file, err = parser.Parse(&depthReader{rest: spaced}, "")
		text = spaced
	}
	return file, text, err
}

// depthReader hands a text to the parser, and stops a parser that has gone too
// deep. The parser descends once for each thing that the text opens, so its
// depth is that of the text, whatever was quoted; and a text that is not deep
// is parsed in time that grows with its length.
type depthReader struct {
	rest  string
	begun bool
}

// maxFrames is how deep the stack may be while the text is parsed, its caller's
// frames included. A $( ) takes about ten of them.
const maxFrames = 1500

var errTooDeep = errors.New("it is nested too deeply")

// Read implements [io.Reader]. The parser asks for about a kilobyte at a time.
func (r *depthReader) Read(b []byte) (int, error) {
	if r.rest == "" {
		return 0, io.EOF
	}
	if r.begun {
		var frame [1]uintptr
		if runtime.Callers(maxFrames, frame[:]) > 0 {
			return 0, errTooDeep
		}
	}
	r.begun = true
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
