package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/policy"
	"github.com/autosession/autosession/sqlite"
)

// difference is a line of policy simulate --json. It is a contract: scripts
// rely on it.
type difference struct {
	Call   autosession.ToolCall `json:"call"`
	Was    string               `json:"was"` // "allow" or "deny"
	Is     string               `json:"is"`
	Reason string               `json:"reason"` // of the denial
}

func (a *app) policySimulateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "simulate FILE|SESSION",
		Short: "Show what other settings would change in the verdicts on a past session",
		Long: `Judges every call of a session twice, by the settings as they are and with the
flags that are given here, and shows those whose verdict differs.

FILE is a session's transcript, or lines {"command": "…"}; - is stdin. A number
is a session of this project.`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.place(a.dir)
			if err != nil {
				return err
			}
			s := simulation{app: a, screen: a.screen(autosession.Config{Dir: p.dir})}
			if s.was, s.is, err = p.bothPolicies(c); err != nil {
				return err
			}
			if err := s.replay(c, p, args[0]); err != nil {
				return err
			}
			if !a.json && !a.quiet {
				fmt.Fprintf(a.stdout, "%d of %d calls are judged differently\n", s.differ, s.calls)
			}
			if s.unread > 0 {
				fmt.Fprintf(a.stderr, "%d lines are no JSON and were left out\n", s.unread)
			}
			return nil
		},
	}
}

// bothPolicies makes the policy as it is, and with the flags of the command.
func (p place) bothPolicies(c *cobra.Command) (was, is *policy.Policy, err error) {
	if !slices.ContainsFunc(config.Settings(), func(s config.Setting) bool { return c.Flags().Changed(s.Flag()) }) {
		return nil, nil, usageError{errors.New("cannot compare the settings with themselves: give one that differs, as --allow docker")}
	}
	snapshot, err := p.snapshot(c.Context())
	if err != nil {
		return nil, nil, err
	}
	rescued := rescued(snapshot)
	present, err := p.load(nil, snapshot.Project.Trusted, rescued)
	if err != nil {
		return nil, nil, err
	}
	changed, err := p.load(c.Flags(), snapshot.Project.Trusted, rescued)
	if err != nil {
		return nil, nil, err
	}
	was, err = policy.New(p.judgedBy(present, p.agentHome()))
	if err == nil {
		is, err = policy.New(p.judgedBy(changed, p.agentHome()))
	}
	if err != nil {
		return nil, nil, usageError{err}
	}
	return was, is, nil
}

// simulation judges calls by two policies.
type simulation struct {
	*app
	screen        *screen
	was, is       *policy.Policy
	calls, differ int
	unread        int             // lines
	seen          map[string]bool // ids of calls: some agents tell of a call twice
}

// replay judges the calls of a file or of a session.
func (s *simulation) replay(c *cobra.Command, p place, name string) error {
	if name == "-" {
		return s.lines(c.Context(), c.InOrStdin())
	}
	file, err := os.Open(name)
	if err == nil {
		return errors.Join(s.lines(c.Context(), file), file.Close())
	}
	if _, notNumber := strconv.Atoi(name); notNumber != nil {
		return usageError{fmt.Errorf("cannot read the transcript: %w", err)}
	}
	return p.eachSession(c.Context(), []string{name}, func(store *sqlite.Store, rec autosession.SessionRecord) error {
		for e, err := range store.Events(c.Context(), rec.ID, 1) {
			if err != nil {
				return err
			}
			if e.Type != autosession.EventToolCall || e.Call == nil {
				continue
			}
			e.Call.Kind = rec.Kind
			if err := s.judge(c.Context(), *e.Call); err != nil {
				return err
			}
		}
		return nil
	})
}

// lines judges the calls in JSON lines.
func (s *simulation) lines(ctx context.Context, from io.Reader) error {
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			var value any
			if json.Unmarshal(line, &value) != nil {
				s.unread++
			}
			for _, call := range callsIn(value) {
				if err := s.judge(ctx, call); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read the transcript: %w", err)
		}
	}
}

// callsIn finds the tool calls in a frame of a transcript, however deep, or the
// command of a line that only has one.
func callsIn(value any) (calls []autosession.ToolCall) {
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			calls = append(calls, callsIn(inner)...)
		}
	case map[string]any:
		if command, ok := v["command"].(string); ok {
			return append(calls, newCall("", "Bash", map[string]any{"command": command}))
		}
		name, _ := v["name"].(string)
		input, ok := v["input"].(map[string]any)
		if v["type"] == "tool_use" && name != "" && ok {
			id, _ := v["id"].(string)
			return append(calls, newCall(id, name, input))
		}
		for _, field := range slices.Sorted(maps.Keys(v)) {
			calls = append(calls, callsIn(v[field])...)
		}
	}
	return calls
}

func newCall(id, tool string, input map[string]any) autosession.ToolCall {
	data, err := json.Marshal(input)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return autosession.ToolCall{ID: id, Tool: tool, Input: data, Kind: autosession.Continue}
}

// judge judges a call by both policies, and prints it when they differ.
func (s *simulation) judge(ctx context.Context, call autosession.ToolCall) error {
	if call.ID != "" && s.seen[call.ID] {
		return nil
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[call.ID] = true
	s.calls++
	was, is := s.was.Judge(ctx, call), s.is.Judge(ctx, call)
	if was.Allow == is.Allow {
		return nil
	}
	s.differ++
	d := difference{call, verdictWord(was), verdictWord(is), was.Reason + is.Reason} // one of them has none
	if s.json {
		return s.printJSON(d)
	}
	word := map[bool]string{true: "now allowed", false: "now denied "}[is.Allow]
	_, err := fmt.Fprintf(s.stdout, "%s  %s  %s\n             %s\n", word, harmless(call.Tool), short(s.screen.call(&call)), harmless(d.Reason))
	return err
}
