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

// Tool is one thing that the model can ask for.
type Tool struct {
	Name     string
	About    string // what the model reads
	Params   []Param
	ReadOnly bool // changes nothing: several may run at once

	run func(ctx context.Context, w *workspace, input json.RawMessage) (Result, error)
}

// Param is one argument of a tool.
type Param struct {
	Name     string
	Type     string // as JSON Schema names it
	About    string
	Required bool
	Enum     []string // the values it may have, or nil
}

// Tools returns the table of tools, in the order in which they are offered.
func Tools() []Tool {
	return []Tool{bashTool(), readTool(), writeTool(), editTool(), globTool(), grepTool()}
}

// errorResult is how a tool says that it could not do what it was asked.
func errorResult(text string) Result {
	text = strings.ToValidUTF8(text, "\uFFFD")
	return Result{Text: text, IsError: true, Bytes: int64(len(text))}
}

// textResult cuts text to what a model should read.
func textResult(text string) Result {
	cut, size := Cut(text, MaxText), int64(len(text))
	return Result{Text: cut, Bytes: size}
}

// run calls the tool by name. What goes wrong is a result too: the model reads
// it and can act on it.
func run(ctx context.Context, w *workspace, name string, input json.RawMessage) (result Result) {
	defer func() {
		if p := recover(); p != nil {
			result = errorResult(fmt.Sprintf("The tool %s failed inside: %v", name, p))
		}
	}()
	for _, t := range Tools() {
		if t.Name != name {
			continue
		}
		result, err := t.run(ctx, w, input)
		if err != nil {
			return errorResult(err.Error())
		}
		return result
	}
	return errorResult("There is no tool " + name + ".")
}

// parse reads a tool's arguments into v and says clearly what is wrong with
// them.
func parse(t Tool, input json.RawMessage, v any) error {
	if len(bytes.TrimSpace(input)) == 0 {
		input = json.RawMessage("{}")
	}
	given := map[string]json.RawMessage{}
	if err := json.Unmarshal(input, &given); err != nil {
		return fmt.Errorf("the input of %s must be a JSON object: %v", t.Name, err)
	}
	var names []string
	for _, p := range t.Params {
		names = append(names, p.Name)
		if _, ok := given[p.Name]; p.Required && !ok {
			return fmt.Errorf("%s needs %q (%s). Call it again with it", t.Name, p.Name, p.About)
		}
	}
	d := json.NewDecoder(bytes.NewReader(input))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%s: %q must be of type %s, not %s", t.Name, wrong.Field, schemaType(t, wrong.Field), wrong.Value)
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("%s: %s. Its arguments are %s", t.Name, strings.TrimPrefix(err.Error(), "json: "), strings.Join(names, ", "))
	}
	return nil
}

func schemaType(t Tool, param string) string {
	for _, p := range t.Params {
		if p.Name == param {
			return p.Type
		}
	}
	return "another"
}
