package autosessiontest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/proctree"
)

// patience bounds what must happen soon. It is long: machines are slow.
const patience = 60 * time.Second

// TestSandbox runs the contract of [autosession.Sandbox] against what open
// returns: how programs start, how their ends are told, and that nothing of a
// tree outlives it. What a confined one must keep in is tested beside it.
//
// open is called once for each test and gets an absolute directory for what
// the sandbox keeps. The package under test must call reexec.Init from its
// TestMain.
func TestSandbox(t *testing.T, open func(t *testing.T, state string) autosession.Sandbox) {
	tests := []struct {
		name string
		test func(t *testing.T, b *box)
	}{
		{"ExitStatus", testExitStatus},
		{"Signal", testSignal},
		{"Streams", testStreams},
		{"SharedOutput", testSharedOutput},
		{"InputNobodyReads", testInputNobodyReads},
		{"FailingWriter", testFailingWriter},
		{"Files", testFiles},
		{"WorkingDirectory", testWorkingDirectory},
		{"Environment", testEnvironment},
		{"Descriptors", testDescriptors},
		{"CannotStart", testCannotStart},
		{"CancelledStart", testCancelledStart},
		{"DaemonEnds", testDaemonEnds},
		{"StopAsks", testStopAsks},
		{"StopKills", testStopKills},
		{"StopKillsForkers", testStopKillsForkers},
		{"StopTwice", testStopTwice},
		{"Concurrent", testConcurrent},
		{"ScopesApart", testScopesApart},
		{"Rescue", testRescue},
		{"RescueOfNothing", testRescueOfNothing},
		{"Check", testCheck},
		{"NothingLeft", testNothingLeft},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.test(t, newBox(t, open))
		})
	}
}

// box is a sandbox with a project for one test.
type box struct {
	autosession.Sandbox
	scope autosession.Scope
	state string
}

func newBox(t *testing.T, open func(*testing.T, string) autosession.Sandbox) *box {
	base := t.TempDir()
	b := &box{state: filepath.Join(base, "state"), scope: autosession.Scope{
		Kind: autosession.ScopeSession, Session: "suite-" + strconv.Itoa(os.Getpid()) + "-" + filepath.Base(filepath.Dir(base)),
		Dir: filepath.Join(base, "project"), Home: filepath.Join(base, "home"),
	}}
	b.scope.Session = strings.Map(func(r rune) rune {
		if r == '/' || r == '.' {
			return '-'
		}
		return r
	}, b.scope.Session)
	if err := os.Mkdir(b.scope.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b.Sandbox = open(t, b.state)
	return b
}

// start starts a shell script.
func (b *box) start(t *testing.T, script string, c autosession.Command) autosession.Process {
	t.Helper()
	c.Path, c.Args = "/bin/sh", []string{"-c", script}
	p, err := b.Start(t.Context(), b.scope, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(0) })
	return p
}

// run runs a shell script to its end and returns what it wrote.
func (b *box) run(t *testing.T, script string, c autosession.Command) (autosession.Exit, string) {
	t.Helper()
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	exit, err := b.start(t, script, c).Wait()
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return exit, output.String()
}

// ok runs a script that must succeed.
func (b *box) ok(t *testing.T, script string) string {
	t.Helper()
	exit, output := b.run(t, script, autosession.Command{})
	if !exit.OK() {
		t.Fatalf("%s ended with %+v: %s", script, exit, output)
	}
	return output
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("still not so after %v: %s", patience, what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// appears waits until the program has made a file of that name in the project.
func (b *box) appears(t *testing.T, name string) {
	t.Helper()
	until(t, name+" exists", func() bool {
		_, err := os.Stat(filepath.Join(b.scope.Dir, name))
		return err == nil
	})
}

// living returns the processes of the box's session.
func (b *box) living(t *testing.T) []proctree.Process {
	t.Helper()
	list, err := proctree.List()
	if err != nil {
		t.Fatal(err)
	}
	return proctree.Marked(list, "AUTOSESSION_SESSION="+b.scope.Session)
}

// dead fails when a process of the session still runs.
func (b *box) dead(t *testing.T) {
	t.Helper()
	if left := b.living(t); len(left) > 0 {
		t.Errorf("%d processes still run: %v", len(left), left)
	}
}

func testExitStatus(t *testing.T, b *box) {
	for _, code := range []int{0, 1, 7, 127, 128, 137, 255} {
		exit, _ := b.run(t, fmt.Sprintf("exit %d", code), autosession.Command{})
		if exit != (autosession.Exit{Code: code}) {
			t.Errorf("exit %d is told as %+v", code, exit)
		}
	}
}

func testSignal(t *testing.T, b *box) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGSEGV} {
		exit, _ := b.run(t, fmt.Sprintf("kill -%d $$; sleep 600", signal), autosession.Command{})
		if exit != (autosession.Exit{Code: -1, Signal: signal}) {
			t.Errorf("signal %v is told as %+v", signal, exit)
		}
	}
}

func testStreams(t *testing.T, b *box) {
	const size = 8 << 20 // more than any pipe holds
	var stdout, stderr bytes.Buffer
	p := b.start(t, "cat; echo problem >&2", autosession.Command{
		Stdin: io.LimitReader(zeros{}, size), Stdout: &stdout, Stderr: &stderr,
	})
	exit, err := p.Wait()
	if err != nil || !exit.OK() {
		t.Fatalf("%+v, %v", exit, err)
	}
	if stdout.Len() != size || stderr.String() != "problem\n" {
		t.Errorf("got %d bytes and %q", stdout.Len(), stderr.String())
	}
	if output := b.ok(t, "cat"); output != "" {
		t.Errorf("no input reads as %q", output)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func testSharedOutput(t *testing.T, b *box) {
	exit, output := b.run(t, "echo 1; echo 2 >&2; echo 3", autosession.Command{})
	if !exit.OK() || output != "1\n2\n3\n" {
		t.Errorf("%+v, %q", exit, output)
	}
}

func testInputNobodyReads(t *testing.T, b *box) {
	for _, input := range []io.Reader{zeros{}, blocked(t)} {
		exit, _ := b.run(t, "exit 3", autosession.Command{Stdin: input})
		if exit.Code != 3 {
			t.Errorf("%+v", exit)
		}
	}
}

// blocked is a reader that has nothing to say until the test ends.
func blocked(t *testing.T) io.Reader {
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	return r
}

func testFailingWriter(t *testing.T, b *box) {
	p := b.start(t, "head -c 3000000 /dev/zero; exit 4", autosession.Command{Stdout: full{}})
	exit, err := p.Wait()
	if exit.Code != 4 || err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("%+v, %v", exit, err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no room") }

func testFiles(t *testing.T, b *box) {
	file, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := b.start(t, "echo direct", autosession.Command{Stdout: file})
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(file.Name()); err != nil || string(data) != "direct\n" {
		t.Errorf("%q, %v", data, err)
	}
}

func testWorkingDirectory(t *testing.T, b *box) {
	if got := strings.TrimSpace(b.ok(t, "pwd")); got != b.scope.Dir {
		t.Errorf("works in %s, not in the project", got)
	}
	sub := filepath.Join(b.scope.Dir, "sub dir")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, got := b.run(t, "pwd", autosession.Command{Dir: sub}); strings.TrimSpace(got) != sub {
		t.Errorf("works in %s, not in %s", got, sub)
	}
}

func testEnvironment(t *testing.T, b *box) {
	t.Setenv("ANTHROPIC_API_KEY", "sk-secret")
	t.Setenv("SSH_AUTH_SOCK", "/tmp/agent")
	t.Setenv("AUTOSESSION_STATE", "/somewhere")
	t.Setenv("TZ", "Europe/Paris")
	exit, output := b.run(t, "env; touch \"$HOME/h\" \"$TMPDIR/t\"", autosession.Command{Env: []string{"X=1", "X=2", "PAGER=less"}})
	if !exit.OK() {
		t.Fatalf("%+v: %s", exit, output)
	}
	env := strings.Split(output, "\n")
	for _, want := range []string{"HOME=" + b.scope.Home, "TZ=Europe/Paris", "X=2", "PAGER=less", "GIT_AUTHOR_NAME=autosession"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing in %q", want, env)
		}
	}
	for _, name := range []string{"ANTHROPIC_API_KEY=", "SSH_AUTH_SOCK=", "AUTOSESSION_STATE=", "X=1", "PAGER=cat"} {
		if slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, name) }) {
			t.Errorf("%s is visible", name)
		}
	}
	if _, err := os.Stat(filepath.Join(b.scope.Home, "h")); err != nil {
		t.Error(err)
	}
}

func testDescriptors(t *testing.T, b *box) {
	// A descriptor that our own caller left open and that is not closed on
	// exec, as from a shell's 9>file.
	file, err := os.Create(filepath.Join(t.TempDir(), "leak"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	leak, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(leak)
	if output := b.ok(t, "for fd in 3 4 5 6 7 8 9 "+strconv.Itoa(leak)+"; do test -e /dev/fd/$fd && echo $fd; done; true"); output != "" {
		t.Errorf("these descriptors are open: %q", output)
	}
}

func testCannotStart(t *testing.T, b *box) {
	plain := filepath.Join(b.scope.Dir, "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	bare := autosession.Scope{}
	tests := []struct {
		name  string
		scope autosession.Scope
		c     autosession.Command
		want  string
	}{
		{"unknown name", b.scope, autosession.Command{Path: "no-such-program"}, "no-such-program"},
		{"missing file", b.scope, autosession.Command{Path: "/no/such/program"}, "/no/such/program"},
		{"not executable", b.scope, autosession.Command{Path: plain}, plain},
		{"missing directory", b.scope, autosession.Command{Path: "/bin/sh", Dir: "/no/such/dir"}, "/no/such/dir"},
		{"no program", b.scope, autosession.Command{}, "needs a program"},
		{"no entry", b.scope, autosession.Command{Path: "/bin/sh", Env: []string{"novalue"}}, "novalue"},
		{"no scope", bare, autosession.Command{Path: "/bin/sh"}, "session"},
	}
	for _, test := range tests {
		p, err := b.Start(t.Context(), test.scope, test.c)
		if err == nil {
			p.Stop(0)
			t.Errorf("%s: it started", test.name)
		} else if !strings.HasPrefix(err.Error(), "cannot ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is not clear: %v", test.name, err)
		}
	}
	b.dead(t)
	b.clear(t)
}

func testCancelledStart(t *testing.T, b *box) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := b.Start(ctx, b.scope, autosession.Command{Path: "/bin/sh", Args: []string{"-c", "sleep 600"}})
	if err == nil {
		p.Stop(0)
		t.Fatal("it started")
	}
	b.dead(t)
	ctx, cancel = context.WithCancel(t.Context())
	p, err = b.Start(ctx, b.scope, autosession.Command{Path: "/bin/sh", Args: []string{"-c", "read x; exit 5"}, Stdin: strings.NewReader("go\n")})
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(); err != nil || exit.Code != 5 {
		t.Errorf("the end of Start's context ended the process: %+v, %v", exit, err)
	}
}
