package fakemodel_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession/fakemodel"
)

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	_, err := fakemodel.Parse([]byte(`
[default]
sya = "x"
[[session]]
name = "a"
match = "/(/"
again = true
times = 2
[[session.step]]
else = true
say = 5
stop = "ended"
delay = "soon"
[[session.step]]
status = 200
tool = [{ nam = "Bash", input = "ls" }]
[[session.step]]
error = "nothing_error"
headers = { "a b" = "x", c = 1 }
[[session.step]]
say = "{{.Project"
usage = { input = -1, outptu = 2 }
[[session]]
name = "a"
step = [{ say = "ok", broken = "maybe", retry_after = "later" }, { wen = "x" }]
[extra]
`))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`line 2: the step does nothing`,
		`line 3: unknown key "sya"; did you mean "say"?`,
		`line 6: match is "/(/"`,
		`line 7: again and times cannot both be given`,
		`line 9: else needs a step with when just before it`,
		`line 11: say is 5; it must be text in quotes`,
		`line 12: stop is "ended"; use one of end_turn, tool_use`,
		`line 13: delay is "soon"; write a duration such as "200ms" or "2s"`,
		`line 15: status is 200; it must be at least 400`,
		`line 16: unknown key "nam"; did you mean "name"?`,
		`line 16: input is "ls"; it must be a table`,
		`line 16: a tool has no name`,
		`line 18: error is "nothing_error"; use one of invalid_request_error`,
		`line 19: "a b" is not the name of a header`,
		`line 19: c is 1; it must be text in quotes`,
		`line 21: say: `,
		`line 22: input is -1; it must be at least 0`,
		`line 22: unknown key "outptu"; did you mean "output"?`,
		`line 23: two sessions are named "a"`,
		`line 25: broken is "maybe"; use one of cut, hang`,
		`line 25: retry_after is "later"; it must be a whole number`,
		`line 25: unknown key "wen"; did you mean "when"?`,
		`line 26: unknown key "extra"; the keys here are default, session`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestProblemsOfAWholeScenario(t *testing.T) {
	for _, c := range []struct{ scenario, want string }{
		{"", "line 1: nothing is played"},
		{"[[session]]\nname = \"a", "line 2: this is not TOML"},
		{"[[session]]\nname = \"a\"", `line 1: the session "a" has no steps`},
		{"\n[[session]]\nagain = true\n[[session.step]]\nsay = \"x\"\n[[session]]\n[[session.step]]\nsay = \"y\"", `line 2: the sessions after "session 1" are never reached`},
		{"[[session]]\n[[session.step]]\nsay = \"x\"\nagain = true\n[[session.step]]\nsay = \"y\"", "line 2: the steps after this one are never reached"},
		{"[[session]]\n[[session.step]]\nstatus = 429\nsay = \"x\"", "line 4: say stands beside an error"},
		{"[[session]]\n[[session.step]]\nsay = \"x\"\nmessage = \"y\"", "line 4: message is the text of an error"},
		{"[[session]]\n[[session.step]]\nstop = \"tool_use\"", `line 3: stop is "tool_use" but there is no tool`},
		{"[[session]]\n[[session.step]]\n[[session.step.tool]]\nname = \"A\"\n[session.step.tool.input]\na = [1, inf]", `line 5: the input of "A" cannot be written as JSON`},
		{"session = 1", "line 1: session is 1; it must be an array of tables"},
	} {
		_, err := fakemodel.Parse([]byte(c.scenario))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.scenario, err, c.want)
		}
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "night.toml")
	if _, err := fakemodel.Load(path); err == nil || !strings.Contains(err.Error(), "night.toml") {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("[[session]]\n[[session.step]]\nsay = \"{{.Who}}\"\n[default]\nsay = \"{{.Where}}\""), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := fakemodel.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakemodel.Start(s, fakemodel.Options{})
	if err == nil {
		server.Close()
		t.Fatal("templates without values were played")
	}
	for _, want := range []string{"night.toml", "line 3", "Who", "line 5", "Where", "Options.Values"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestTemplates(t *testing.T) {
	server := start(t, `
[[session]]
[[session.step]]
say = '{{.Project}} {{after "4h"}}'
headers = { x-reset = '{{after "4h"}}' }
[[session.step.tool]]
name = "Write"
[session.step.tool.input]
nested = [{ a = "{{.Project}}", n = 1 }]
[[session.step]]
verbatim = true
say = "{{.Project}} {{ .No.Such"
`)
	k := newTalk(t, server, "Build it.")
	word, stamp, _ := strings.Cut(k.next(), " ")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if ahead := time.Until(time.Unix(seconds, 0)); err != nil || word != "/work/p" || ahead > 4*time.Hour || ahead < 3*time.Hour {
		t.Errorf("got %s and %s, %v", word, stamp, err)
	}
	if input := string(k.last.Content[1].Input); input != `{"nested":[{"a":"/work/p","n":1}]}` {
		t.Errorf("input %s", input)
	}
	want(t, k.result("ok").next(), "{{.Project}} {{ .No.Such")
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"[[session]]\nname = \"a\"\nmatch = \"/x/\"\n[[session.step]]\nsay = \"x {{.Project}}\"\n",
		"[[session]]\n[[session.step]]\n[[session.step.tool]]\nname = \"W\"\n[session.step.tool.input]\na = [[1], [{b = 1979-05-27}]]\n",
		"[[session]]\nstep = [{ say = \"a\", when = \"b\" }, { else = true, status = 429, retry_after = 3 }]\n",
		"[default]\nsay = '''\n{{'''\n", "session.step.x = 1\n\"a b\".c = {}", "[[a]]\n[a.b]\n[[a.b.c]]", "x = [\n# c\n{a=1}]",
		"[[session]]\n[[session.step]]\nsay=\"{{after `1h`}}\"\nprompt=\"p\"\nbroken=\"hang\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := fakemodel.Parse(data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "cannot play the scenario:\n  line ") {
				t.Errorf("an error without a line: %v", err)
			}
			return
		}
		server, err := fakemodel.Start(s, fakemodel.Options{Values: map[string]string{"Project": "/p"}})
		if err != nil {
			return
		}
		server.Unplayed()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTheScenarioOfThePackageCommentIsSound(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var scenario strings.Builder
	for line := range strings.Lines(string(source)) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			scenario.WriteString(code)
		} else if line == "//\n" {
			scenario.WriteString("\n")
		}
	}
	k := newTalk(t, start(t, scenario.String()), "Make the feature list.")
	want(t, k.next(), "I look at the project.")
	want(t, k.result("README").next(), "")
	if got := string(k.last.Content[0].Input); got != `{"content":"echo hello\n","file_path":"/work/p/hello.sh"}` {
		t.Errorf("input %s", got)
	}
	want(t, k.result("written").next(), "Done.")
}
