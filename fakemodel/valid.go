package fakemodel

import "fmt"

// fault returns what the Messages API would refuse in a request, or "". It
// looks only at what agents get wrong: the shape of the conversation.
func (a ask) fault() string {
	switch {
	case a.Model == "":
		return "model: a name is required"
	case a.MaxTokens < 1:
		return "max_tokens: must be 1 or more"
	}
	if fault := a.faultOfMessages(); fault != "" {
		return fault
	}
	return a.faultOfTools()
}

// faultOfMessages looks at roles and texts.
func (a ask) faultOfMessages() string {
	if len(a.Messages) == 0 {
		return "messages: at least one message is required"
	}
	if a.Messages[0].Role != "user" {
		return `messages.0: the first message must have the role "user"`
	}
	for i, m := range a.Messages {
		switch {
		case m.Role != "user" && m.Role != "assistant" && m.Role != "system":
			return fmt.Sprintf("messages.%d.role: %q is not a role", i, m.Role)
		case len(m.Content) == 0 && i < len(a.Messages)-1:
			return fmt.Sprintf("messages.%d: the content must not be empty", i)
		}
		for j, b := range m.Content {
			if b.Type == "text" && b.Text == "" {
				return fmt.Sprintf("messages.%d.content.%d: a text must not be empty", i, j)
			}
		}
	}
	return ""
}

// faultOfTools looks whether each tool call has its result in the next turn,
// and each result its call in the one before.
func (a ask) faultOfTools() string {
	open := map[string]bool{}   // calls of the last reply without a result so far
	called := map[string]bool{} // all calls of the last reply
	before := ""
	for i, m := range a.Messages {
		if m.Role == "assistant" && before != "assistant" {
			if id := anyKey(open); id != "" {
				return fmt.Sprintf("messages.%d: the tool_use %s has no tool_result before it", i, id)
			}
			clear(called)
		}
		for _, b := range m.Content {
			switch b.Type {
			case "tool_use":
				open[b.ID], called[b.ID] = true, true
			case "tool_result":
				if !called[b.ToolUseID] {
					return fmt.Sprintf("messages.%d: the tool_result %q has no tool_use in the reply before it", i, b.ToolUseID)
				}
				delete(open, b.ToolUseID)
			}
		}
		before = m.Role
	}
	if id := anyKey(open); id != "" {
		return fmt.Sprintf("messages: the tool_use %s has no tool_result after it", id)
	}
	return ""
}

// anyKey returns the least key, so that the same request has the same fault.
func anyKey(set map[string]bool) string {
	least := ""
	for key := range set {
		if least == "" || key < least {
			least = key
		}
	}
	return least
}
