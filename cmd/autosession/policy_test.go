package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/policy"
)

// TestPermitsAreSettings compares the exceptions that the configuration knows
// with those of the policy.
func TestPermitsAreSettings(t *testing.T) {
	i := slices.IndexFunc(config.Settings(), func(s config.Setting) bool { return s.Name == "permit" })
	got, want := config.Settings()[i].Choices, slices.Sorted(maps.Keys(policy.Permits()))
	if !slices.Equal(got, want) {
		t.Errorf("the configuration knows %q, the policy %q", got, want)
	}
}

// TestLearnedTools wants the line for a tool to name the others too: it takes
// the place of the usual set.
func TestLearnedTools(t *testing.T) {
	p := place{dir: t.TempDir(), state: t.TempDir()}
	lessons := []lesson{{Call: autosession.ToolCall{Tool: "WebFetch", Input: json.RawMessage("{}")}}}
	if err := p.learn(config.Config{Spec: p.dir + "/app_spec.txt"}, lessons); err != nil {
		t.Fatal(err)
	}
	l := lessons[0]
	if len(l.Lines) != 1 || l.Never || !strings.HasPrefix(l.Lines[0], `tools = ["Bash", `) || !strings.HasSuffix(l.Lines[0], `, "WebFetch"]`) {
		t.Errorf("learned %+v", l)
	}
}
