package claudecode

import (
	"bytes"
	"encoding/json"
	"errors"
)

// frame is one line of the program, decoded. It is the union of the fields
// that we read of any type of frame; all else stays in the line.
type frame struct {
	Type      string `json:"type"`
	Subtype   string `json:"subtype"`
	SessionID string `json:"session_id"`
	Parent    string `json:"parent_tool_use_id"` // set: traffic of a sub-agent

	controlFields
	resultFields
	systemFields

	Message *message `json:"message"`     // assistant, user
	Error   string   `json:"error"`       // assistant: class of an API error; api_retry: the same
	Stream  *stream  `json:"event"`       // stream_event
	Replay  bool     `json:"isReplay"`    // user: our own message again
	Synth   bool     `json:"isSynthetic"` // user: made by the program

	RateLimit *rateLimit `json:"rate_limit_info"`
}

// controlFields are those of control_request, control_response and
// control_cancel_request.
type controlFields struct {
	RequestID string          `json:"request_id"`
	Request   json.RawMessage `json:"request"`
	Response  *reply          `json:"response"`
}

// reply is the answer to a control request of ours.
type reply struct {
	Subtype   string          `json:"subtype"`
	RequestID string          `json:"request_id"`
	Response  json.RawMessage `json:"response"`
	Error     string          `json:"error"`
}

// resultFields are those of result.
type resultFields struct {
	IsError        bool                  `json:"is_error"`
	APIErrorStatus int                   `json:"api_error_status"`
	TerminalReason string                `json:"terminal_reason"`
	StopReason     string                `json:"stop_reason"`
	Result         string                `json:"result"`
	Errors         []string              `json:"errors"`
	TotalCostUSD   float64               `json:"total_cost_usd"`
	ModelUsage     map[string]modelUsage `json:"modelUsage"`
	Denials        []json.RawMessage     `json:"permission_denials"`
}

// modelUsage is what one model of the conversation used, cumulative.
type modelUsage struct {
	Input         int64 `json:"inputTokens"`
	Output        int64 `json:"outputTokens"`
	CacheRead     int64 `json:"cacheReadInputTokens"`
	CacheWrite    int64 `json:"cacheCreationInputTokens"`
	ContextWindow int64 `json:"contextWindow"`
}

// systemFields are those of the subtypes of system.
type systemFields struct {
	Model    string      `json:"model"`
	Version  string      `json:"claude_code_version"`
	Tools    []string    `json:"tools"`
	Servers  []mcpServer `json:"mcp_servers"`
	State    string      `json:"state"` // session_state_changed
	TaskID   string      `json:"task_id"`
	TaskType string      `json:"task_type"`
	ToolUse  string      `json:"tool_use_id"`
	ToolName string      `json:"tool_name"`
	Status   string      `json:"status"`
	Summary  string      `json:"description"`
	Patch    struct {
		Status string `json:"status"`
	} `json:"patch"`
	Compact struct {
		Trigger string `json:"trigger"`
		Before  int64  `json:"pre_tokens"`
	} `json:"compact_metadata"`
	Attempt    int     `json:"attempt"`
	MaxRetries int     `json:"max_retries"`
	RetryDelay float64 `json:"retry_delay_ms"`
	ErrStatus  int     `json:"error_status"`
}

type mcpServer struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

// rateLimit is what a subscription's account says of its quota.
type rateLimit struct {
	Status   string  `json:"status"`
	ResetsAt float64 `json:"resetsAt"` // unix time: seconds, and milliseconds are tolerated
	Type     string  `json:"rateLimitType"`
}

// message is a message of the model's service.
type message struct {
	ID      string  `json:"id"`
	Model   string  `json:"model"`
	Content []block `json:"content"`
	Usage   *tokens `json:"usage"`
}

// block is one content block of a message.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	Data      string          `json:"data"` // of redacted thinking
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   any             `json:"content"` // of a tool_result: a text, or blocks
	IsError   bool            `json:"is_error"`
}

// tokens is the usage of one message.
type tokens struct {
	Input      int64 `json:"input_tokens"`
	Output     int64 `json:"output_tokens"`
	CacheRead  int64 `json:"cache_read_input_tokens"`
	CacheWrite int64 `json:"cache_creation_input_tokens"`
}

// stream is one event of the model's service while a message grows.
type stream struct {
	Type    string   `json:"type"`
	Message *message `json:"message"` // message_start
	Usage   *tokens  `json:"usage"`   // message_delta
}

// parse decodes a line into f, whatever f was before. A field of an unexpected
// kind is left at its zero value; only what is not a JSON object, or has no
// type, is an error.
func (f *frame) parse(line []byte) error {
	*f = frame{}
	line = bytes.TrimSpace(line)
	if f.Type = alive(line); f.Type != "" {
		return nil
	}
	if len(line) == 0 || line[0] != '{' {
		return errNoObject
	}
	err := json.Unmarshal(line, f)
	var kind *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &kind) {
		return err
	}
	if f.Type == "" {
		return errNoType
	}
	if err != nil && f.Message != nil && f.Message.Content == nil {
		f.Message.Content = plainContent(line)
	}
	return nil
}

var (
	errNoObject = errors.New("cannot read a frame: it is not a JSON object")
	errNoType   = errors.New("cannot read a frame: it has no type")
)

// alive returns the type of a frame that only says that the program lives, else
// "". A message is mostly of these, one for a few letters, so that they are told
// by how the program writes them and not decoded. One that is written otherwise
// is decoded, and means the same.
func alive(line []byte) string {
	switch {
	case bytes.HasPrefix(line, []byte(`{"type":"stream_event","event":{"type":"content_block_`)) && bytes.HasSuffix(line, []byte("}")):
		return "stream_event"
	case bytes.HasPrefix(line, []byte(`{"type":"tool_progress",`)) && bytes.HasSuffix(line, []byte("}")):
		return "tool_progress"
	case string(line) == `{"type":"keep_alive"}`:
		return "keep_alive"
	}
	return ""
}

// plainContent reads a message whose content is a plain text.
func plainContent(line []byte) []block {
	var f struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
	}
	if json.Unmarshal(line, &f) != nil || f.Message.Content == "" {
		return nil
	}
	return []block{{Type: "text", Text: f.Message.Content}}
}
