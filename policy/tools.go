package policy

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"github.com/autosession/autosession"
)

// fileTool is a tool that works on one path.
type fileTool struct {
	field    string // of its input that holds the path
	optional bool   // without a path it works on the project
	pattern  string // a further field with a glob that could leave the path
	use      use
}

var fileTools = map[string]fileTool{
	"Read":         {field: "file_path", use: useRead},
	"Write":        {field: "file_path", use: useWrite},
	"Edit":         {field: "file_path", use: useWrite},
	"MultiEdit":    {field: "file_path", use: useWrite},
	"NotebookEdit": {field: "notebook_path", use: useWrite},
	"NotebookRead": {field: "notebook_path", use: useRead},
	"Glob":         {field: "path", optional: true, pattern: "pattern", use: useRead},
	"Grep":         {field: "path", optional: true, pattern: "glob", use: useRead},
	"LS":           {field: "path", optional: true, use: useRead},
}

func toolRule(tool string) string {
	if t, ok := fileTools[tool]; ok {
		return ruleOf(t.use)
	}
	return "tool"
}

// judgeTool judges a tool that is no shell: a file tool by the path that it
// names, any other by its name.
func (p *Policy) judgeTool(c autosession.ToolCall) *refusal {
	if p.denied[c.Tool] {
		return &refusal{rule: "deny", part: c.Tool, why: "is denied by the configuration", instead: "do without it"}
	}
	t, ok := fileTools[c.Tool]
	if !ok {
		for _, name := range p.opt.Tools {
			if prefix, any := strings.CutSuffix(name, "*"); name == c.Tool || any && strings.HasPrefix(c.Tool, prefix) {
				return nil
			}
		}
		return &refusal{rule: "tool", part: c.Tool, why: "is not an allowed tool", instead: "use Bash, Read, Write, Edit, Glob or Grep",
			fix: Setting{"tools", c.Tool}}
	}
	text, r := stringField(c.Input, t.field)
	if r != nil {
		if t.optional && r == errNoField {
			text = p.opt.Project
		} else {
			return r
		}
	}
	if r := p.judgeFile(text, t.use); r != nil {
		return r
	}
	if t.pattern == "" {
		return nil
	}
	glob, r := stringField(c.Input, t.pattern)
	if r == errNoField {
		return nil
	}
	if r != nil {
		return r
	}
	return p.judgeGlob(text, glob)
}

// judgeFile judges the path of a file tool. feature_list.json may be edited:
// that is how an agent claims.
func (p *Policy) judgeFile(text string, u use) *refusal {
	if text == "" || strings.ContainsRune(text, 0) {
		return &refusal{rule: ruleOf(u), why: "the call names no file", instead: "give an absolute path"}
	}
	if strings.HasPrefix(text, "~") {
		if p.opt.Home == "" || text != "~" && text[1] != '/' {
			return &refusal{rule: ruleOf(u), part: text, why: "cannot be resolved", instead: "give an absolute path"}
		}
		text = p.opt.Home + text[1:]
	}
	if r := rawPath(literalArg(text), text, u); r != nil {
		r.part = text
		return r
	}
	why, instead, fix := p.judgePlace(locate(p.opt.Project, text, plainText), u, true)
	if why == "" {
		return nil
	}
	return &refusal{rule: ruleOf(u), part: text, why: why, instead: instead, fix: fix}
}

// judgeGlob refuses a pattern that leads out of the directory it starts in.
func (p *Policy) judgeGlob(dir, glob string) *refusal {
	start := glob
	if i := strings.IndexAny(start, "*?[{"); i >= 0 {
		start = start[:i]
	}
	if strings.Contains(glob, "..") || path.IsAbs(start) {
		if strings.Contains(strings.TrimPrefix(glob, start), "..") {
			return &refusal{rule: "P7", part: glob, why: "leads out of the directory it starts in", instead: "use a pattern without .."}
		}
		if !path.IsAbs(start) {
			start = path.Join(dir, start)
		}
		return p.judgeFile(path.Clean(start), useRead)
	}
	return nil
}

var errNoField = &refusal{rule: "P1", why: "the call has no such field", instead: "give it"}

// stringField returns a field of a tool's input. Names that differ only in
// case are refused: not all that read the input tell them apart.
func stringField(input json.RawMessage, name string) (string, *refusal) {
	bad := func(why string) *refusal {
		return &refusal{rule: "P1", why: "the input of the call " + why, instead: "send a JSON object with the text field " + name}
	}
	dec := json.NewDecoder(bytes.NewReader(input))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return "", bad("is no JSON object")
	}
	text, found := "", false
	for dec.More() {
		key, err := dec.Token()
		var raw json.RawMessage
		if err != nil || dec.Decode(&raw) != nil {
			return "", bad("is broken")
		}
		k, _ := key.(string)
		if !strings.EqualFold(k, name) {
			continue
		}
		if found || k != name || raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
			return "", bad("names " + name + " twice, or is not a text")
		}
		found = true
	}
	if _, err := dec.Token(); err != nil || dec.More() {
		return "", bad("is broken")
	}
	if !found {
		return "", errNoField
	}
	return text, nil
}
