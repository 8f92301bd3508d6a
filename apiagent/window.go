package apiagent

import "strings"

// Context windows, in tokens.
const (
	smallWindow = 200_000
	largeWindow = 1_000_000
)

// windowOf is the context window of a model. Models that are not known have
// the small one.
func windowOf(model string) int64 {
	model = baseName(model)
	for _, large := range []string{
		"claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5",
		"claude-sonnet-4-6", "claude-sonnet-5", "claude-haiku-5", "claude-fable", "claude-mythos",
	} {
		if strings.HasPrefix(model, large) {
			return largeWindow
		}
	}
	return smallWindow
}
