package apiagent

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/fakemodel"
	"github.com/autosession/autosession/sandbox"
)

// night is a session with most of what goes wrong in one.
const night = `
[[session]]
name = "night"
match = "build it"

[[session.step]]
error = "overloaded_error"

[[session.step]]
broken = "cut"
say = "This is lost."

[[session.step]]
think = "First the file, then the server."
say = "I begin."
usage = { input = 1000, output = 100, cache_write = 4000 }
[[session.step.tool]]
name = "Write"
[session.step.tool.input]
file_path = "{{.Project}}/src/hello.sh"
content = "echo hello\n"
[[session.step.tool]]
name = "Bash"
[session.step.tool.input]
command = "sleep 600 > server.log 2>&1 & echo started"

[[session.step]]
status = 429
retry_after = 1

[[session.step]]
when = "started"
say = "Now I run it."
tool = [{ name = "Bash", input = { command = "sh src/hello.sh" } }, { name = "Read", input = { file_path = "src/hello.sh" } }]

[[session.step]]
broken = "garbage"

[[session.step]]
when = "hello"
say = "It works."

[[session.step]]
prompt = "wrap up"
tool = [{ name = "Bash", input = { command = "echo saved > notes" } }]

[[session.step]]
say = "Saved."
`

// TestPlayedNight runs the agent as the program does: its hands started by a
// sandbox of ours, the model played.
func TestPlayedNight(t *testing.T) {
	b := &bench{t: t}
	dir, home := t.TempDir(), t.TempDir()
	scenario, err := fakemodel.Parse([]byte(night))
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakemodel.Start(scenario, fakemodel.Options{Values: map[string]string{"Project": dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	box, err := sandbox.NewUnconfined(sandbox.Options{State: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	const session = "019350aa-0000-7000-8000-000000000001"
	b.agent = Agent{Key: "played", BaseURL: server.URL(), Lane: "played", RetryFor: 30 * time.Second}
	b.task = autosession.Task{
		Session: session, Kind: autosession.Init, Dir: dir, Home: home, Model: testModel, Hooks: hooks{}, Emit: b.emit,
		Start: func(ctx context.Context, c autosession.Command) (autosession.Process, error) {
			return box.Start(ctx, autosession.Scope{Kind: autosession.ScopeSession, Session: session, Dir: dir, Home: home}, c)
		},
	}
	c := b.open()
	if r, err := c.Run(t.Context(), "build it"); err != nil || r.Outcome.Class != autosession.OutcomeDone || r.Text != "It works." {
		t.Fatalf("the result is %+v, %v", r, err)
	}
	r, err := c.Run(t.Context(), "wrap up")
	if err != nil || r.Outcome.Class != autosession.OutcomeDone || r.Text != "Saved." || b.read("notes") != "saved\n" {
		t.Fatalf("the result is %+v, %v", r, err)
	}
	if left := server.Unplayed(); len(left) > 0 {
		t.Errorf("not played: %v", left)
	}
	if n := len(b.of(autosession.EventRetry)); n != 4 {
		t.Errorf("%d retries are reported", n)
	}
	for _, e := range b.of(autosession.EventText) {
		if strings.Contains(e.Text, "lost") {
			t.Error("a part of a broken reply is kept")
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
