package sandbox

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/autosession/autosession"
)

// fakeBwrap puts a script in the place of bwrap.
func fakeBwrap(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bwrap"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

// Without a bubblewrap that does its work nothing runs (G28).
func TestFailsClosed(t *testing.T) {
	t.Run("missing", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := NewBubblewrap(Options{State: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "apt-get install bubblewrap") {
			t.Errorf("%v", err)
		}
	})
	t.Run("old", func(t *testing.T) {
		fakeBwrap(t, "echo bubblewrap 0.4.1")
		if _, err := NewBubblewrap(Options{State: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "0.4.1 is too old") {
			t.Errorf("%v", err)
		}
	})
	t.Run("broken", func(t *testing.T) {
		fakeBwrap(t, "exit 1")
		if _, err := NewBubblewrap(Options{State: t.TempDir()}); err == nil || !strings.HasPrefix(err.Error(), "cannot run") {
			t.Errorf("%v", err)
		}
	})
	t.Run("forbidden", func(t *testing.T) {
		fakeBwrap(t, `case $1 in --version) echo bubblewrap 0.8.0;; *) echo 'bwrap: No permissions to create new namespace' >&2; exit 1;; esac`)
		state := t.TempDir()
		b, err := NewBubblewrap(Options{State: state})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Check(t.Context()) {
			if c.Holds || !strings.Contains(c.Detail, "No permissions to create new namespace") {
				t.Errorf("%+v", c)
			}
		}
		if entries, err := os.ReadDir(state); err != nil || len(entries) > 0 {
			t.Errorf("%v is left, %v", entries, err)
		}
	})
	t.Run("state", func(t *testing.T) {
		if _, err := NewBubblewrap(Options{State: "relative", Hide: []string{"x"}}); err == nil || !strings.Contains(err.Error(), `"x"`) || !strings.Contains(err.Error(), `"relative"`) {
			t.Errorf("%v", err)
		}
	})
}

// Where bubblewrap is missing or cannot work there is the next best, and
// nothing less.
func TestConfine(t *testing.T) {
	o := Options{State: t.TempDir(), Pass: []string{"GORACE"}}
	confine := func() string {
		box, err := Confine(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range box.Check(t.Context()) {
			if !c.Holds && strings.HasPrefix(box.Name(), "bubblewrap ") {
				t.Errorf("%+v", c)
			}
		}
		return box.Name()
	}
	if name := confine(); !strings.HasPrefix(name, "bubblewrap ") {
		t.Error(name)
	}
	t.Run("full disk", func(t *testing.T) {
		defer func(l Limits) { o.Limits = l }(o.Limits)
		o.Limits.Reserve = 1 << 60
		if name := confine(); !strings.HasPrefix(name, "bubblewrap ") {
			t.Error(name)
		}
	})
	t.Run("missing", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if name := confine(); !strings.HasPrefix(name, "landlock ") {
			t.Error(name)
		}
	})
	t.Run("forbidden", func(t *testing.T) {
		fakeBwrap(t, `case $1 in --version) echo bubblewrap 0.8.0;; *) echo 'bwrap: No permissions to create new namespace' >&2; exit 1;; esac`)
		if name := confine(); !strings.HasPrefix(name, "landlock ") {
			t.Error(name)
		}
	})
	if _, err := Confine(t.Context(), Options{State: "relative"}); err == nil || !strings.Contains(err.Error(), `"relative"`) {
		t.Errorf("%v", err)
	}
}

// A try that fails for another reason than bubblewrap itself takes nothing
// weaker: what runs inside can use up a disk, and its files too.
func TestConfineStops(t *testing.T) {
	stops := func(t *testing.T, state, why string) error {
		t.Helper()
		box, err := Confine(t.Context(), Options{State: state, Pass: []string{"GORACE"}})
		if err == nil || !strings.HasPrefix(err.Error(), "cannot ") || !strings.Contains(err.Error(), why) {
			t.Errorf("%v, %v", box, err)
		}
		return err
	}
	for _, mounted := range []string{"size=10m,nr_inodes=20", "size=128k,nr_inodes=0"} {
		t.Run(mounted, func(t *testing.T) {
			if os.Getuid() != 0 {
				return // only root can make a small disk
			}
			disk := smallDisk(t, mounted)
			state := filepath.Join(disk, "state")
			if err := os.Mkdir(state, 0o700); err != nil {
				t.Fatal(err)
			}
			fill(disk)
			if err := stops(t, state, "free"); !isFull(err) {
				t.Errorf("no person is asked for: %v", err)
			}
		})
	}
	t.Run("a closed directory", func(t *testing.T) {
		state := filepath.Join(t.TempDir(), "state")
		plantFiles(t, state, "x/y")
		if os.Getuid() == 0 {
			if err := errors.Join(os.RemoveAll(state), os.Symlink("/proc/1", state)); err != nil { // nothing can be made there
				t.Fatal(err)
			}
		} else if err := os.Chmod(state, 0o500); err != nil {
			t.Fatal(err)
		}
		stops(t, state, "nothing weaker is taken")
		if os.Getuid() != 0 {
			os.Chmod(state, 0o700)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if box, err := Confine(ctx, Options{State: t.TempDir()}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, %v", box, err)
		}
	})
}

// isFull says that an error asks a person for room on a disk.
func isFull(err error) bool {
	needs, ok := errors.AsType[*autosession.OutcomeError](err)
	return ok && needs.Outcome.Block == autosession.BlockDisk
}

// smallDisk mounts a file system of memory. Only root can.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, options); err != nil {
		t.Fatalf("cannot make a small disk (root needs CAP_SYS_ADMIN): %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	return disk
}

// fill makes files until no more can be made, or written.
func fill(dir string) {
	for i := 0; os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), make([]byte, 4096), 0o600) == nil; i++ {
	}
}

// What a scope binds is there, through links too.
func TestBinds(t *testing.T) {
	h := newHouse(t)
	plantFiles(t, h.person, "install/a", "work/b")
	if err := os.Symlink(filepath.Join(h.person, "install"), filepath.Join(h.person, "link")); err != nil {
		t.Fatal(err)
	}
	h.scope.Binds = []autosession.Bind{{Path: filepath.Join(h.person, "link")}, {Path: filepath.Join(h.person, "work"), Writable: true}}
	for script, works := range map[string]bool{
		`cat $PERSON/link/a && cat $PERSON/install/a`: true,
		`echo x > $PERSON/link/a`:                     false,
		`echo x > $PERSON/work/c`:                     true,
		`ls $PERSON/.ssh`:                             false,
	} {
		if exit, output := h.run(t, script); exit.OK() != works {
			t.Errorf("%s ended with %+v: %s", script, exit, output)
		}
	}
	h.scope.Binds = []autosession.Bind{{Path: "/no/such/path"}}
	if _, err := h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"}); err == nil || !strings.Contains(err.Error(), "/no/such/path") {
		t.Errorf("%v", err)
	}
}

// What lies behind a directory that only another user may enter keeps nothing
// from starting, and stays out of reach.
func TestClosedDirectories(t *testing.T) {
	if os.Getuid() != 0 {
		return // an ordinary user does not see what lies there
	}
	h := newHouse(t)
	closed := filepath.Join(h.base, "closed")
	plantFiles(t, closed, "deep/er/file")
	for _, mode := range []os.FileMode{0o700, 0o750, 0o710} {
		l, err := net.Listen("unix", filepath.Join(closed, "deep/er/sock"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Chown(closed, nobody, nobody), os.Chmod(closed, mode)); err != nil {
			t.Fatal(err)
		}
		if exit, output := h.run(t, "cat $P/../closed/deep/er/file || $PROBE connect unix $P/../closed/deep/er/sock"); exit.OK() {
			t.Errorf("%v: this worked: %s", mode, output)
		}
		if exit, output := h.run(t, "echo fine"); !exit.OK() || output != "fine\n" {
			t.Errorf("%v: %+v: %s", mode, exit, output)
		}
		l.Close()
	}
}
