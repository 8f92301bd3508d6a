package hands

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxLine is the longest line that either side accepts, in bytes without its
// end.
const MaxLine = 16 << 20

// ErrLongLine says that a line was longer than MaxLine. It was skipped; the
// next one can be read.
var ErrLongLine = errors.New("cannot read a line longer than 16 MiB")

// Request is one line from the head to the hands.
type Request struct {
	Op    string          `json:"op"`              // "open", "call" or "cancel"
	ID    int64           `json:"id,omitempty"`    // of a call, from 1
	Dir   string          `json:"dir,omitempty"`   // open: the project, absolute
	Tool  string          `json:"tool,omitempty"`  // call
	Input json.RawMessage `json:"input,omitempty"` // call: the tool's arguments
}

// Reply is one line from the hands to the head. ID 0 answers "open".
type Reply struct {
	ID int64 `json:"id"`
	Result
}

// Result is how a tool ended.
type Result struct {
	Text    string `json:"text"`
	IsError bool   `json:"is_error,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"` // of the whole text, before it was cut
}

// Lines reads lines of bounded length.
type Lines struct {
	r *bufio.Reader
}

// NewLines returns a reader of the lines of r.
func NewLines(r io.Reader) *Lines {
	return &Lines{bufio.NewReaderSize(r, 64<<10)}
}

// Next returns the next line without its end; what follows the last end counts
// as a line if it is not empty. The error is ErrLongLine or that of the reader,
// io.EOF at its end.
func (l *Lines) Next() ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		end := err == nil
		if end {
			part = part[:len(part)-1]
		}
		if long = long || len(line)+len(part) > MaxLine; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && len(line) == 0 && !long:
			return nil, err
		case long:
			return nil, ErrLongLine
		}
		return line, nil
	}
}

// Writer writes values as JSON lines. It may be used by several goroutines.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
}

// NewWriter returns a writer of lines to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes v as one line.
func (w *Writer) Write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cannot write a line: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("cannot write a line: %w", err)
	}
	return nil
}
