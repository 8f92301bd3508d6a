package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// player is the smallest agent that can play the scenario: it asks the model,
// runs the tools with the rules that real agents have, and waits for nothing.
type player struct {
	dir  string
	env  []string
	url  string
	read map[string]bool // files that this conversation has seen

	limited int      // replies that asked to wait
	failed  []string // tool calls that ended with an error, but for refused ones
	refused []string // tool calls that a gate would refuse
	said    string   // last
}

// tries is how often the player asks again when the connection is cut.
const tries = 3

type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   string          `json:"content,omitempty"`
	IsError   bool            `json:"is_error,omitempty"`
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// converse holds one conversation to its end. It returns false when the
// connection was cut in every try.
func (p *player) converse(prompt string) (whole bool, err error) {
	p.read = map[string]bool{}
	messages := []message{{Role: "user", Content: []block{{Type: "text", Text: prompt}}}}
	for cuts := 0; cuts < tries; {
		reply, err := p.ask(messages)
		switch {
		case errors.Is(err, errCut):
			cuts++
			continue
		case err != nil:
			return false, err
		case reply == nil:
			p.limited++
			continue
		}
		var results []block
		for _, b := range reply {
			switch b.Type {
			case "text":
				p.said = b.Text
			case "tool_use":
				results = append(results, p.tool(b))
			}
		}
		if results == nil {
			return true, nil
		}
		messages = append(messages, message{"assistant", reply}, message{"user", results})
	}
	return false, nil
}

var errCut = errors.New("the connection was cut")

// ask returns the model's reply, or nil when it asks to wait.
func (p *player) ask(messages []message) ([]block, error) {
	body, err := json.Marshal(map[string]any{
		"model": "played", "max_tokens": 1000, "messages": messages,
		"tools": []any{map[string]any{"name": "Bash", "input_schema": map[string]any{"type": "object"}}},
	})
	if err != nil {
		return nil, err
	}
	answer, err := http.Post(p.url+"/v1/messages", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, errCut
	}
	defer answer.Body.Close()
	var reply struct{ Content []block }
	switch err := json.NewDecoder(answer.Body).Decode(&reply); {
	case err != nil:
		return nil, errCut
	case answer.StatusCode == http.StatusTooManyRequests && answer.Header.Get("retry-after") != "":
		return nil, nil
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the model answers %s", answer.Status)
	}
	return reply.Content, nil
}

// tool runs one call.
func (p *player) tool(call block) block {
	var in struct {
		Command   string `json:"command"`
		FilePath  string `json:"file_path"`
		Content   string `json:"content"`
		OldString string `json:"old_string"`
		NewString string `json:"new_string"`
	}
	result := block{Type: "tool_result", ToolUseID: call.ID}
	err := json.Unmarshal(call.Input, &in)
	what := call.Name + " " + strings.TrimPrefix(in.Command+in.FilePath, p.dir+"/")
	if name := filepath.Base(in.FilePath); name == SpecFile && call.Name != "Read" {
		p.refused = append(p.refused, what)
		result.Content, result.IsError = "Not allowed: "+SpecFile+" is protected", true
		return result
	}
	if err == nil {
		switch call.Name {
		case "Bash":
			result.Content, err = p.bash(in.Command)
		case "Read":
			result.Content, err = p.readFile(in.FilePath)
		case "Write":
			err = p.writeFile(in.FilePath, in.Content)
		case "Edit":
			err = p.edit(in.FilePath, in.OldString, in.NewString)
		default:
			err = errors.New("there is no such tool")
		}
	}
	if err != nil {
		p.failed = append(p.failed, fmt.Sprintf("%s: %v\n%s", what, err, result.Content))
		result.Content, result.IsError = err.Error()+"\n"+result.Content, true
	}
	if result.Content == "" {
		result.Content = "(no output)"
	}
	return result
}

// bash runs a command as agents and checks do.
func (p *player) bash(command string) (output string, err error) {
	c := exec.Command("bash", "--noprofile", "--norc", "-c", command)
	c.Dir, c.Env = p.dir, p.env
	out, err := c.CombinedOutput()
	return string(out), err
}

func (p *player) readFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	p.read[path] = true
	return string(data), err
}

// known refuses what Claude Code refuses: to change a file unseen.
func (p *player) known(path string) error {
	if _, err := os.Stat(path); err == nil && !p.read[path] {
		return errors.New("the file was not read in this conversation")
	}
	if !strings.HasPrefix(path, p.dir+"/") {
		return errors.New("the file is outside the project")
	}
	p.read[path] = true
	return nil
}

func (p *player) writeFile(path, content string) error {
	if err := p.known(path); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o666)
}

func (p *player) edit(path, old, new string) error {
	if err := p.known(path); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if n := strings.Count(string(data), old); n != 1 {
		return fmt.Errorf("the old string occurs %d times", n)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o666)
}

// environment is a clean one, with an empty HOME and so without any cache.
func environment(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	// Otherwise go starts a process that outlives it and writes to HOME.
	mode := filepath.Join(home, ".config", "go", "telemetry", "mode")
	if err := os.MkdirAll(filepath.Dir(mode), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mode, []byte("off"), 0o666); err != nil {
		t.Fatal(err)
	}
	return []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(),
		"GOPROXY=off", "GOTOOLCHAIN=local",
		"GIT_AUTHOR_NAME=played", "GIT_AUTHOR_EMAIL=played@example.invalid",
		"GIT_COMMITTER_NAME=played", "GIT_COMMITTER_EMAIL=played@example.invalid",
	}
}
