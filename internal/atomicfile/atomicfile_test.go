package atomicfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openRoot returns a root on a new directory, and its path.
func openRoot(t *testing.T) (*os.Root, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root, dir
}

// names lists a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

func mustWrite(t *testing.T, root *os.Root, name, data string) {
	t.Helper()
	if err := Write(root, name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWriteReplaces(t *testing.T) {
	root, dir := openRoot(t)
	if err := root.Mkdir("sub", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "one", strings.Repeat("two", 100_000), "3"} {
		mustWrite(t, root, "sub/list.json", content)
		got, err := Read(root, "sub/list.json", 1<<20)
		if err != nil || string(got) != content {
			t.Fatalf("%d bytes come back as %d, %v", len(content), len(got), err)
		}
	}
	if got := names(t, filepath.Join(dir, "sub")); got != "list.json" {
		t.Errorf("the directory holds %q", got)
	}
}

func TestWriteSetsTheModeWhateverTheUmask(t *testing.T) {
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	root, dir := openRoot(t)
	for _, perm := range []fs.FileMode{0o644, 0o600, 0o755} {
		if err := Write(root, "f", nil, perm); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, "f"))
		if err != nil || info.Mode() != perm {
			t.Errorf("mode %v, %v; want %v", info.Mode(), err, perm)
		}
	}
}

func TestWriteReplacesALinkAndNotWhatItLeadsTo(t *testing.T) {
	root, dir := openRoot(t)
	outside := filepath.Join(t.TempDir(), "outside")
	if err := errors.Join(os.WriteFile(outside, []byte("theirs"), 0o644), os.Symlink(outside, filepath.Join(dir, "f"))); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, root, "f", "ours")
	theirs, err := os.ReadFile(outside)
	if err != nil || string(theirs) != "theirs" {
		t.Errorf("the file outside holds %q, %v", theirs, err)
	}
	ours, err := Read(root, "f", 100)
	if err != nil || string(ours) != "ours" {
		t.Errorf("the file holds %q, %v", ours, err)
	}
}

func TestWriteStaysInside(t *testing.T) {
	root, dir := openRoot(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"away/f", "../f", "/f", "missing/f"} {
		if err := Write(root, name, []byte("x"), 0o644); err == nil {
			t.Errorf("Write(%s) succeeds", name)
		}
	}
	if got := names(t, outside); got != "" {
		t.Errorf("outside holds %q", got)
	}
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	root, dir := openRoot(t)
	if err := root.MkdirAll("taken/by a directory", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(root, "taken", []byte("x"), 0o644); err == nil {
		t.Error("Write replaces a directory")
	}
	if got := names(t, dir); got != "taken" {
		t.Errorf("the directory holds %q", got)
	}
}

func TestCleanRemovesOursAlone(t *testing.T) {
	root, dir := openRoot(t)
	left, err := create(root, "f")
	if err != nil {
		t.Fatal(err)
	}
	left.file.Close()
	random := strings.TrimPrefix(left.name, prefix)
	others := []string{".autosession-notes", ".autosession-" + strings.ToLower(random), "autosession-" + random, "f"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.Mkdir(prefix+strings.Repeat("A", len(random)), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Clean(root, "."); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := root.Lstat(left.name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("our file is still there: %v", err)
	}
	if got := strings.Fields(names(t, dir)); len(got) != len(others)+1 {
		t.Errorf("the directory holds %q", got)
	}
}

func TestReadRefusesWhatIsNoFile(t *testing.T) {
	root, dir := openRoot(t)
	mustWrite(t, root, "file", "content")
	err := errors.Join(
		unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600),
		os.Symlink("file", filepath.Join(dir, "link")),
		os.Symlink("/dev/zero", filepath.Join(dir, "device")),
		os.Mkdir(filepath.Join(dir, "directory"), 0o755),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "link", "device", "directory"} {
		_, err := Read(root, name, 100)
		if _, ok := errors.AsType[*TypeError](err); !ok {
			t.Errorf("Read(%s): %v; want a TypeError", name, err)
		}
	}
	if _, err := Read(root, "nothing", 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of nothing: %v", err)
	}
	if _, err := Read(root, "../"+filepath.Base(dir)+"/file", 100); err == nil {
		t.Error("Read leaves the root")
	}
}

func TestReadIsLimited(t *testing.T) {
	root, _ := openRoot(t)
	mustWrite(t, root, "f", "12345")
	if got, err := Read(root, "f", 5); err != nil || !bytes.Equal(got, []byte("12345")) {
		t.Errorf("Read of all it may: %q, %v", got, err)
	}
	_, err := Read(root, "f", 4)
	if large, ok := errors.AsType[*SizeError](err); !ok || large.Limit != 4 {
		t.Errorf("Read of more than it may: %v", err)
	}
}

func TestReadWhileAnotherReplaces(t *testing.T) {
	root, dir := openRoot(t)
	secret := "not for readers of f"
	mustWrite(t, root, "secret", secret)
	mustWrite(t, root, "f", "0")
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		var err error
		for err == nil {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			link := filepath.Join(dir, "link")
			err = errors.Join(os.Symlink("secret", link), os.Rename(link, filepath.Join(dir, "f")), Write(root, "f", []byte("1"), 0o644))
		}
		<-stop
		stopped <- err
	}()
	for range 300 {
		if got, err := Read(root, "f", 100); string(got) == secret {
			t.Errorf("Read follows a link that was put there in between (%v)", err)
			break
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}
