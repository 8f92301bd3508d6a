package autosessiontest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/autosession/autosession"
)

// Agent is an agent whose conversations are Go functions: no model and no
// program of its own. What it runs is real.
type Agent struct {
	// Play is one turn: what the agent does after a prompt, and how the turn
	// ends. Required.
	Play func(t *Turn) autosession.Outcome
	// Refuse, when not nil, may make Open fail.
	Refuse func(t autosession.Task) error
}

// Turn is one turn of a conversation.
type Turn struct {
	Task   autosession.Task
	Prompt string
	Number int // of the turn in its conversation, from 1

	ctx         context.Context
	interrupted <-chan struct{}
	c           *conversation
}

type conversation struct {
	agent *Agent
	task  autosession.Task

	mu        sync.Mutex
	turns     int
	usage     autosession.Usage
	interrupt chan struct{} // closed by Interrupt; a new one for each turn
	procs     []autosession.Process
}

// Open starts nothing.
func (a *Agent) Open(_ context.Context, t autosession.Task) (autosession.Conversation, error) {
	if a.Refuse != nil {
		if err := a.Refuse(t); err != nil {
			return nil, err
		}
	}
	return &conversation{agent: a, task: t, interrupt: make(chan struct{})}, nil
}

// Info names the scripted agent.
func (c *conversation) Info() autosession.Info {
	return autosession.Info{ID: "conversation of " + c.task.Session, Agent: "scripted", Model: c.task.Model, Lane: "played"}
}

// Run plays one turn.
func (c *conversation) Run(ctx context.Context, prompt string) (autosession.Result, error) {
	c.mu.Lock()
	c.turns++
	c.interrupt = make(chan struct{})
	t := &Turn{Task: c.task, Prompt: prompt, Number: c.turns, ctx: ctx, interrupted: c.interrupt, c: c}
	c.mu.Unlock()
	outcome := c.agent.Play(t)
	if ctx.Err() != nil {
		outcome = autosession.Outcome{Class: autosession.OutcomeInterrupted}
	}
	return autosession.Result{Outcome: outcome, Usage: c.spent()}, nil
}

// Interrupt ends the waits of the turn.
func (c *conversation) Interrupt(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.interrupt:
	default:
		close(c.interrupt)
	}
	return nil
}

// Close kills what Bash left running.
func (c *conversation) Close() error {
	c.mu.Lock()
	procs := c.procs
	c.procs = nil
	c.mu.Unlock()
	for _, p := range procs {
		if err := p.Stop(0); err != nil {
			return err
		}
	}
	return nil
}

func (c *conversation) spent() autosession.Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.usage
}

// Context ends when the turn is killed.
func (t *Turn) Context() context.Context { return t.ctx }

// Emit reports an event with the usage so far.
func (t *Turn) Emit(e autosession.Event) error {
	e.Usage = t.c.spent()
	return t.Task.Emit(e)
}

// Interrupted is closed when the turn is interrupted.
func (t *Turn) Interrupted() <-chan struct{} { return t.interrupted }

// Say reports a text of the model.
func (t *Turn) Say(text string) error {
	return t.Emit(autosession.Event{Type: autosession.EventText, Text: text})
}

// Spend adds to the usage and reports it.
func (t *Turn) Spend(turns int, tokens int64, usd float64) error {
	t.c.mu.Lock()
	t.c.usage.Turns += turns
	t.c.usage.Tokens.Input += tokens
	t.c.usage.CostUSD += usd
	t.c.mu.Unlock()
	return t.Emit(autosession.Event{Type: autosession.EventUsage})
}

// Wait returns when the turn is interrupted or killed.
func (t *Turn) Wait() {
	select {
	case <-t.interrupted:
	case <-t.ctx.Done():
	}
}

// Write writes a file of the project as a tool call. It returns the verdict of
// the gate and the note that comes with the result.
func (t *Turn) Write(name, content string) (autosession.Verdict, string) {
	path := filepath.Join(t.Task.Dir, name)
	input := map[string]string{"file_path": path, "content": content}
	return t.call("Write", input, func() (string, bool) {
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			return err.Error(), false
		}
		return "written", true
	})
}

// Edit replaces text in a file of the project as a tool call.
func (t *Turn) Edit(name, from, to string) (autosession.Verdict, string) {
	data, err := os.ReadFile(filepath.Join(t.Task.Dir, name))
	if err != nil {
		return autosession.Verdict{Reason: err.Error()}, ""
	}
	return t.Write(name, strings.ReplaceAll(string(data), from, to))
}

// Bash runs a command in the session's sandbox as a tool call, and waits for
// it. It returns the verdict and the output.
func (t *Turn) Bash(command string) (autosession.Verdict, string) {
	var out string
	v, _ := t.call("Bash", map[string]string{"command": command}, func() (string, bool) {
		p, b, err := t.start(command)
		if err != nil {
			return err.Error(), false
		}
		exit, err := p.Wait()
		out = b.String()
		return out, err == nil && exit.OK()
	})
	return v, out
}

// Background starts a command in the session's sandbox and leaves it running.
func (t *Turn) Background(command string) error {
	p, _, err := t.start(command)
	if err != nil {
		return err
	}
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.c.procs = append(t.c.procs, p)
	return nil
}

func (t *Turn) start(command string) (autosession.Process, *bytes.Buffer, error) {
	var b bytes.Buffer
	p, err := t.Task.Start(t.ctx, autosession.Command{
		Path: "bash", Args: []string{"--noprofile", "--norc", "-c", command}, Stdout: &b, Stderr: &b,
	})
	return p, &b, err
}

// call makes one tool call: judged, done, reported.
func (t *Turn) call(tool string, input any, do func() (string, bool)) (autosession.Verdict, string) {
	data, err := json.Marshal(input)
	if err != nil {
		return autosession.Verdict{Reason: err.Error()}, ""
	}
	c := autosession.ToolCall{ID: tool, Tool: tool, Input: data}
	v := t.Task.Hooks.Before(t.ctx, c)
	if !v.Allow {
		return v, ""
	}
	// A failed Emit ends the turn at the next report that the script looks at.
	_ = t.Emit(autosession.Event{Type: autosession.EventToolCall, Call: &c})
	text, ok := do()
	r := autosession.ToolResult{Text: text, IsError: !ok, Bytes: int64(len(text))}
	note := t.Task.Hooks.After(t.ctx, c, r)
	_ = t.Emit(autosession.Event{Type: autosession.EventToolResult, Call: &c, Result: &r})
	return v, note
}
