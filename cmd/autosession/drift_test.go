package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode"
	"github.com/autosession/autosession/claudecode/clitest"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/fakemodel"
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
	if asked, err := place.version(t.Context()); err != nil || version != "2.1.197" || asked != version {
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

// TestTrialIsAnnounced has runs that try Claude Code out, and runs that have no
// reason to: one that is refused for want of a spec, and one that was told not
// to.
func TestTrialIsAnnounced(t *testing.T) {
	scenario, err := fakemodel.Parse([]byte("[[session]]\nagain = true\n[[session.step]]\nsay = \"There is nothing to do.\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	model, err := fakemodel.Start(scenario, fakemodel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	playedAccount(t, model.URL())
	for _, test := range []struct {
		name, spec string
		args       []string
		status     int
		tried      bool
	}{
		{"no spec", "", nil, exitUsage, false},
		{"never", "Write a file.", []string{"--trial", "never"}, exitOK, false},
		{"a spec", "Write a file.", nil, exitOK, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if test.spec != "" {
				if err := os.WriteFile(filepath.Join(dir, "app_spec.txt"), []byte(test.spec), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			args := append([]string{"run", dir, "--agent", "claude-code", "--agent-command", clitest.Program(t), "--no-sandbox", "--once"}, test.args...)
			out := autosessionRun(t, test.status, args...)
			if tried := strings.Contains(out, "it is tried out with a played model"); tried != test.tried {
				t.Errorf("tried out: %v, want %v\n%s", tried, test.tried, out)
			}
			if strings.Contains(out, "warning") {
				t.Errorf("a warning:\n%s", out)
			}
		})
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
