package claudecode

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/fakemodel"
)

var update = flag.Bool("update", false, "record golden.json from the real program")

// TestRealShape plays the session that golden.json was recorded from.
func TestRealShape(t *testing.T) {
	seen := Shape{}
	g := &gate{before: func(_ context.Context, c autosession.ToolCall) autosession.Verdict {
		return autosession.Verdict{Allow: !contains(string(c.Input), "rm -rf"), Reason: "no"}
	}}
	scenario, err := fakemodel.Parse([]byte(GoldenScenario))
	if err != nil {
		t.Fatal(err)
	}
	model, err := fakemodel.Start(scenario, fakemodel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	s := openRealAgent(t, func(a *Agent, task *autosession.Task) {
		a.Endpoint, a.BaseURL = model.URL(), model.URL()
		a.Trace = seen.Add
		task.Hooks = g
	})
	wantClass(t, s.run(t, "Try two things."), autosession.OutcomeDone)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if *update {
		b, err := json.MarshalIndent(seen, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("golden.json", append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, d := range seen.Since(Golden()) {
		t.Errorf("%s; run the test with -update if that is right", d)
	}
}

func TestDrift(t *testing.T) {
	old, now := Shape{}, Shape{}
	for _, f := range []string{
		`{"type":"a","x":1,"gone":true,"sometimes":null,"message":{"content":[{"type":"text","text":"t"},{"type":"tool_use","input":{"y":1}}]}}`,
		`{"type":"system","subtype":"old"}`,
		`{"type":"result","modelUsage":{"m1":{"inputTokens":1}}}`,
		`not JSON`,
	} {
		old.Add(json.RawMessage(f))
	}
	for _, f := range []string{
		`{"type":"a","x":"1","sometimes":3,"message":{"content":[{"type":"text","text":null},{"type":"tool_use","input":{"z":1}},{"type":"new","n":1}]}}`,
		`{"type":"control_request","request":{"subtype":"hook_callback","input":{"hook_event_name":"PreToolUse"}}}`,
		`{"type":"result","modelUsage":{"m2":{"inputTokens":1}}}`,
	} {
		now.Add(json.RawMessage(f))
	}
	var got []string
	for _, d := range now.Since(old) {
		got = append(got, d.String())
	}
	want := []string{
		"a gone is missing", "a message.content[new].n is new", "a message.content[new].type is new", "a x was number and is string",
		"control_request/hook_callback/PreToolUse is new", "system/old is missing",
	}
	if !slices.Equal(got, want) {
		t.Errorf("drift:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if d := old.Since(old); d != nil {
		t.Errorf("drift against itself: %v", d)
	}
}
