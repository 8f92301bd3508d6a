package filelock_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/autosession/autosession/internal/filelock"
	"github.com/autosession/autosession/internal/reexec"
)

func TestMain(m *testing.M) {
	reexec.Register("hold", hold)
	reexec.Init()
	os.Exit(m.Run())
}

// hold is another process: it takes the lock, says so, and holds it until its
// input ends.
func hold(args []string) int {
	if _, err := filelock.Acquire(args[0]); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// another starts the other process and waits until it holds the lock.
func another(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	program, args, err := reexec.Command("hold", path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // it may be gone already
		cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return cmd
}

func acquire(t *testing.T, path string) *filelock.Lock {
	t.Helper()
	lock, err := filelock.Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Release() })
	return lock
}

func mustBeHeld(t *testing.T, path string) {
	t.Helper()
	lock, err := filelock.Acquire(path)
	if held, ok := errors.AsType[*filelock.HeldError](err); !ok || held.Path != path {
		t.Fatalf("Acquire(%s) = %v, %v; want a HeldError", path, lock, err)
	}
}

func TestDirectoryIsLockedOnce(t *testing.T) {
	dir := t.TempDir()
	lock := acquire(t, dir)
	mustBeHeld(t, dir)
	for range 2 {
		if err := lock.Release(); err != nil {
			t.Fatal(err)
		}
	}
	acquire(t, dir)
}

func TestFileIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	acquire(t, path)
	mustBeHeld(t, path)
}

func TestLinkLeadsToTheSameLock(t *testing.T) {
	base := t.TempDir()
	dir, link := filepath.Join(base, "project"), filepath.Join(base, "link")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Symlink(dir, link)); err != nil {
		t.Fatal(err)
	}
	acquire(t, link)
	mustBeHeld(t, dir)
	mustBeHeld(t, filepath.Join(link, "..", "project"))
}

func TestOtherProcessHoldsUntilItIsKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := another(t, dir)
	mustBeHeld(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // it was killed
	acquire(t, dir)
}

func TestChildDoesNotInheritTheLock(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	lock := acquire(t, dir)
	another(t, elsewhere) // lives on
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	acquire(t, dir)
}

func TestMissingPath(t *testing.T) {
	_, err := filelock.Acquire(filepath.Join(t.TempDir(), "nothing"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestFIFODoesNotHang(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := filelock.Acquire(path)
	if err == nil {
		lock.Release()
	}
}

func TestOneOfManyGetsIt(t *testing.T) {
	dir := t.TempDir()
	var holders atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if _, err := filelock.Acquire(dir); err == nil {
				holders.Add(1)
			}
		})
	}
	group.Wait()
	if n := holders.Load(); n != 1 {
		t.Errorf("%d hold the lock", n)
	}
}

// TestReleaseWhileStarting has a second descriptor of the lock, as a process
// has that was forked and has not become its program yet.
func TestReleaseWhileStarting(t *testing.T) {
	dir := t.TempDir()
	l, err := filelock.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := unix.Dup(l.Descriptor())
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(inherited)
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := filelock.Acquire(dir)
	if err != nil {
		t.Fatalf("the lock is held after its release: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Fatal(err)
	}
}
