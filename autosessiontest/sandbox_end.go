package autosessiontest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

func testDaemonEnds(t *testing.T, b *box) {
	var output bytes.Buffer
	// The daemon has left its parents, its session and its group, holds the
	// output open and hears nothing.
	p := b.start(t, `(setsid sh -c 'trap "" TERM HUP INT; touch daemon; while :; do sleep 1; done' &)
		while ! test -e daemon; do sleep 0.01; done; echo last words; exit 6`, autosession.Command{Stdout: &output})
	exit, err := p.Wait()
	if err != nil || exit.Code != 6 || output.String() != "last words\n" {
		t.Errorf("%+v, %v, %q", exit, err, output.String())
	}
	b.dead(t)
}

func testStopAsks(t *testing.T, b *box) {
	var output bytes.Buffer
	p := b.start(t, `trap 'echo bye; exit 9' TERM; touch ready; while :; do sleep 0.01; done`, autosession.Command{Stdout: &output})
	b.appears(t, "ready")
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	if err != nil || exit.Code != 9 || output.String() != "bye\n" {
		t.Errorf("%+v, %v, %q", exit, err, output.String())
	}
	b.dead(t)
}

func testStopKills(t *testing.T, b *box) {
	for _, grace := range []time.Duration{0, 50 * time.Millisecond} {
		p := b.start(t, `trap '' TERM INT HUP; rm -f ready; sh -c 'trap "" TERM; touch ready; while :; do sleep 1; done'; true`, autosession.Command{})
		b.appears(t, "ready")
		if err := p.Stop(grace); err != nil {
			t.Fatal(err)
		}
		b.dead(t)
		if exit, err := p.Wait(); err != nil || exit.Signal != syscall.SIGKILL {
			t.Errorf("after %v: %+v, %v", grace, exit, err)
		}
		os.Remove(filepath.Join(b.scope.Dir, "ready"))
	}
}

func testStopKillsForkers(t *testing.T, b *box) {
	p := b.start(t, `for i in 1 2 3 4; do (while :; do (sleep 600 &) ; sleep 0.01; done) & done; touch ready; wait`, autosession.Command{})
	b.appears(t, "ready")
	if err := p.Stop(0); err != nil {
		t.Fatal(err)
	}
	b.dead(t)
}

func testStopTwice(t *testing.T, b *box) {
	p := b.start(t, `trap '' TERM; touch ready; while :; do sleep 0.1; done`, autosession.Command{})
	b.appears(t, "ready")
	var both sync.WaitGroup
	both.Go(func() {
		if err := p.Stop(time.Hour); err != nil {
			t.Error(err)
		}
	})
	both.Go(func() {
		if err := p.Stop(0); err != nil {
			t.Error(err)
		}
	})
	both.Wait()
	if err := p.Stop(0); err != nil {
		t.Error(err)
	}
	b.dead(t)
}

func testConcurrent(t *testing.T, b *box) {
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			if exit, _ := b.run(t, "exit "+string(rune('0'+i)), autosession.Command{}); exit.Code != i {
				t.Errorf("process %d ended with %+v", i, exit)
			}
		})
	}
	all.Wait()
	// The end of one leaves the others of the session alone.
	long := b.start(t, "touch ready; read x; exit 8", autosession.Command{Stdin: blocked(t)})
	b.appears(t, "ready")
	b.ok(t, "true")
	if len(b.living(t)) == 0 {
		t.Error("the other process of the session was ended")
	}
	if err := long.Stop(0); err != nil {
		t.Error(err)
	}
	b.dead(t)
}

func testScopesApart(t *testing.T, b *box) {
	long := b.start(t, `echo mine > "$TMPDIR/file"; touch ready; while ! test -e go; do sleep 0.01; done; cat "$TMPDIR/file"; exit 8`, autosession.Command{})
	b.appears(t, "ready")
	other := b.scope
	other.Kind, other.Session = autosession.ScopeCheck, other.Session+"-other"
	second := &box{Sandbox: b.Sandbox, scope: other, state: b.state}
	second.ok(t, `! test -e "$TMPDIR/file" && echo other > "$TMPDIR/file"`)
	if err := b.Rescue(t.Context(), other.Session); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.scope.Dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, err := long.Wait(); err != nil || exit.Code != 8 {
		t.Errorf("%+v, %v", exit, err)
	}
}

func testRescue(t *testing.T, b *box) {
	// Here the manager lives; that it may be dead is for the tests of each
	// sandbox, which know how to start one.
	p := b.start(t, `(setsid sleep 600 &); touch ready; sleep 600`, autosession.Command{})
	b.appears(t, "ready")
	if err := b.Rescue(t.Context(), b.scope.Session); err != nil {
		t.Fatal(err)
	}
	b.dead(t)
	if exit, _ := p.Wait(); exit.OK() {
		t.Errorf("%+v", exit)
	}
	b.clear(t)
}

func testRescueOfNothing(t *testing.T, b *box) {
	if err := b.Rescue(t.Context(), "never-there"); err != nil {
		t.Error(err)
	}
	if err := b.Rescue(t.Context(), "../x"); err == nil {
		t.Error("a path is taken for an id")
	}
}

func testCheck(t *testing.T, b *box) {
	canaries := b.Check(t.Context())
	if len(canaries) == 0 {
		t.Error("it tries nothing")
	}
	for _, c := range canaries {
		if !c.Holds {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
	b.clear(t)
}

func testNothingLeft(t *testing.T, b *box) {
	temp := strings.TrimSpace(b.ok(t, `echo x > "$TMPDIR/file"; mkdir -p "$TMPDIR/ro/sub"; touch "$TMPDIR/ro/sub/f"; chmod -R a-w "$TMPDIR/ro"; echo "$TMPDIR"`))
	if entries, err := os.ReadDir(temp); err == nil && temp != "/tmp" {
		t.Errorf("%s is still there with %v", temp, entries)
	}
	if _, err := os.Stat("/tmp/file"); err == nil {
		t.Error("the temporary directory was the host's")
	}
	b.clear(t)
}

// clear fails when the sandbox still keeps something of its own.
func (b *box) clear(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(b.state)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s is left in the sandbox's state", e.Name())
	}
}
