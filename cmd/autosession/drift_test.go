package main

import (
	"slices"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode"
	"github.com/autosession/autosession/claudecode/clitest"
	"github.com/autosession/autosession/config"
)

// TestDrift tries the real, pinned Claude Code out, and compares what it said
// with what was recorded, and with records that differ.
func TestDrift(t *testing.T) {
	place, err := newTrial(t.Context(), config.Config{Agent: claudecode.Name, AgentCommand: clitest.Program(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := place.close(); err != nil {
			t.Error(err)
		}
	}()
	version, shape, err := place.play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if asked := place.version(t.Context()); version != "2.1.197" || asked != version {
		t.Errorf("version %q, and %q when it is asked", version, asked)
	}
	if left := place.model.Unplayed(); len(left) > 0 {
		t.Errorf("not played: %q", left)
	}
	var same drift
	if same.compare(shape.Since(claudecode.Golden())); len(same.warnings) > 0 || same.news != "" {
		t.Errorf("the pinned version drifts: %q, %s", same.warnings, same.news)
	}

	other := claudecode.Golden()
	other["result/success"]["mood"] = "string"
	other["result/success"]["num_turns"] = "string"
	delete(other["result/success"], "is_error")
	var d drift
	d.compare(shape.Since(other))
	want := []string{"result/success mood is missing", "result/success num_turns was string and is number"}
	if !slices.Equal(d.warnings, want) {
		t.Errorf("warnings = %q, want %q", d.warnings, want)
	}
	if want := "says what is new, which harms nothing: result/success is_error"; d.news != want {
		t.Errorf("news = %q, want %q", d.news, want)
	}
}

// TestVersionsOf takes what Claude Code said in earlier sessions, and nothing
// of other agents.
func TestVersionsOf(t *testing.T) {
	var sessions []autosession.SessionRecord
	for _, info := range []autosession.Info{
		{Agent: claudecode.Name, Version: "2.1.197"}, {Agent: "api", Version: "1.2.3"}, {Agent: claudecode.Name},
	} {
		sessions = append(sessions, autosession.SessionRecord{Info: info})
	}
	if got := versionsOf(sessions); !slices.Equal(got, []string{"2.1.197"}) {
		t.Errorf("versions = %q", got)
	}
}
