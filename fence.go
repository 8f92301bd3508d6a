package autosession

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Fence is a small Gate: file tools stay inside the project, what is protected
// stays as it is, our state is out of reach, and commands that hold a denied
// word are refused. It does not understand a shell: it is no wall.
type Fence struct {
	Dir       string   // the project, absolute
	State     string   // our state directory, absolute
	Home      string   // the person's, absolute; "" is unknown
	Protected []string // names or patterns of files in the project that no file tool writes
	Deny      []string // words that no command may hold
}

// fields are what the file tools and the shell are given.
type fields struct {
	FilePath     string `json:"file_path"`
	NotebookPath string `json:"notebook_path"`
	Path         string `json:"path"`
	Command      string `json:"command"`
}

// Judge denies what it does not know.
func (f Fence) Judge(_ context.Context, c ToolCall) Verdict {
	var in fields
	if len(c.Input) > 0 {
		if err := json.Unmarshal(c.Input, &in); err != nil {
			return Verdict{Rule: "input", Reason: "the tool's input cannot be read: " + err.Error()}
		}
	}
	switch c.Tool {
	case "Bash":
		return f.command(in.Command)
	case "Read":
		return f.inside(in.FilePath)
	case "Glob", "Grep":
		if in.Path == "" {
			return Verdict{Allow: true, Rule: "inside"}
		}
		return f.inside(in.Path)
	case "Write", "Edit", "MultiEdit":
		return f.write(in.FilePath, c.Granted)
	case "NotebookEdit":
		return f.write(in.NotebookPath, c.Granted)
	case "TodoWrite":
		return Verdict{Allow: true, Rule: "tools"}
	}
	return Verdict{Rule: "tools", Reason: fmt.Sprintf("the tool %q is not allowed here; work with Bash, Read, Write, Edit, Glob and Grep", c.Tool)}
}

func (f Fence) command(command string) Verdict {
	for _, word := range f.Deny {
		if strings.Contains(command, word) {
			return Verdict{Rule: "deny", Reason: fmt.Sprintf("the command holds %q, which is denied by the configuration; do it another way", word)}
		}
	}
	if f.State != "" && strings.Contains(command, f.State) {
		return Verdict{Rule: "state", Reason: "the command names the state of autosession, which is out of reach; work inside the project"}
	}
	return Verdict{Allow: true, Rule: "command"}
}

func (f Fence) inside(path string) Verdict {
	if path == "" {
		return Verdict{Rule: "inside", Reason: "the tool's input names no path"}
	}
	rel, ok := f.relative(path)
	if !ok {
		return Verdict{Rule: "inside", Reason: fmt.Sprintf("%s is outside the project; work inside %s", path, f.Dir)}
	}
	if rel == ".git" || strings.HasPrefix(rel, ".git/") {
		return Verdict{Rule: "git", Reason: path + " belongs to git; use git commands instead"}
	}
	return Verdict{Allow: true, Rule: "inside"}
}

func (f Fence) write(path string, granted []string) Verdict {
	if v := f.inside(path); !v.Allow {
		return v
	}
	rel, _ := f.relative(path)
	matches := func(pattern string) bool { return protects(pattern, rel) }
	if slices.ContainsFunc(f.Protected, matches) && !grants(granted, rel) {
		return Verdict{Rule: "protected", Reason: rel + " is protected; leave it as it is and change your own work instead"}
	}
	return Verdict{Allow: true, Rule: "inside"}
}

// relative gives the path in the project, with slashes.
func (f Fence) relative(path string) (string, bool) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.Dir, path)
	}
	rel, err := filepath.Rel(f.Dir, filepath.Clean(path))
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}
