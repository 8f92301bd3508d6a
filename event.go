package autosession

import (
	"encoding/json"
	"time"
)

// EventType says what an Event reports. The set is open: who reads events
// ignores the types it does not know.
type EventType string

// What a conversation reports.
const (
	EventText       EventType = "text"        // the model said something: Text
	EventThinking   EventType = "thinking"    // the model thought: only N, the length in bytes, is kept
	EventToolCall   EventType = "tool-call"   // a tool is about to run: Call
	EventToolResult EventType = "tool-result" // a tool ended: Call.ID, Result
	EventRetry      EventType = "retry"       // the agent retries a request by itself: Text says why
	EventLimit      EventType = "limit"       // the model's service reports a rate or usage limit: Text, Until
	EventCompaction EventType = "compaction"  // the agent shortened its own context
	EventUsage      EventType = "usage"       // only Usage changed
	EventNote       EventType = "note"        // the agent's program says something of itself: Text
	EventRaw        EventType = "raw"         // a frame that nobody understood; N bytes, kept in the transcript
)

// What the engine reports.
const (
	EventOpened    EventType = "opened"    // a session is open and about to be prompted: Kind, Text says why
	EventPrompt    EventType = "prompt"    // the agent is prompted: N bytes; Text says why when it is not the first time
	EventDenied    EventType = "denied"    // the gate refused a tool call: Call, Text is the reason
	EventClaim     EventType = "claim"     // an agent says that a feature passes: Feature
	EventViolation EventType = "violation" // an agent changed what it may not; it was undone: Text, Feature; Call when it was seen after that call, and not at CLOSE
	EventChecking  EventType = "checking"  // a check begins: Feature, Text is the command
	EventProven    EventType = "proven"    // a check ran and passed: Feature
	EventDisproved EventType = "disproved" // a check of a claim failed: Feature, Text is the end of its output
	EventBroken    EventType = "broken"    // what was proven does not hold any more: Feature
	EventNetwork   EventType = "network"   // a connection was allowed or denied: Text
	EventClosed    EventType = "closed"    // the session ended: Outcome
	EventRescued   EventType = "rescued"   // a session of a dead process was closed: Outcome
	EventDecision  EventType = "decision"  // what happens next: Decision
	EventWarning   EventType = "warning"   // something a person should know: Text
)

// Event is one thing that happened in a session. It is a flat value: which
// fields are set follows from Type, and the constants say how.
type Event struct {
	Seq      int64       `json:"seq,omitempty"`     // from 1, without gaps, per session; the store sets it
	Time     time.Time   `json:"time"`              // wall clock; order comes from Seq
	Type     EventType   `json:"type"`              //
	Session  int         `json:"session,omitempty"` // number of the session
	Kind     Kind        `json:"kind,omitempty"`
	Text     string      `json:"text,omitempty"`
	N        int64       `json:"n,omitempty"`
	Feature  string      `json:"feature,omitempty"` // key of a feature
	Call     *ToolCall   `json:"call,omitempty"`
	Result   *ToolResult `json:"result,omitempty"`
	Until    time.Time   `json:"until,omitzero"`
	Usage    Usage       `json:"usage,omitzero"`    // of the conversation so far, cumulative
	Context  float64     `json:"context,omitempty"` // how full the context window is, 0 to 1; 0 is unknown
	Outcome  *Outcome    `json:"outcome,omitempty"`
	Decision *Decision   `json:"decision,omitempty"`

	// Raw is the frame as the agent sent it. It goes to the session's
	// transcript and not to the event table.
	Raw json.RawMessage `json:"-"`
}

// promptFrame is what the transcript keeps of a prompt.
func promptFrame(prompt string) json.RawMessage {
	return formatText(map[string]string{"type": "prompt", "text": prompt})
}
