package autosession_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/git"
	"github.com/autosession/autosession/internal/reexec"
	"github.com/autosession/autosession/sandbox"
)

func TestMain(m *testing.M) {
	reexec.Init()
	os.Exit(m.Run())
}

// bench is a project with real git and real processes, a store in memory, and
// a scripted agent.
type bench struct {
	t     *testing.T
	cfg   autosession.Config
	store *autosessiontest.Memory

	mu     sync.Mutex
	events []autosession.Event
}

// trusted is a sandbox whose canaries are not asked at each start: package
// sandbox tries them.
type trusted struct{ autosession.Sandbox }

func (trusted) Check(context.Context) []autosession.Canary { return nil }

// newBench makes an empty project with a spec.
func newBench(t *testing.T, play func(t *autosessiontest.Turn) autosession.Outcome) *bench {
	t.Helper()
	dir, state := t.TempDir(), t.TempDir()
	b := &bench{t: t, store: autosessiontest.NewMemory()}
	box, err := sandbox.NewUnconfined(sandbox.Options{State: filepath.Join(state, "sandbox")})
	if err != nil {
		t.Fatal(err)
	}
	repo, err := git.Open(git.Options{Dir: dir, Store: filepath.Join(state, "checkpoints.git"), Exclude: []string{autosession.ListFile, autosession.DefaultNotes}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() })
	b.cfg = autosession.Config{
		Dir: dir, State: state, Store: b.store, Repo: repo, Sandbox: trusted{box}, Model: "played",
		Agent: &autosessiontest.Agent{Play: play},
		Gate:  autosession.Fence{Dir: dir, State: state, Protected: []string{"app_spec.txt"}},
		Grace: time.Minute,
		Report: func(e autosession.Event) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.events = append(b.events, e)
		},
	}
	b.write("app_spec.txt", "Build a greeting.")
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.cfg.Dir, name) }

func (b *bench) write(name, content string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(content), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

// run runs the loop to its decision.
func (b *bench) run() autosession.Decision {
	b.t.Helper()
	d, err := autosession.Loop{Config: b.cfg}.Run(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// stops checks how a run stops.
func (b *bench) stops(reason string) {
	b.t.Helper()
	if d := b.run(); d.Action != autosession.ActionStop || d.Reason != reason {
		b.t.Fatalf("it decides %s %s (%s), want stop %s\n%s", d.Action, d.Reason, d.Detail, reason, b.story())
	}
}

func (b *bench) snapshot() autosession.Snapshot {
	b.t.Helper()
	s, err := b.store.Load(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// outcomes are the sessions' outcomes, in order.
func (b *bench) outcomes() string {
	b.t.Helper()
	var out []string
	for _, r := range b.snapshot().Sessions {
		out = append(out, fmt.Sprintf("%d %s %s", r.Number, r.Kind, r.Outcome.Class))
	}
	return strings.Join(out, ", ")
}

// story is what was reported, for a failing test.
func (b *bench) story() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s strings.Builder
	for _, e := range b.events {
		fmt.Fprintf(&s, "%d %s %s %s %v\n", e.Session, e.Type, e.Feature, e.Text, e.Outcome)
	}
	return s.String()
}

// count counts the reported events of a type.
func (b *bench) count(t autosession.EventType) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.events {
		if e.Type == t {
			n++
		}
	}
	return n
}

const twoFeatures = `[
  {"id": "F1", "category": "functional", "description": "says hello", "steps": ["run it"], "verify": "test -f hello", "passes": false},
  {"id": "F2", "category": "functional", "description": "says goodbye", "steps": ["run it"], "verify": "grep -q goodbye bye", "passes": false}
]
`

var done = autosession.Outcome{Class: autosession.OutcomeDone}

// makeList is an init session that makes the list of two features.
func makeList(t *autosessiontest.Turn) autosession.Outcome {
	t.Write("feature_list.json", twoFeatures)
	t.Bash("git init -q && git add -A && git commit -qm 'list the features'")
	return done
}

// claim sets a feature to passing.
func claim(t *autosessiontest.Turn, id string) {
	data, err := os.ReadFile(filepath.Join(t.Task.Dir, "feature_list.json"))
	if err != nil {
		panic(err)
	}
	before, after, _ := strings.Cut(string(data), `"id": "`+id+`"`)
	t.Write("feature_list.json", before+`"id": "`+id+`"`+strings.Replace(after, `"passes": false`, `"passes": true`, 1))
}

func TestLoopBuildsAProject(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		t.Spend(1, 100, 0.5)
		switch t.Task.Number {
		case 1:
			return makeList(t)
		case 2: // lies about F2
			t.Write("hello", "hello")
			t.Write("bye", "hello again")
			claim(t, "F1")
			claim(t, "F2")
			t.Bash("git add -A && git commit -qm 'F1: hello'")
		case 3:
			if !strings.Contains(t.Prompt, "Feature F2 was claimed and its check failed") {
				t.Say("nobody told me")
				return done
			}
			t.Write("bye", "goodbye")
			claim(t, "F2")
			t.Bash("git add -A && git commit -qm 'F2: goodbye'")
		}
		return done
	})
	b.stops("complete")
	if got := b.outcomes(); got != "1 init done, 2 continue done, 3 continue done" {
		t.Errorf("sessions: %s", got)
	}
	s := b.snapshot()
	if tally := s.Ledger.Tally(); tally != (autosession.Tally{Total: 2, Proven: 2}) {
		t.Errorf("tally: %+v", tally)
	}
	if s.Spent.Sessions != 3 || s.Spent.CostUSD != 1.5 || s.Spent.Tokens != 300 {
		t.Errorf("spent: %+v", s.Spent)
	}
	if r := s.Sessions[1]; r.Claimed != 2 || r.Proven != 1 || r.Disproved != 1 || !r.Changed {
		t.Errorf("the session that lied: %+v", r)
	}
	if list := b.read("feature_list.json"); strings.Count(list, `"passes": true`) != 2 {
		t.Errorf("the list says\n%s", list)
	}
	opened := b.count(autosession.EventOpened)
	b.stops("complete")
	if b.count(autosession.EventOpened) != opened {
		t.Error("a finished project opens a session again")
	}
	if runs := b.snapshot().Run; runs.Spent.Sessions != 0 {
		t.Errorf("the second run spent %+v", runs.Spent)
	}
}

func TestLimitsCountOverRestarts(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		t.Spend(1, 10, 0.1)
		if t.Task.Kind == autosession.Init {
			return makeList(t)
		}
		t.Write(fmt.Sprintf("work%d", t.Task.Number), "more")
		return done
	})
	b.cfg.RunMax.Sessions = 2
	b.stops("limit-iterations")
	b.stops("limit-iterations")
	if got := b.outcomes(); got != "1 init done, 2 continue done, 3 continue done, 4 continue done" {
		t.Errorf("sessions: %s", got)
	}
	b.cfg.RunMax.Sessions = 0
	b.cfg.ProjectMax.Sessions = 5
	b.stops("limit-project-iterations")
	b.stops("limit-project-iterations")
	if n := b.snapshot().Counted; n != 5 {
		t.Errorf("%d sessions, want 5", n)
	}
	b.cfg.ProjectMax.Sessions = 0
	b.cfg.Once = true
	b.stops("once")
	b.cfg.Once = false
	b.cfg.ProjectMax.CostUSD = 0.6 // 0.6 is spent
	b.stops("limit-project-cost")
}

func TestInitUntilTheListIsSound(t *testing.T) {
	lists := []string{
		`[{"id": "F1", "description": "a", "passes": true}]`,
		`[{"id": "F1", "description": "a"`,
		twoFeatures,
	}
	var told []string
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		told = append(told, t.Prompt)
		t.Write("feature_list.json", lists[t.Task.Number-1])
		return done
	})
	b.cfg.RunMax.Sessions = 3
	b.stops("limit-iterations")
	if got := b.outcomes(); got != "1 init done, 2 init done, 3 init done" {
		t.Errorf("sessions: %s", got)
	}
	for i, want := range []string{"", "every feature must start with", "feature_list.json:1:"} {
		if !strings.Contains(told[i], want) {
			t.Errorf("prompt %d lacks %q", i+1, want)
		}
	}
	if l := b.snapshot().Ledger; l == nil || len(l.Entries) != 2 || !l.Entries[0].SeenFailing {
		t.Errorf("the ledger is %+v", l)
	}
}

func TestStuck(t *testing.T) {
	t.Run("init", func(t *testing.T) {
		b := newBench(t, func(*autosessiontest.Turn) autosession.Outcome { return done })
		b.stops("stuck")
		if n := b.snapshot().Counted; n != 3 {
			t.Errorf("after %d sessions, want 3", n)
		}
	})
	t.Run("no progress", func(t *testing.T) {
		b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
			if t.Task.Kind == autosession.Init {
				return makeList(t)
			}
			t.Write("claude-progress.txt", fmt.Sprint("I thought about it, ", t.Task.Number))
			return done
		})
		b.stops("stuck")
		if n := b.snapshot().Counted; n != 4 {
			t.Errorf("after %d sessions, want 4", n)
		}
	})
	t.Run("failing", func(t *testing.T) {
		b := newBench(t, func(*autosessiontest.Turn) autosession.Outcome {
			return autosession.Outcome{Class: autosession.OutcomeCrashed, Detail: "boom"}
		})
		b.stops("failing")
		if n := b.snapshot().Counted; n != 5 {
			t.Errorf("after %d sessions, want 5", n)
		}
	})
}

func TestAgentThatCannotStart(t *testing.T) {
	b := newBench(t, nil)
	b.cfg.Agent = &autosessiontest.Agent{Refuse: func(autosession.Task) error { return fmt.Errorf("cannot start: exec format error") }}
	b.stops("failing")
	if n := b.snapshot().Counted; n != 0 {
		t.Errorf("%d sessions are counted, want none", n)
	}
	b.cfg.Agent = &autosessiontest.Agent{Refuse: func(autosession.Task) error {
		return &autosession.OutcomeError{Outcome: autosession.Outcome{Class: autosession.OutcomeNeedsPerson, Block: autosession.BlockAgent, Detail: "claude is not installed"}}
	}}
	b.stops("needs-person")
}

func TestListIsKept(t *testing.T) {
	b := newBench(t, nil)
	var notes []string
	b.cfg.Agent = &autosessiontest.Agent{Play: func(t *autosessiontest.Turn) autosession.Outcome {
		switch t.Task.Number {
		case 1:
			return makeList(t)
		case 2:
			t.Write("hello", "hello")
			_, note := t.Write("feature_list.json", `[{"id": "F1", "description": "easier", "passes": true}]`)
			notes = append(notes, note)
			claim(t, "F1")
		case 3:
			os.Remove(filepath.Join(t.Task.Dir, "feature_list.json"))
			os.Symlink("/etc/hostname", filepath.Join(t.Task.Dir, "feature_list.json"))
			t.Write("x", "y")
		}
		return done
	}}
	b.cfg.RunMax.Sessions = 3
	b.stops("limit-iterations")
	if len(notes) != 1 || !strings.Contains(notes[0], "feature F1 was edited") || !strings.Contains(notes[0], "feature F2 was deleted") {
		t.Errorf("the agent was told %q", notes)
	}
	s := b.snapshot()
	if s.Ledger.Tally() != (autosession.Tally{Total: 2, Proven: 1, Open: 1}) {
		t.Errorf("tally: %+v\n%s", s.Ledger.Tally(), b.story())
	}
	if s.Sessions[1].Violations != 2 || s.Sessions[2].Violations == 0 {
		t.Errorf("violations: %d and %d", s.Sessions[1].Violations, s.Sessions[2].Violations)
	}
	info, err := os.Lstat(b.path("feature_list.json"))
	if err != nil || !info.Mode().IsRegular() {
		t.Fatalf("the list is not restored: %v %v", info, err)
	}
	if !strings.Contains(b.read("feature_list.json"), "says hello") {
		t.Errorf("the list says %s", b.read("feature_list.json"))
	}
}

func TestProtectedFilesArePutBack(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Kind == autosession.Init {
			return makeList(t)
		}
		if v, _ := t.Write("app_spec.txt", "Build nothing."); v.Allow {
			t.Say("the gate sleeps")
		}
		t.Bash("echo 'Build nothing.' > app_spec.txt; rm tests/one_test.sh; echo new > tests/two.sh; touch hello")
		claim(t, "F1")
		return done
	})
	if err := os.Mkdir(b.path("tests"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.write("tests/one_test.sh", "exit 1")
	b.cfg.Protect = []string{"tests"}
	b.cfg.RunMax.Sessions = 2
	b.stops("limit-iterations")
	if b.read("app_spec.txt") != "Build a greeting." || b.read("tests/one_test.sh") != "exit 1" {
		t.Error("protected files are not put back")
	}
	if _, err := os.Stat(b.path("tests/two.sh")); err == nil {
		t.Error("a file that was added below a protected directory stays")
	}
	r := b.snapshot().Sessions[1]
	if r.Violations != 3 || r.Denied != 1 || r.Proven != 1 {
		t.Errorf("violations %d, denied %d, proven %d; want 3, 1, 1\n%s", r.Violations, r.Denied, r.Proven, b.story())
	}
}

func TestStopLetsTheAgentSave(t *testing.T) {
	stop := make(chan struct{})
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Kind == autosession.Init {
			return makeList(t)
		}
		if t.Number == 1 {
			t.Write("hello", "hello")
			claim(t, "F1")
			t.Background("sleep 1000")
			close(stop)
			t.Wait()
			return autosession.Outcome{Class: autosession.OutcomeInterrupted}
		}
		t.Bash("git add -A && git commit -qm 'F1: half'")
		return done
	})
	b.cfg.Stop = stop
	b.stops("stopped")
	if got := b.outcomes(); got != "1 init done, 2 continue wrapped-up" {
		t.Errorf("sessions: %s", got)
	}
	out, err := exec.Command("git", "-C", b.cfg.Dir, "log", "--format=%s").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "F1: half") {
		t.Errorf("the work is not committed: %s", out)
	}
	if e := b.snapshot().Ledger.Entries[0]; !e.Pending {
		t.Errorf("the claim is not pending: %+v", e)
	}
	// The next start checks the claim first.
	b.cfg.Stop = nil
	b.cfg.RunMax.Sessions = 1
	b.cfg.Agent = &autosessiontest.Agent{Play: func(t *autosessiontest.Turn) autosession.Outcome { return done }}
	b.stops("limit-iterations")
	if e := b.snapshot().Ledger.Entries[0]; e.State != autosession.FeatureProven {
		t.Errorf("the claim is not proven at the next start: %+v", e)
	}
}

func TestBudgetEndsARunningSession(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Number == 2 {
			t.Write("claude-progress.txt", "half done")
			return done
		}
		t.Spend(1, 10, 2)
		t.Wait()
		return autosession.Outcome{Class: autosession.OutcomeInterrupted}
	})
	b.cfg.RunMax.CostUSD = 1.5
	b.stops("limit-cost")
	if got := b.outcomes(); got != "1 init budget" {
		t.Errorf("sessions: %s", got)
	}
	if b.read("claude-progress.txt") != "half done" {
		t.Error("the session did not wrap up")
	}
}

func TestPersonsChangesAreTakenOver(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Kind == autosession.Init {
			return makeList(t)
		}
		t.Write(fmt.Sprint("work", t.Task.Number), "x")
		return done
	})
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	b.write("feature_list.json", strings.Replace(twoFeatures, "says goodbye", "says farewell", 1))
	b.stops("limit-iterations")
	if d := b.snapshot().Ledger.Entries[1].Feature.Description; d != "says farewell" {
		t.Errorf("the ledger says %q", d)
	}
	if err := os.Remove(b.path("feature_list.json")); err != nil {
		t.Fatal(err)
	}
	b.stops("limit-iterations")
	if !strings.Contains(b.read("feature_list.json"), "says farewell") {
		t.Error("a list that was gone is not restored")
	}
	if r := b.snapshot().Sessions; len(r) != 3 || r[2].Kind != autosession.Continue {
		t.Errorf("sessions: %s", b.outcomes())
	}
}

func TestListOfAnotherTool(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		t.Write("hello", "x")
		claim(t, "F1")
		return done
	})
	b.write("bye", "goodbye")
	b.write("feature_list.json", strings.Replace(twoFeatures, `goodbye bye", "passes": false`, `goodbye bye", "passes": true`, 1))
	b.stops("complete")
	l := b.snapshot().Ledger
	if l.Entries[0].State != autosession.FeatureProven || l.Entries[1].State != autosession.FeatureClaimed {
		t.Errorf("F1 is %s and F2 %s; a check that was never seen failing proves nothing", l.Entries[0].State, l.Entries[1].State)
	}
}

func TestBrokenListOfAnUnknownProject(t *testing.T) {
	b := newBench(t, nil)
	b.write("feature_list.json", "[\n  {\"id\": 1,}\n]")
	_, err := autosession.Loop{Config: b.cfg}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "feature_list.json:2:") {
		t.Errorf("error %v, want one that names the line", err)
	}
	d, err := autosession.Detect(b.cfg.Dir, nil)
	if err != nil || d.Kind != autosession.Continue || d.Problem == nil {
		t.Errorf("detected %+v, %v", d, err)
	}
}

func TestSecondHolderIsRefused(t *testing.T) {
	b := newBench(t, nil)
	b.cfg.Agent = &autosessiontest.Agent{Play: func(turn *autosessiontest.Turn) autosession.Outcome {
		_, err := autosession.Open(t.Context(), b.cfg)
		if held, ok := errors.AsType[*autosession.HeldError](err); !ok || held.Holder.PID != os.Getpid() || held.Holder.Since.IsZero() {
			t.Errorf("error %v, want the holder", err)
		}
		return done
	}}
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
}

func TestRegressionIsFound(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		switch t.Task.Number {
		case 1:
			return makeList(t)
		case 2:
			t.Write("hello", "hello")
			claim(t, "F1")
		case 3:
			t.Bash("rm hello; echo goodbye > bye")
			claim(t, "F2")
		case 4:
			if strings.Contains(t.Prompt, "Feature F1 worked and is broken since session 3") {
				t.Write("hello", "again")
				claim(t, "F1")
			}
		}
		return done
	})
	b.stops("complete")
	if got := b.outcomes(); got != "1 init done, 2 continue done, 3 continue done, 4 continue done" {
		t.Errorf("sessions: %s\n%s", got, b.story())
	}
	if r := b.snapshot().Sessions[2]; r.Broken != 1 || r.Proven != 1 {
		t.Errorf("the session that broke F1: %+v", r)
	}
}

func TestThrownAwayCommitsComeBack(t *testing.T) {
	for name, act := range map[string]string{
		"the repository is removed": "rm -rf .git",
		"a commit is amended":       "git commit -q --amend -m 'I did it all' --allow-empty",
		"commits are reset":         "git checkout -q --orphan other && git branch -D main && git commit -qm other",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
				if t.Task.Kind == autosession.Init {
					t.Write("feature_list.json", twoFeatures)
					t.Bash("git init -q -b main && git add -A && git commit -qm 'list the features'")
					return done
				}
				t.Write("hello", "hello")
				t.Bash(act)
				return done
			})
			b.cfg.RunMax.Sessions = 2
			b.stops("limit-iterations")
			r := b.snapshot().Sessions[1]
			if r.Violations == 0 || !strings.Contains(strings.Join(r.Notes, " "), "was thrown away") {
				t.Errorf("not reported: %d violations, notes %q", r.Violations, r.Notes)
			}
			out, err := exec.Command("git", "-C", b.cfg.Dir, "log", "--all", "--format=%s").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "list the features") {
				t.Errorf("the commit cannot be reached: %s %v", out, err)
			}
			b.cfg.RunMax.Sessions = 1
			b.stops("limit-iterations") // the project is still itself
		})
	}
}

func TestKeysAreNeverWrittenDown(t *testing.T) {
	const shaped, given = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789", "correct-horse-battery"
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		t.Say("I found " + shaped + " and " + given)
		t.Write("x", "key="+given)
		t.Emit(autosession.Event{Type: autosession.EventRaw, Raw: []byte(`{"text":"` + shaped + `"}`)})
		makeList(t)
		return autosession.Outcome{Class: autosession.OutcomeDone, Detail: "with " + given}
	})
	b.cfg.Secrets = []string{given}
	b.cfg.Checks.Command = "echo " + shaped + "; false"
	b.cfg.RunMax.Sessions = 1
	b.stops("limit-iterations")
	s := b.snapshot()
	written := fmt.Sprintf("%+v", s) + b.story()
	for e, err := range b.store.Events(t.Context(), s.Sessions[0].ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		written += fmt.Sprintf("%+v %+v %+v", e, e.Call, e.Result)
		if e.Call != nil {
			written += string(e.Call.Input)
		}
	}
	transcript, err := os.ReadFile(filepath.Join(b.cfg.State, "transcripts", s.Sessions[0].ID+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	written += string(transcript)
	for _, secret := range []string{shaped, given} {
		if i := strings.Index(written, secret); i >= 0 {
			t.Errorf("%s is written down: …%s…", secret, written[max(0, i-200):min(len(written), i+50)])
		}
	}
	if !strings.Contains(written, "[redacted]") {
		t.Error("nothing is redacted")
	}
}

func TestResetStartsOver(t *testing.T) {
	b := newBench(t, func(t *autosessiontest.Turn) autosession.Outcome {
		if t.Task.Kind == autosession.Init {
			return makeList(t)
		}
		t.Write("hello", "hello")
		claim(t, "F1")
		return done
	})
	b.cfg.RunMax.Sessions = 2
	b.stops("limit-iterations")
	if err := autosession.Reset(t.Context(), b.cfg); err != nil {
		t.Fatal(err)
	}
	l := b.snapshot().Ledger
	if len(l.Entries) != 2 || l.Entries[0].State != autosession.FeatureClaimed || !l.Entries[0].Pending || l.Entries[0].SeenFailing {
		t.Errorf("after the reset the ledger is %+v", l)
	}
	if d, err := autosession.Detect(b.cfg.Dir, l); err != nil || d.Kind != autosession.Continue {
		t.Errorf("next is %+v, %v", d, err)
	}
}
