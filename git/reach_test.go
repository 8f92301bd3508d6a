package git_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"github.com/autosession/autosession/git"
)

// TestLockedOut has an agent, which runs as we do, take modes away from what
// is to be saved and put back. Root is not kept out; see TestAsOrdinaryUser.
func TestLockedOut(t *testing.T) {
	for name, lock := range map[string]func(dir string) error{
		"unreadable directory":     func(dir string) error { return os.Chmod(dir+"/src", 0) },
		"unsearchable directory":   func(dir string) error { return os.Chmod(dir+"/src", 0o600) },
		"unwritable directory":     func(dir string) error { return os.Chmod(dir+"/src", 0o555) },
		"unreadable directories":   func(dir string) error { return errors.Join(os.Chmod(dir+"/src/deep", 0), os.Chmod(dir+"/src", 0)) },
		"unreadable file":          func(dir string) error { return os.Chmod(dir+"/src/a", 0) },
		"unwritable project":       func(dir string) error { return os.Chmod(dir, 0o555) },
		"unreadable refs":          func(dir string) error { return os.Chmod(dir+"/.git/refs", 0) },
		"unreadable objects":       func(dir string) error { return os.Chmod(dir+"/.git/objects", 0) },
		"unreadable repository":    func(dir string) error { return os.Chmod(dir+"/.git", 0) },
		"unwritable repository":    func(dir string) error { return exec.Command("chmod", "-R", "a-w", dir+"/.git").Run() },
		"unreadable parts of refs": func(dir string) error { return os.Chmod(dir+"/.git/refs/heads/work", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			committed(t, dir, "sha1")
			for _, name := range []string{"src/a", "src/deep/b"} {
				write(t, filepath.Join(dir, name), "1")
			}
			r := openRepo(t, git.Options{Dir: dir})
			c := mustSave(t, r, "good")
			want := readItems(t, dir)
			runGit(t, dir, "commit", "-q", "--amend", "-m", "amended")
			write(t, filepath.Join(dir, "src/added"), "2")
			write(t, filepath.Join(dir, "src/deep/b"), "2")
			if err := lock(dir); err != nil {
				t.Fatal(err)
			}
			left := mustSave(t, r, "left")
			if out, err := r.LeftOut(t.Context(), left.ID); err != nil || len(out) > 0 {
				t.Errorf("LeftOut = %q, %v", out, err)
			}
			if lost := mustLose(t, r, c); !slices.Equal(lost, []string{"refs/heads/work"}) {
				t.Errorf("Lost = %v", lost)
			}
			if err := r.RestoreHistory(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
			if lost := mustLose(t, r, c); len(lost) > 0 {
				t.Errorf("still lost: %v", lost)
			}
			if err := r.Restore(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
			if got := readItems(t, dir); !reflect.DeepEqual(got, want) {
				t.Errorf("restored %q\n    want %q", got, want)
			}
			if _, err := os.Lstat(filepath.Join(dir, ".git.kept-1")); err == nil {
				t.Error("a repository that is whole was put aside")
			}
		})
	}
}

const nobody = 65534

// TestAsOrdinaryUser runs what modes keep out as one whom they do.
func TestAsOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		return // TestLockedOut is run by one already
	}
	base, err := os.MkdirTemp("/tmp", "ordinary-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"chmod", "755", base}, {"mkdir", base + "/work"}, {"cp", self, base + "/git.test"},
		{"chmod", "755", base + "/git.test"}, {"chown", "65534:65534", base + "/work"},
	} {
		if output, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", args, err, output)
		}
	}
	tests := exec.CommandContext(t.Context(), base+"/git.test", "-test.run", "^TestLockedOut$", "-test.v")
	tests.Dir = base + "/work"
	tests.Env = []string{"HOME=" + tests.Dir, "TMPDIR=" + tests.Dir, "PATH=" + os.Getenv("PATH")}
	tests.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if output, err := tests.CombinedOutput(); err != nil || !bytes.Contains(output, []byte("--- PASS: TestLockedOut")) {
		t.Errorf("%v\n%s", err, output)
	}
}
