package policy

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

// Where the cases are judged. Nothing has to exist there.
const (
	testProject = "/srv/work/app"
	testHome    = "/home/dev"
	testState   = "/var/state/autosession/app"
)

var fill = strings.NewReplacer("{{PROJECT}}", testProject, "{{HOME}}", testHome, "{{STATE}}", testState)

func testPolicy(t testing.TB, change ...func(*Options)) *Policy {
	t.Helper()
	o := Options{Project: testProject, Home: testHome, State: testState}
	for _, f := range change {
		f(&o)
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// textCase is one command and its verdict.
type textCase struct {
	ID, Command, Expect, Class, Why string
}

func readCases(t testing.TB, name string) []textCase {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []textCase
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var c textCase
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.Command = fill.Replace(c.Command)
		out = append(out, c)
	}
	if err := sc.Err(); err != nil || len(out) == 0 {
		t.Fatalf("%s: %d cases, %v", name, len(out), err)
	}
	return out
}

func TestSample(t *testing.T) {
	p := testPolicy(t)
	for _, c := range readCases(t, "sample.jsonl") {
		checkCase(t, p, c.ID+" "+c.Class, c.Command, c.Expect == "allow")
	}
}

func checkCase(t *testing.T, p *Policy, name, command string, allow bool) {
	t.Helper()
	v := verdict(p.judgeText(command, autosession.Continue, nil), "P2") // a panic fails
	if v.Allow != allow {
		t.Errorf("%s: allow=%v, want %v\n  %s\n  %s", name, v.Allow, allow, cut(command), v.Reason)
	}
	if !v.Allow && (v.Rule == "" || v.Reason == "" || len(v.Reason) > 600) {
		t.Errorf("%s: rule %q, reason %q", name, v.Rule, v.Reason)
	}
}

// TestExamples judges the examples that each rule carries.
func TestExamples(t *testing.T) {
	p := testPolicy(t)
	check := func(name string, allow, deny []string) {
		if len(allow) == 0 || len(deny) == 0 {
			t.Errorf("%s: needs examples of both verdicts", name)
		}
		for _, s := range allow {
			checkCase(t, p, name, fill.Replace(s), true)
		}
		for _, s := range deny {
			checkCase(t, p, name, fill.Replace(s), false)
		}
	}
	seen := map[*rule]bool{}
	for name, r := range rulesByName {
		if !seen[r] {
			seen[r] = true
			check(name, r.allow, r.deny)
		}
	}
	for name, r := range pyModules {
		check(name, r.allow, r.deny)
	}
	for name, s := range gitSubcommands {
		check("git "+name, s.allow, s.deny)
	}
}
