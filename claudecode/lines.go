package claudecode

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine is how much of a line is kept in memory as it came, in bytes. A
// longer one is shrunk while it is read.
const maxLine = 8 << 20

// line is one line of the program, without its end.
type line struct {
	data []byte // valid until the next call of next
	size int64  // in bytes, as it came
	cut  bool   // data is shrunk: long strings have lost their ends
	half bool   // the stream ended before the line did
}

// lineReader splits a stream into lines of any length in bounded memory. A
// line above maxLine is shrunk on its way in: its strings lose their ends and
// its shape stays, so that a frame with one huge string is still understood.
type lineReader struct {
	r    *bufio.Reader
	data []byte
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// next returns the next line that is not blank. Its error is that of the
// stream; a half line comes before it.
func (lr *lineReader) next() (line, error) {
	if cap(lr.data) > maxLine/8 {
		lr.data = nil // one huge line must not keep its memory
	}
	for {
		l, err := lr.read()
		if len(bytes.TrimSpace(l.data)) > 0 {
			return l, nil
		}
		if err != nil {
			return line{}, err
		}
	}
}

func (lr *lineReader) read() (line, error) {
	lr.data = lr.data[:0]
	var size int64
	var small *shrinker
	for {
		part, err := lr.r.ReadSlice('\n')
		size += int64(len(part))
		if small == nil && size > maxLine {
			small = newShrinker(longString)
			small.Write(lr.data)
			lr.data = nil
		}
		if small != nil {
			small.Write(part)
		} else {
			lr.data = append(lr.data, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		l := line{data: lr.data, cut: small != nil, half: err != nil}
		if small != nil {
			l.data = small.out
		}
		l.data = trimEnd(l.data)
		if err == nil {
			size--
		}
		l.size = size
		return l, err
	}
}

func trimEnd(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}
