package hands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	readLines = 2000 // lines, unless a limit is given
	readWidth = 2000 // characters of a line
)

func readTool() Tool {
	return Tool{
		Name:  "Read",
		About: "Reads a text file and returns its lines with their numbers.",
		Params: []Param{
			{Name: "file_path", Type: "string", About: "the file, absolute or from the project directory", Required: true},
			{Name: "offset", Type: "integer", About: "the first line to read; the first of the file is 1"},
			{Name: "limit", Type: "integer", About: "how many lines to read: 2000 unless given"},
		},
		ReadOnly: true,
		run:      runRead,
	}
}

type readInput struct {
	Path   string `json:"file_path"`
	Offset int    `json:"offset"`
	Limit  int    `json:"limit"`
}

func runRead(_ context.Context, w *workspace, input json.RawMessage) (Result, error) {
	var in readInput
	if err := parse(readTool(), input, &in); err != nil {
		return Result{}, err
	}
	if in.Offset < 0 || in.Limit < 0 {
		return Result{}, errors.New("offset and limit cannot be negative")
	}
	data, err := w.readText(in.Path)
	if err != nil {
		return Result{}, err
	}
	if len(data) == 0 {
		return textResult("(the file is empty)"), nil
	}
	text, err := numbered(data, max(in.Offset, 1), in.Limit)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", in.Path, err)
	}
	return textResult(text), nil
}

// numbered returns limit lines of data from line first on, with their numbers.
func numbered(data []byte, first, limit int) (string, error) {
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if first > len(lines) {
		return "", fmt.Errorf("there is no line %d: the file has %d", first, len(lines))
	}
	if limit == 0 {
		limit = readLines
	}
	end := first - 1 + min(limit, len(lines)-first+1)
	var b strings.Builder
	for i := first - 1; i < end; i++ {
		fmt.Fprintf(&b, "%6d\t%s\n", i+1, clipLine(lines[i]))
	}
	if end < len(lines) {
		fmt.Fprintf(&b, "\n[lines %d to %d of %d; read on with offset %d]\n", first, end, len(lines), end+1)
	}
	return b.String(), nil
}

// clipLine keeps one line readable.
func clipLine(line string) string {
	line = strings.TrimSuffix(line, "\r")
	if cut := first(line, readWidth); len(cut) < len(line) {
		return cut + " [... the line goes on]"
	}
	return line
}

// readText reads a text file that the model named.
func (w *workspace) readText(path string) ([]byte, error) {
	p, err := w.resolve(path)
	if err != nil {
		return nil, err
	}
	f, _, err := p.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, p.explain("read", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s grows while it is read: use Bash (tail)", path)
	}
	if isBinary(data) {
		return nil, fmt.Errorf("%s is not a text file: look at it with a program in Bash (file, xxd)", path)
	}
	return data, nil
}

// isBinary says that data begins like no text does.
func isBinary(data []byte) bool {
	return bytes.IndexByte(data[:min(len(data), 8<<10)], 0) >= 0
}
