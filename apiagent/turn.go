package apiagent

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/autosession/autosession"
)

const (
	contextFull     = 0.85 // of the window: a turn ends
	contextReserve  = 0.95 // where a turn that begins above contextFull ends
	mostStalls      = 5    // replies in a row that were cut or paused
	continueCutText = "Your reply was cut at the output limit. Go on where it stopped, in smaller steps."
)

// talk makes round trips until the model is done or cannot go on.
func (c *conversation) talk(ctx context.Context) (autosession.Outcome, error) {
	full := contextFull
	if c.filled >= full {
		full = contextReserve // room to wrap up
	}
	for stalls := 0; ; {
		if c.task.MaxTurns > 0 && c.usage.Turns >= c.task.MaxTurns {
			return outcome(autosession.OutcomeTurnLimit, fmt.Sprintf("%d round trips were made", c.usage.Turns)), nil
		}
		m, failed, err := c.ask(ctx)
		if m == nil || err != nil {
			return failed, err
		}
		if err := c.report(m); err != nil {
			return autosession.Outcome{}, err
		}
		end, stalled, err := c.answer(ctx, m)
		if end.Class != "" || err != nil {
			return end, err
		}
		if stalls++; !stalled {
			stalls = 0
		}
		switch {
		case ctx.Err() != nil:
			return outcome(autosession.OutcomeInterrupted, ""), nil
		case stalls >= mostStalls:
			return outcome(autosession.OutcomeNoResult, fmt.Sprintf("%d replies in a row were cut or paused (%s)", stalls, m.StopReason)), nil
		case c.filled >= full:
			return outcome(autosession.OutcomeContextFull, fmt.Sprintf("the context window is %.0f %% full", 100*c.filled)), nil
		}
	}
}

func outcome(class autosession.OutcomeClass, detail string) autosession.Outcome {
	return autosession.Outcome{Class: class, Detail: detail}
}

// answer takes a reply into the history, runs the tools that it calls and puts
// together what the model is told next. It returns an outcome when the reply
// ends the turn. A reply that was cut or paused has stalled.
func (c *conversation) answer(ctx context.Context, m *anthropic.Message) (end autosession.Outcome, stalled bool, err error) {
	if m.StopReason == anthropic.StopReasonRefusal {
		return outcome(autosession.OutcomeRefused, "the model declined to go on"), false, nil
	}
	calls := toolCalls(m)
	cut := m.StopReason == anthropic.StopReasonMaxTokens || m.StopReason == anthropic.StopReasonModelContextWindowExceeded
	if cut && len(calls) > 0 && m.Content[len(m.Content)-1].Type == "tool_use" {
		calls[len(calls)-1].cut = true
		stalled = true
	}
	c.commit(m)
	if len(calls) > 0 {
		if end, err = c.runTools(ctx, calls); end.Class != "" || err != nil {
			return end, false, err
		}
	}
	switch m.StopReason {
	case anthropic.StopReasonEndTurn, anthropic.StopReasonStopSequence, anthropic.StopReasonToolUse:
		if len(calls) == 0 {
			end = outcome(autosession.OutcomeDone, "")
		}
	case anthropic.StopReasonMaxTokens:
		if len(calls) == 0 {
			stalled = true
			c.pending = append(c.pending, anthropic.NewTextBlock(continueCutText))
		}
	case anthropic.StopReasonPauseTurn:
		stalled = len(calls) == 0
	case anthropic.StopReasonModelContextWindowExceeded:
		end = outcome(autosession.OutcomeContextFull, "the model's context window is full")
	default:
		end = outcome(autosession.OutcomeNoResult, fmt.Sprintf("the reply ended with the stop reason %q", m.StopReason))
	}
	return end, stalled, nil
}

// commit makes what was asked and what the model replied the history.
func (c *conversation) commit(m *anthropic.Message) {
	if len(c.pending) > 0 {
		c.history = append(c.history, anthropic.NewUserMessage(c.pending...))
		c.pending = nil
	}
	var content []anthropic.ContentBlockParamUnion
	for _, block := range m.Content {
		if block.Type == "text" && strings.TrimSpace(block.Text) == "" {
			continue // the API gives such blocks and does not take them
		}
		if block.Type == "tool_use" && !isObject(block.Input) {
			content = append(content, anthropic.NewToolUseBlock(block.ID, json.RawMessage("{}"), block.Name))
			continue // cut in the middle
		}
		content = append(content, block.ToParam())
	}
	if len(content) > 0 {
		c.history = append(c.history, anthropic.NewAssistantMessage(content...))
	}
}

func isObject(data json.RawMessage) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(data, &object) == nil && object != nil
}

// report emits what a reply says.
func (c *conversation) report(m *anthropic.Message) error {
	raw := json.RawMessage(m.RawJSON())
	if !json.Valid(raw) {
		raw, _ = json.Marshal(m.RawJSON()) // cut in the middle: kept as a string
	}
	if err := c.emit(autosession.Event{Type: autosession.EventUsage, Raw: raw}); err != nil {
		return err
	}
	var said []string
	for _, block := range m.Content {
		var e autosession.Event
		switch block.Type {
		case "text":
			if strings.TrimSpace(block.Text) == "" {
				continue
			}
			said = append(said, block.Text)
			e = autosession.Event{Type: autosession.EventText, Text: block.Text}
		case "thinking":
			e = autosession.Event{Type: autosession.EventThinking, N: int64(len(block.Thinking))}
		default:
			continue
		}
		if err := c.emit(e); err != nil {
			return err
		}
	}
	if len(said) > 0 {
		c.said = c.redact(strings.Join(said, "\n"))
	}
	return nil
}
