package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/autosession/autosession/internal/reexec"
)

// standinEntry is this program in the part of Claude Code.
const standinEntry = "bench-claude"

// messages is how many frames the stand-in answers a prompt with.
const messages = 40_000

// standin writes a program that an agent can start as claude.
func (l *lab) standin() (string, error) {
	dir, err := l.place()
	if err != nil {
		return "", err
	}
	self, args, err := reexec.Command(standinEntry)
	if err != nil {
		return "", fmt.Errorf("cannot find this program: %w", err)
	}
	path := filepath.Join(dir, "claude")
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' '%s' \"$@\"\n", self, args[0])
	return path, os.WriteFile(path, []byte(script), 0o755)
}

// playClaude speaks the protocol of Claude Code: each prompt is answered at
// once by a session's worth of messages, which are made before.
func playClaude([]string) int {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriterSize(os.Stdout, 64<<10)
	frames := conversation()
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return 0
		}
		var heard struct {
			Type      string `json:"type"`
			RequestID string `json:"request_id"`
			Request   struct {
				Subtype string `json:"subtype"`
			} `json:"request"`
		}
		if err := json.Unmarshal(line, &heard); err != nil {
			return 2
		}
		switch heard.Type {
		case "control_request":
			fmt.Fprintln(out, answer(heard.RequestID, heard.Request.Subtype))
		case "user":
			io.WriteString(out, frames)
		}
		if out.Flush() != nil {
			return 1
		}
	}
}

// answer is the response to a control request.
func answer(id, subtype string) string {
	response := `{}`
	switch subtype {
	case "initialize":
		response = `{"account":{"apiKeySource":"ANTHROPIC_API_KEY","tokenSource":"none","apiProvider":"firstParty"}}`
	case "get_binary_version":
		response = `{"version":"2.1.197"}`
	}
	return fmt.Sprintf(`{"type":"control_response","response":{"subtype":"success","request_id":%q,"response":%s}}`, id, response)
}

// turnOver is the last frame of a turn.
const turnOver = `{"type":"system","subtype":"session_state_changed","state":"idle"}`

// conversation is a turn as a session has them: texts, tool calls with their
// results, thoughts.
func conversation() string {
	const (
		said   = `{"type":"assistant","message":{"id":"msg_%d","type":"message","role":"assistant","model":"played","content":[%s],"stop_reason":null,"usage":{"input_tokens":10,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"s"}` + "\n"
		text   = `{"type":"text","text":"I look at the next file, number %d, and then change it."}`
		call   = `{"type":"tool_use","id":"toolu_%d","name":"Bash","input":{"command":"go test ./...","description":"Run the tests"}}`
		result = `{"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_%d","type":"tool_result","content":"ok\nall tests pass\n","is_error":false}]},"parent_tool_use_id":null,"session_id":"s","tool_use_result":{"stdout":"ok\nall tests pass\n","stderr":"","interrupted":false}}` + "\n"
		think  = `{"type":"thinking","thinking":"Now the next one.","signature":"c2ln"}`
		end    = `{"type":"result","subtype":"success","is_error":false,"result":"fine","total_cost_usd":0.5,"modelUsage":{"played":{"inputTokens":10,"outputTokens":5,"contextWindow":100,"costUSD":0.5}},"terminal_reason":"completed"}` + "\n"
	)
	var b strings.Builder
	for i := range messages / 4 {
		fmt.Fprintf(&b, said, i, fmt.Sprintf(text, i))
		fmt.Fprintf(&b, said, i, fmt.Sprintf(call, i))
		fmt.Fprintf(&b, result, i)
		fmt.Fprintf(&b, said, i, think)
	}
	return b.String() + end + turnOver + "\n"
}
