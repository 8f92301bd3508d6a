package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPrivateIn(t *testing.T) {
	dir := t.TempDir()
	plantFiles(t, dir, "a", "secret", "open/b", "open/secret", "open/deep/secret", "closed/x", "open/group")
	err := errors.Join(
		os.Chmod(dir+"/a", 0o644), os.Chmod(dir+"/open", 0o755), os.Chmod(dir+"/open/b", 0o644), os.Chmod(dir+"/open/secret", 0o640), os.Chmod(dir+"/open/deep", 0o711),
		os.Chmod(dir+"/closed", 0o700), os.Chmod(dir+"/open/group", 0o664), os.Symlink("secret", dir+"/link"),
	)
	if os.Getuid() == 0 { // what is another's is closed to a tree anyway
		plantFiles(t, dir, "others", "theirs/x")
		err = errors.Join(err, os.Chown(dir+"/others", nobody, nobody), os.Chmod(dir+"/others", 0o600),
			os.Chown(dir+"/theirs", nobody, nobody), os.Chmod(dir+"/theirs", 0o700))
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, path := range privateIn(dir, 2) {
		got = append(got, strings.TrimPrefix(path, dir))
	}
	if want := []string{"/closed", "/open/secret", "/secret"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What of the machine's only root can read, a tree of root's cannot (G11).
func TestSecretsOfTheMachine(t *testing.T) {
	if os.Getuid() != 0 {
		return // only root can place some; there is nothing that it protects from others
	}
	h := newHouse(t)
	dir, err := os.MkdirTemp("/etc", "autosession-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	plantFiles(t, dir, "file", "open/file", "open/everybodys")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(dir+"/open", 0o755), os.Chmod(dir+"/open/file", 0o640), os.Chmod(dir+"/open/everybodys", 0o644)); err != nil {
		t.Fatal(err)
	}
	closed, err := os.MkdirTemp("/var/lib", "autosession-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(closed) })
	plantFiles(t, closed, "file", "bin/x")
	makeTool(t, filepath.Join(closed, "bin/closed-tool"), "/dev/null")
	for name, box := range boxes(t, h) {
		for _, script := range []string{"cat " + dir + "/file", "cat " + dir + "/open/file", "cat " + closed + "/file", "cat /etc/shadow"} {
			if exit, output := h.runIn(t, box, script); exit.OK() {
				t.Errorf("%s: this worked: %s\n%s", name, script, output)
			}
		}
		if exit, output := h.runIn(t, box, "cat "+dir+"/open/everybodys"); !exit.OK() {
			t.Errorf("%s: %s", name, output)
		}
	}
	t.Setenv("PATH", filepath.Join(closed, "bin")+":"+os.Getenv("PATH"))
	for name, box := range boxes(t, h) {
		if exit, output := h.runIn(t, box, "closed-tool"); !exit.OK() {
			t.Errorf("%s: a tool that PATH names: %s", name, output)
		}
	}
}
