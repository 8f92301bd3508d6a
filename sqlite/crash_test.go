package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	driver "modernc.org/sqlite"

	"golang.org/x/sys/unix"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/internal/reexec"
	"github.com/autosession/autosession/sqlite"
)

func TestMain(m *testing.M) {
	reexec.Register("die", die)
	reexec.Register("full", full)
	reexec.Init()
	os.Exit(m.Run())
}

// call is one step of the script that a process dies in.
type call func(ctx context.Context, store autosession.Store) error

// script is a short life of a project: every part of a Change, and events.
func script() []call {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	session := autosession.SessionRecord{ID: "s", Kind: autosession.Init, Phase: autosession.PhasePrepared, Prepared: at}
	running, ended := session, session
	running.Number, running.Phase, running.Started = 1, autosession.PhaseRunning, at
	ended = running
	ended.Phase, ended.Ended = autosession.PhaseEnded, at.Add(time.Minute)
	ended.Usage = autosession.Usage{Turns: 3, Tokens: autosession.Tokens{Output: 7}, CostUSD: 0.5}
	entry := autosession.LedgerEntry{Feature: autosession.Feature{Description: "adds"}, State: autosession.FeatureOpen}
	proven := entry
	proven.State = autosession.FeatureProven
	apply := func(c autosession.Change) call {
		return func(ctx context.Context, store autosession.Store) error { return store.Apply(ctx, c) }
	}
	events := func(n int) call {
		batch := make([]autosession.Event, n)
		for i := range batch {
			batch[i] = autosession.Event{Time: at, Type: autosession.EventText, Text: strings.Repeat("word ", 300)}
		}
		return func(ctx context.Context, store autosession.Store) error { return store.Append(ctx, "s", batch) }
	}
	return []call{
		apply(autosession.Change{ID: "1", Project: &autosession.ProjectRecord{Dir: "/p", Seen: at},
			Run: &autosession.RunRecord{ID: "r", Started: at}, Session: &session}),
		apply(autosession.Change{ID: "2", Session: &running}),
		events(3),
		events(2),
		apply(autosession.Change{ID: "3", Session: &ended, Ledger: &autosession.Ledger{Entries: []autosession.LedgerEntry{entry, entry}}}),
		apply(autosession.Change{ID: "4", Entries: map[int]autosession.LedgerEntry{1: proven},
			Checks:   []autosession.CheckRun{{Feature: "f", Passed: true}},
			History:  []autosession.HistoryEntry{{Feature: "f", What: "proven"}},
			Decision: &autosession.Decision{Action: autosession.ActionStart}}),
		events(1),
	}
}

// die plays the script and says after each call that it was acknowledged. It
// kills its own process at the step it is told: a step is a row about to
// change, a transaction about to commit, or a call just acknowledged.
func die(args []string) int {
	left, err := strconv.Atoi(args[1])
	if err != nil {
		return fail(err)
	}
	step := func() {
		if left--; left < 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // it comes
		}
	}
	driver.RegisterConnectionHook(func(conn driver.ExecQuerierContext, _ string) error {
		hooks := conn.(driver.HookRegisterer)
		hooks.RegisterPreUpdateHook(func(driver.SQLitePreUpdateData) { step() })
		hooks.RegisterCommitHook(func() int32 { step(); return 0 })
		return nil
	})
	return play(args[0], step)
}

// full plays the script where no file may grow beyond some size. A write is cut
// short there and fails, and the process ends at once, without Close.
func full(args []string) int {
	bytes, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return fail(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: bytes}); err != nil {
		return fail(err)
	}
	return play(args[0], func() {})
}

func play(path string, step func()) int {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return fail(err)
	}
	for _, call := range script() {
		if err := call(ctx, store); err != nil {
			return fail(err)
		}
		os.Stdout.WriteString("acknowledged\n")
		step()
	}
	return 0 // without Close
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// lives runs an entry and returns how many calls were acknowledged, and what
// became of the process.
func lives(t *testing.T, entry, path string, n int) (acknowledged int, err error) {
	t.Helper()
	program, args, err := reexec.Command(entry, path, strconv.Itoa(n))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout = &out
	err = cmd.Run()
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		acknowledged++
	}
	return acknowledged, err
}

// holdsPrefix opens the store of a dead process and sees that it is sound and
// holds what was acknowledged, and at most the one call more that was under
// way; and that the rest of the script can go on from there.
func holdsPrefix(t *testing.T, path string, acknowledged int) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := script()
	done := acknowledged
	if got := seen(t, store); got != after(t, calls[:acknowledged]) {
		if done++; done > len(calls) || got != after(t, calls[:done]) {
			t.Fatalf("acknowledged were %d calls; the store holds something else:\n%s", acknowledged, got)
		}
	}
	for _, call := range calls[done:] {
		if err := call(t.Context(), store); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := seen(t, store), after(t, calls); got != want {
		t.Fatalf("going on after %d calls ends in\n%s\nwant\n%s", done, got, want)
	}
}

// after is what can be seen after some calls, by the model.
func after(t *testing.T, calls []call) string {
	t.Helper()
	model := autosessiontest.NewMemory()
	for _, call := range calls {
		if err := call(t.Context(), model); err != nil {
			t.Fatal(err)
		}
	}
	return seen(t, model)
}

// seen is all that the script can have changed, as text.
func seen(t *testing.T, store interface {
	autosession.Store
	autosession.Archive
}) string {
	t.Helper()
	snapshot, err := store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var events []autosession.Event
	for e, err := range store.Events(t.Context(), "s", 0) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	checks, err := store.Checks(t.Context(), "f", 10)
	if err != nil {
		t.Fatal(err)
	}
	history, err := store.History(t.Context(), "f", 10)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{snapshot, events, checks, history})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKilledAtEveryStep(t *testing.T) {
	for step := 0; ; step++ {
		path := filepath.Join(t.TempDir(), "state.db")
		acknowledged, err := lives(t, "die", path, step)
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
			t.Fatalf("step %d: %v", step, err)
		}
		holdsPrefix(t, path, acknowledged)
		if err == nil {
			if acknowledged != len(script()) || step < 2*len(script()) {
				t.Fatalf("the script is complete after %d steps and %d calls", step, acknowledged)
			}
			return
		}
	}
}

// TestTornWrite cuts the files at odd places, not between two pages.
func TestTornWrite(t *testing.T) {
	const stride = 12_347 // no multiple of a page
	for size := 1000; ; size += stride {
		path := filepath.Join(t.TempDir(), "state.db")
		acknowledged, err := lives(t, "full", path, size)
		holdsPrefix(t, path, acknowledged)
		if err == nil {
			if size < 5*stride {
				t.Fatalf("the script needs only %d bytes", size)
			}
			return
		}
	}
}
