package hands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

func editTool() Tool {
	return Tool{
		Name: "Edit",
		About: "Replaces a piece of text in a file. old_string must stand in the file exactly as given, white space included, " +
			"and only once unless replace_all is set.",
		Params: []Param{
			{Name: "file_path", Type: "string", About: "the file, absolute or from the project directory", Required: true},
			{Name: "old_string", Type: "string", About: "the text to replace", Required: true},
			{Name: "new_string", Type: "string", About: "the text to put there", Required: true},
			{Name: "replace_all", Type: "boolean", About: "replace every occurrence"},
		},
		run: runEdit,
	}
}

type editInput struct {
	Path string `json:"file_path"`
	Old  string `json:"old_string"`
	New  string `json:"new_string"`
	All  bool   `json:"replace_all"`
}

func runEdit(_ context.Context, w *workspace, input json.RawMessage) (Result, error) {
	var in editInput
	if err := parse(editTool(), input, &in); err != nil {
		return Result{}, err
	}
	data, err := w.readText(in.Path)
	if err != nil {
		return Result{}, err
	}
	text, count, err := in.apply(string(data))
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", in.Path, err)
	}
	p, err := w.resolve(in.Path)
	if err != nil {
		return Result{}, err
	}
	if _, err := p.write([]byte(text)); err != nil {
		return Result{}, err
	}
	line := 1 + strings.Count(string(data[:strings.Index(string(data), in.Old)]), "\n")
	return textResult(fmt.Sprintf("Edited %s: %d replaced, the first at line %d.", in.Path, count, line)), nil
}

// apply returns text with the replacement made, and how often.
func (in editInput) apply(text string) (string, int, error) {
	switch {
	case in.Old == "":
		return "", 0, errors.New("old_string is empty: use Write for a new file")
	case in.Old == in.New:
		return "", 0, errors.New("old_string and new_string are the same")
	}
	count := strings.Count(text, in.Old)
	switch {
	case count == 0 && strings.Contains(text, "\r\n") && strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), in.Old):
		return "", 0, errors.New(`old_string was not found: the lines of this file end with \r\n, so its text must too`)
	case count == 0:
		return "", 0, errors.New("old_string was not found: read the file again and copy the text exactly, without line numbers")
	case count > 1 && !in.All:
		return "", 0, fmt.Errorf("old_string stands there %d times: add lines around it until it is unique, or set replace_all", count)
	}
	return strings.ReplaceAll(text, in.Old, in.New), count, nil
}
