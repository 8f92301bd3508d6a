package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession/policy"
)

// TestPolicyCheckSample judges the sample as people do: through the program,
// with a real project, home and state.
func TestPolicyCheckSample(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	project, home, state := filepath.Join(base, "p"), filepath.Join(base, "home"), filepath.Join(base, "state")
	if err := errors.Join(os.Mkdir(project, 0o755), os.Mkdir(home, 0o755)); err != nil {
		t.Fatal(err)
	}
	sample, err := os.Open("../../policy/testdata/sample.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer sample.Close()
	type sampleCase struct{ ID, Command, Expect, Class string }
	var cases []sampleCase
	var questions bytes.Buffer
	fill := strings.NewReplacer("{{PROJECT}}", project, "{{HOME}}", home, "{{STATE}}", state)
	for dec := json.NewDecoder(sample); dec.More(); {
		var c sampleCase
		if err := dec.Decode(&c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
		if err := json.NewEncoder(&questions).Encode(map[string]string{"id": c.ID, "command": fill.Replace(c.Command)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(cases) != 233 {
		t.Fatalf("the sample has %d cases", len(cases))
	}

	cmd := exec.CommandContext(t.Context(), "autosession", "policy", "check", "--jsonl", "-C", project)
	cmd.Env = append(os.Environ(), "HOME="+home, "AUTOSESSION_STATE="+state, "XDG_CONFIG_HOME="+home)
	cmd.Stdin, cmd.Stderr = &questions, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	for _, c := range cases {
		var r struct{ ID, Verdict, Reason string }
		if err := dec.Decode(&r); err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		if r.ID != c.ID || r.Verdict != c.Expect || r.Verdict == "deny" && r.Reason == "" {
			t.Errorf("%s %s is %s and should be %s: %s\n  %s", c.ID, c.Class, r.Verdict, c.Expect, r.Reason, c.Command)
		}
	}
	if dec.More() {
		t.Error("there are more answers than questions")
	}
}

func somePolicy(t testing.TB) *policy.Policy {
	t.Helper()
	p, err := policy.New(policy.Options{Project: "/srv/p", Home: "/home/dev", State: "/var/state"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAnswerAtOnce asks a question, and the next one when it is answered.
func TestAnswerAtOnce(t *testing.T) {
	in, ask := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- answer(somePolicy(t), in, out) }()
	read := bufio.NewReader(answers)
	for range 3 {
		if _, err := io.WriteString(ask, `{"id":1,"command":"ls"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := read.ReadString('\n'); err != nil || !strings.Contains(line, "allow") {
			t.Fatalf("%q, %v", line, err)
		}
	}
	ask.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAnswerLongLines(t *testing.T) {
	long := `{"id":"long","command":"` + strings.Repeat("a", 3*maxQuestion) + `"}`
	unicode := `{"id":"unicode","command":"` + strings.Repeat(`\u0061`, 64<<10) + `"}`
	var out strings.Builder
	in := strings.Join([]string{long, unicode, `{"id":"last","command":"ls"}`}, "\n")
	if err := answer(somePolicy(t), strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{`{"id":"long","verdict":"deny","reason":"cannot read this line: it is longer than`, `{"id":"unicode","verdict":"deny","reason":"P`, `{"id":"last","verdict":"allow"`, ""} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) || want == "" && lines[i] != "" {
			t.Fatalf("answer %d of %.300q does not begin with %s", i, lines, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","command":"ls"}`, "{}\n\n[]", `{"id":1,"id":2,"command":"rm x"}`, "{\"command\":\"\xff\"}", `{"command":"`, `null`,
		`{"id":{"a":[1,{}]},"command":"ls"`, "\u2028", `{"id" 1}`,
	} {
		f.Add(seed)
	}
	p := somePolicy(f)
	f.Fuzz(func(t *testing.T, in string) {
		var out bytes.Buffer
		if err := answer(p, strings.NewReader(in), &out); err != nil {
			t.Fatal(err)
		}
		var asked, answered int
		for line := range strings.SplitSeq(in, "\n") {
			if strings.TrimSpace(line) != "" {
				asked++
			}
		}
		for line := range strings.Lines(out.String()) {
			var r struct {
				ID              any
				Verdict, Reason string
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil || r.Verdict != "allow" && (r.Verdict != "deny" || r.Reason == "") {
				t.Fatalf("%q, %v", line, err)
			}
			answered++
		}
		if asked != answered {
			t.Fatalf("%d answers to %d questions", answered, asked)
		}
	})
}
