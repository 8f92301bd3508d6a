package claudecode

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

// TestSpokenBadly has the stand-in end its turn in many ways.
func TestSpokenBadly(t *testing.T) {
	for _, test := range []struct {
		scenario string
		class    autosession.OutcomeClass
		detail   string
	}{
		{"well", autosession.OutcomeDone, ""},
		{"no result", autosession.OutcomeNoResult, "without a result"},
		{"exit 1 at success", autosession.OutcomeCrashed, "result and exit disagree"},
		{"error result", autosession.OutcomeNeedsPerson, "API Error: 403 for [key]"},
		{"signal", autosession.OutcomeCrashed, "killed by a signal: killed"},
		{"half line, exit", autosession.OutcomeNoResult, ""},
		{"last line whole", autosession.OutcomeDone, ""},
		{"bad lines", autosession.OutcomeDone, ""},
		{"background", autosession.OutcomeDone, ""},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			_, c, _ := mustOpen(t, test.scenario, &gate{})
			r, err := c.Run(t.Context(), "Go.")
			if err != nil {
				t.Fatal(err)
			}
			wantClass(t, r, test.class)
			if !strings.Contains(r.Outcome.Detail, test.detail) {
				t.Errorf("detail = %q, want %q in it", r.Outcome.Detail, test.detail)
			}
		})
	}
}

// TestOpenFails has programs that cannot be used at all.
func TestOpenFails(t *testing.T) {
	for _, test := range []struct {
		scenario string
		want     autosession.Outcome
	}{
		{"no output", outcome(autosession.OutcomeNoResult, "the program ended without a result")},
		{"fails at start", outcome(autosession.OutcomeCrashed, "ended with exit status 1: error: unknown option '--x'")},
		{"old", person(autosession.BlockAgent, "Claude Code 1.0.44 is too old: 2.1.0 or newer is needed; run `claude update`")},
		{"too old to start", person(autosession.BlockAgent, "Claude Code 1.0.9 is too old: 2.1.0 or newer is needed; run `claude update`")},
		{"signed out", person(autosession.BlockAuth, "Claude Code is not signed in: sign in with it, or give an API key")},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			_, c, _, err := openStandin(t, test.scenario, &gate{})
			var got *autosession.OutcomeError
			if c != nil || !errors.As(err, &got) {
				t.Fatalf("Open = %v, %v, want an OutcomeError", c, err)
			}
			if got.Outcome != test.want {
				t.Errorf("outcome = %+v, want %+v", got.Outcome, test.want)
			}
		})
	}
}

// TestOpenOfTheDead has a program that is gone before the first word to it: how
// it ended counts, and not that nobody reads our pipe.
func TestOpenOfTheDead(t *testing.T) {
	dir, start := t.TempDir(), startStandin(t, "fails at start", t.TempDir())
	task := autosession.Task{Session: uuid(), Dir: dir, Home: dir, Hooks: &gate{}, Emit: (&recorder{}).emit}
	task.Start = func(ctx context.Context, c autosession.Command) (autosession.Process, error) {
		p, err := start(ctx, c)
		if err == nil {
			_, err = p.Wait()
		}
		return p, err
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Agent{Command: self}.Open(t.Context(), task)
	var got *autosession.OutcomeError
	want := outcome(autosession.OutcomeCrashed, "ended with exit status 1: error: unknown option '--x'")
	if !errors.As(err, &got) || got.Outcome != want {
		t.Errorf("Open = %v, want %v", err, want)
	}
}

func TestOpenWithoutProgram(t *testing.T) {
	_, err := Agent{Command: "/no/such/claude"}.Open(t.Context(), autosession.Task{})
	var got *autosession.OutcomeError
	if !errors.As(err, &got) || got.Outcome.Block != autosession.BlockAgent {
		t.Errorf("Open = %v, want needs-person agent", err)
	}
}

// TestNeverPrompted closes a conversation that was only opened.
func TestNeverPrompted(t *testing.T) {
	rec, c, _ := mustOpen(t, "well", &gate{})
	if err := errors.Join(c.Interrupt(t.Context()), c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	for _, e := range rec.all() {
		if e.Type != autosession.EventUsage {
			t.Errorf("event %s: %s", e.Type, e.Text)
		}
	}
	r, err := c.Run(t.Context(), "Too late.")
	if err != nil || r.Outcome.Class == autosession.OutcomeDone {
		t.Errorf("Run after Close = %v, %v", r.Outcome, err)
	}
}

// TestSilence has a program that says nothing any more: the end of ctx kills
// it.
func TestSilence(t *testing.T) {
	for _, scenario := range []string{"half line, silent", "flood"} {
		t.Run(scenario, func(t *testing.T) {
			_, c, _ := mustOpen(t, scenario, &gate{})
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("idle"))
			r, err := c.Run(ctx, "Go.")
			if err != nil || r.Outcome != outcome(autosession.OutcomeInterrupted, "idle") {
				t.Errorf("Run = %+v, %v", r.Outcome, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBadLines(t *testing.T) {
	rec, c, _ := mustOpen(t, "bad lines", &gate{})
	if _, err := c.Run(t.Context(), "Go."); err != nil {
		t.Fatal(err)
	}
	var raw, text []string
	for _, e := range rec.all() {
		switch e.Type {
		case autosession.EventRaw:
			raw = append(raw, e.Text)
			if e.Raw == nil || e.N == 0 && !strings.HasPrefix(e.Text, "assistant") {
				t.Errorf("%s: %d bytes, raw %q", e.Text, e.N, e.Raw)
			}
		case autosession.EventText:
			text = append(text, e.Text)
		}
	}
	bad := strings.Repeat("a line that is not JSON,", 11)
	wantRaw := bad + "a new type,system/a new subtype,assistant block a new block,deep,a line that is not JSON"
	if got := strings.Join(raw, ","); got != wantRaw {
		t.Errorf("raw events:\n%s\nwant\n%s", got, wantRaw)
	}
	if got := strings.Join(text, ","); got != "plain text,bad \ufffd utf8" {
		t.Errorf("text events: %s", got)
	}
}

// TestGigabyte has one line of 1 GiB. It is cut, its frame is understood, and
// memory stays low.
func TestGigabyte(t *testing.T) {
	rec, c, _ := mustOpen(t, "gigabyte", &gate{})
	before := heap()
	peak := watchHeap(t)
	r, err := c.Run(t.Context(), "Go.")
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, r, autosession.OutcomeDone)
	if grown := peak() - before; grown > 64<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	results := rec.of(autosession.EventToolResult)
	if len(results) != 1 || !results[0].Result.IsError || results[0].N < 1<<30 || len(results[0].Raw) > 1<<20 {
		t.Fatalf("the huge line's event: %d of them", len(results))
	}
}

// TestFlood has ten million short lines: progress is merged, memory stays
// constant, and an interrupt is answered meanwhile.
func TestFlood(t *testing.T) {
	rec, c, _ := mustOpen(t, "flood", &gate{})
	before, peak := heap(), watchHeap(t)
	answered := make(chan []time.Duration, 1)
	rec.on(autosession.EventUsage, func() { answered <- interruptOften(t, c, 5) })
	rec.on(autosession.EventText, func() {
		if err := c.Interrupt(t.Context()); err != nil {
			t.Errorf("the last interrupt: %v", err)
		}
	})
	r, err := c.Run(t.Context(), "Go.")
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, r, autosession.OutcomeInterrupted)
	if grown := peak() - before; grown > 32<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	if took := <-answered; took[len(took)/2] > time.Second {
		t.Errorf("interrupts were answered after %v", took)
	}
	const blocks = floodLines / 1000
	if rep := c.(*conversation).report; rep.bad < blocks*floodBad || rep.unknown < blocks*floodUnknown {
		t.Errorf("%d bad and %d unknown lines were counted, want %d and %d", rep.bad, rep.unknown, blocks*floodBad, blocks*floodUnknown)
	}
	if n := len(rec.all()); n > 3*keptUnknown+1000 {
		t.Errorf("%d events, want them merged", n)
	}
}

// interruptOften interrupts n times and returns how long each answer took, the
// shortest first.
func interruptOften(t *testing.T, c autosession.Conversation, n int) []time.Duration {
	var took []time.Duration
	for range n {
		begun := time.Now()
		if err := c.Interrupt(t.Context()); err != nil {
			t.Errorf("interrupt: %v", err)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return took
}

func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// watchHeap samples the heap until the returned function is called, which
// tells the peak.
func watchHeap(t testing.TB) func() int64 {
	done, peak := make(chan struct{}), make(chan int64)
	go func() {
		var top int64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			top = max(top, heap())
			select {
			case <-tick.C:
			case <-done:
				peak <- top
				return
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-peak
	}
}

// slowGate judges calls with "slow" in them only when its context ends or slow
// is closed.
func slowGate(slow <-chan struct{}) *gate {
	return &gate{before: func(ctx context.Context, c autosession.ToolCall) autosession.Verdict {
		if strings.Contains(string(c.Input), "slow") {
			select {
			case <-slow:
			case <-ctx.Done():
			}
		}
		return autosession.Verdict{Allow: !strings.Contains(string(c.Input), "no"), Reason: "no is no"}
	}}
}

func texts(rec *recorder) string {
	var list []string
	for _, e := range rec.of(autosession.EventText) {
		list = append(list, e.Text)
	}
	return strings.Join(list, "\n")
}

func TestHooksAtOnce(t *testing.T) {
	slow := make(chan struct{})
	g := slowGate(slow)
	judge := g.before
	g.before = func(ctx context.Context, c autosession.ToolCall) autosession.Verdict {
		if strings.Contains(string(c.Input), "quick") {
			defer close(slow)
		}
		return judge(ctx, c)
	}
	rec, c, _ := mustOpen(t, "two hooks", g)
	if _, err := c.Run(t.Context(), "Go."); err != nil {
		t.Fatal(err)
	}
	got := texts(rec)
	if !strings.Contains(got, "quick allow") || !strings.Contains(got, "slow allow") {
		t.Errorf("verdicts: %s", got)
	}
}

func TestCancelledHook(t *testing.T) {
	rec, c, _ := mustOpen(t, "cancelled hook", slowGate(nil))
	if _, err := c.Run(t.Context(), "Go."); err != nil {
		t.Fatal(err)
	}
	if got := texts(rec); got != "next allow" {
		t.Errorf("verdicts: %s; a question that was taken back gets none", got)
	}
}

// TestCloseDenies closes a conversation while a call is being judged: the
// program must hear a denial, for without one it makes the call.
func TestCloseDenies(t *testing.T) {
	asked := make(chan struct{})
	g := &gate{before: func(ctx context.Context, _ autosession.ToolCall) autosession.Verdict {
		close(asked)
		<-ctx.Done()
		return autosession.Verdict{Allow: true}
	}}
	_, c, dir := mustOpen(t, "closed hook", g)
	over := make(chan autosession.Result)
	go func() {
		r, _ := c.Run(t.Context(), "Go.")
		over <- r
	}()
	<-asked
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	wantClass(t, <-over, autosession.OutcomeInterrupted)
	if got := readFile(t, dir, "verdict"); got != "pending deny" {
		t.Errorf("verdict = %q", got)
	}
}

func TestLateRequest(t *testing.T) {
	g := &gate{}
	_, c, _ := mustOpen(t, "late request", g)
	r, err := c.Run(t.Context(), "Go.")
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, r, autosession.OutcomeDone)
	if n := g.judged.Load(); n != 1 {
		t.Errorf("%d calls were judged, want 1", n)
	}
}

func TestOddRequests(t *testing.T) {
	rec, c, _ := mustOpen(t, "odd requests", slowGate(nil))
	if _, err := c.Run(t.Context(), "Go."); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`"error":"cannot answer a control request of subtype \"a new request\""`,
		`"permissionDecision":"deny"`,
		`"permissionDecisionReason":"no is no"`,
		`"hookEventName":"PostToolUse"`,
		`"behavior":"allow","toolUseID":"t","updatedInput":{"content":"b","file_path":"a"}`,
		`"behavior":"deny","message":"no is no"`,
		`"behavior":"deny","message":"This tool asks a person`,
		`"behavior":"deny","message":"This call could not be read`,
		`"subtype":"error"`,
	}
	got := rec.of(autosession.EventText)
	if len(got) != len(want) {
		t.Fatalf("%d answers, want %d", len(got), len(want))
	}
	for i := range want {
		if !strings.Contains(got[i].Text, want[i]) {
			t.Errorf("answer %d = %s, want %s in it", i, got[i].Text, want[i])
		}
	}
}

// TestDeaf has a program that heeds neither the end of its input nor SIGTERM.
func TestDeaf(t *testing.T) {
	t.Parallel()
	_, c, _ := mustOpen(t, "deaf", &gate{})
	r, err := c.Run(t.Context(), "Go.")
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, r, autosession.OutcomeDone)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if x := c.(*conversation).exit; x.Signal != syscall.SIGKILL {
		t.Errorf("exit = %+v, want SIGKILL", x)
	}
}

// TestDaemon has a process that outlives the program's group and holds its
// output: it does not hold us.
func TestDaemon(t *testing.T) {
	t.Parallel()
	_, c, dir := mustOpen(t, "daemon", &gate{})
	r, err := c.Run(t.Context(), "Go.")
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, r, autosession.OutcomeDone)
	pid, err := strconv.Atoi(readFile(t, dir, "daemon"))
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := daemon.Kill(); err != nil {
		t.Errorf("the daemon should have outlived this unconfined process group: %v", err)
	}
}

// TestEventsLost has an Emit that fails: the turn ends, and Run says why.
func TestEventsLost(t *testing.T) {
	full := errors.New("the disk is full")
	rec, c, _ := mustOpen(t, "flood", &gate{})
	rec.mu.Lock()
	rec.fail = full
	rec.mu.Unlock()
	_, err := c.Run(t.Context(), "Go.")
	if !errors.Is(err, full) {
		t.Errorf("Run = %v, want %v", err, full)
	}
}
