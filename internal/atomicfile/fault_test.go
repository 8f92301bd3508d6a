package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/autosession/autosession/internal/reexec"
)

func TestMain(m *testing.M) {
	reexec.Register("die", die)
	reexec.Register("full", full)
	reexec.Init()
	os.Exit(m.Run())
}

var (
	oldContent = strings.Repeat("old ", 5000)
	newContent = strings.Repeat("new ", 7000)
)

// die takes the steps of Write, one by one, and kills its own process after
// as many as it is told.
func die(args []string) int {
	root, err := os.OpenRoot(args[0])
	if err != nil {
		return fail(err)
	}
	left, err := strconv.Atoi(args[1])
	if err != nil {
		return fail(err)
	}
	var t *temporary
	for _, step := range []func() error{
		func() (err error) { t, err = create(root, "f"); return err },
		func() error { _, err := t.file.WriteString(newContent[:100]); return err },
		func() error { _, err := t.file.Seek(0, 0); return err },
		func() error { return t.write([]byte(newContent), 0o644) },
		func() error { return t.rename() },
		func() error { return syncDir(root, path.Dir("f")) },
	} {
		if left == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // it comes
		}
		left--
		if err := step(); err != nil {
			return fail(err)
		}
	}
	return 0
}

// full writes where no file may become as large as the new content: what a
// full disk looks like.
func full(args []string) int {
	signal.Ignore(syscall.SIGXFSZ) // then the write fails
	limit := unix.Rlimit{Cur: uint64(len(newContent) / 2), Max: uint64(len(newContent) / 2)}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return fail(err)
	}
	root, err := os.OpenRoot(args[0])
	if err != nil {
		return fail(err)
	}
	if err := Write(root, "f", []byte(newContent), 0o644); !errors.Is(err, syscall.EFBIG) {
		return fail(fmt.Errorf("Write without room: %v", err))
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// child runs one of our entries in a process of its own.
func child(t *testing.T, entry string, args ...string) error {
	t.Helper()
	program, args, err := reexec.Command(entry, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		t.Fatalf("%s: %v: %s", entry, err, out)
	}
	return err
}

func TestKilledAtEveryStep(t *testing.T) {
	for step := 0; ; step++ {
		root, dir := openRoot(t)
		mustWrite(t, root, "f", oldContent)
		killed := child(t, "die", dir, strconv.Itoa(step)) != nil
		got, err := Read(root, "f", 1<<20)
		if err != nil || string(got) != oldContent && string(got) != newContent {
			t.Fatalf("killed at step %d: %d bytes, %v; want the old content or the new", step, len(got), err)
		}
		if err := Clean(root, "."); err != nil {
			t.Fatal(err)
		}
		if left := names(t, dir); left != "f" {
			t.Fatalf("killed at step %d: %q are left", step, left)
		}
		if !killed {
			if step < 5 || string(got) != newContent {
				t.Fatalf("after %d steps it is complete, with %d bytes", step, len(got))
			}
			return
		}
	}
}

func TestNoRoom(t *testing.T) {
	root, dir := openRoot(t)
	mustWrite(t, root, "f", oldContent[:10])
	if err := child(t, "full", dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "f"))
	if err != nil || string(got) != oldContent[:10] {
		t.Errorf("the file holds %d bytes, %v; want the old content", len(got), err)
	}
	if left := names(t, dir); left != "f" {
		t.Errorf("%q are left", left)
	}
}
