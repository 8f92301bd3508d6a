package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/autosession/autosession/internal/reexec"
)

// The test binary is the program, too: scripts run it as autosession, or as
// ungated, which has no policy, and it runs itself inside sandboxes.
func TestMain(m *testing.M) {
	reexec.Init()
	testscript.Main(m, map[string]func(){"autosession": main, "ungated": ungated})
}

// key is the API key of every script. Nothing may ever show it.
const key = "sk-ant-api03-NOBODY-MAY-SEE-THIS-KEY"

// TestScripts plays the scripts of testdata/script: the command line as people
// type it, with the real agent, git and checks, and a played model.
//
// A script finds the spec and the pieces of scenarios of testdata/common in
// $COMMON, and its own directory in $WORK; the project is $WORK/p. Beside the
// commands of testscript it has:
//
//	exits STATUS COMMAND…    runs a command, which ends with the status
//	play FILE…               serves a played model with these pieces of a scenario
//	unplayed N               so many sessions and steps were not played
//	requests N               so many requests came to the model
//	start NAME COMMAND…      starts a command and goes on; its PID is in $NAME_PID
//	signal SIGNAL NAME       sends INT, TERM, HUP or KILL to it
//	ended STATUS NAME        waits for its end; then stdout and stderr are its own
//	until CONDITION…         waits for: file PATH, said NAME REGEXP, request N,
//	                         status PATH VALUE, process TEXT
//	json PATH VALUE          a field of stdout has the value: a.0.b; @count, @keys, name=value
//	json PATH > NAME         puts a field of stdout into a variable
//	jsonlines N REGEXP       each line of stdout is an object, and N of them match
//	process TEXT             a process of this script has TEXT in its command line
//	tamper SQL               changes the records behind the program's back
//	hidden TEXT DIR…         no output, and no file below DIR, holds TEXT
//
// Each script must leave no process behind.
func TestScripts(t *testing.T) {
	for _, program := range []string{"git", "go", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the scripts need %s: %v", program, err)
		}
	}
	ctx := t.Context()
	if deadline, ok := t.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-10*time.Second))
		t.Cleanup(cancel)
	}
	common, err := filepath.Abs("testdata/common")
	if err != nil {
		t.Fatal(err)
	}
	cache := goCache(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			return setUp(ctx, env, common, cache)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "play": play, "unplayed": unplayed, "requests": requests,
			"start": start, "signal": sendSignal, "ended": ended, "until": until,
			"json": checkJSON, "jsonlines": jsonLines,
			"process": process, "hidden": hidden, "tamper": tamper,
		},
		RequireUniqueNames: true,
	})
}

// goCache is where this machine keeps what go built, so that a script need not
// build the standard library again.
func goCache(t *testing.T) string {
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatalf("cannot find go's cache: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// script is what the commands of one script share.
type script struct {
	ctx     context.Context // ends a little before the test's deadline
	work    string
	names   []string // of the environment's variables
	model   *model
	started map[string]*program
}

type scriptKey struct{}

func of(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

func setUp(ctx context.Context, env *testscript.Env, common, cache string) error {
	s := &script{ctx: ctx, work: env.WorkDir, started: map[string]*program{}}
	env.Values[scriptKey{}] = s
	for name, value := range map[string]string{
		"HOME":                       filepath.Join(env.WorkDir, "home"),
		"COMMON":                     common,
		"GOCACHE":                    cache,
		"AUTOSESSION_STATE":          filepath.Join(env.WorkDir, "state"),
		"AUTOSESSION_AGENT":          "api",
		"AUTOSESSION_CONTINUE_DELAY": "0s",
		"AUTOSESSION_BACKOFF_BASE":   "100ms",
		"ANTHROPIC_API_KEY":          key,
		"ANTHROPIC_BASE_URL":         "http://127.0.0.1:1", // until a model is played
		"GIT_CONFIG_NOSYSTEM":        "1",
		"GIT_AUTHOR_NAME":            "A Person",
		"GIT_AUTHOR_EMAIL":           "person@example.org",
		"GIT_COMMITTER_NAME":         "A Person",
		"GIT_COMMITTER_EMAIL":        "person@example.org",
		"GORACE":                     "halt_on_error=1",
	} {
		env.Setenv(name, value)
	}
	for _, v := range env.Vars {
		name, _, _ := strings.Cut(v, "=")
		s.names = append(s.names, name)
	}
	env.Defer(func() {
		if err := s.nothingLeft(); err != nil {
			env.T().Fatal(err)
		}
	})
	return os.MkdirAll(env.Getenv("HOME"), 0o755)
}

// nothingLeft says what processes of the script are alive, and ends them.
func (s *script) nothingLeft() error {
	left, err := s.processes()
	if err != nil || len(left) == 0 {
		return err
	}
	var lines []string
	for _, p := range left {
		lines = append(lines, p.String())
		p.end()
	}
	return fmt.Errorf("the script left processes behind:\n%s", strings.Join(lines, "\n"))
}
