package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const nobody = 65534

// The sandbox holds for an ordinary user as it does for root: the scripts that
// try to get out, once more.
func TestScriptsAsOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		return // TestScripts was run by one
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
	work := filepath.Join(base, "work")
	for _, args := range [][]string{
		{"chmod", "755", base},
		{"mkdir", work, work + "/home", work + "/tmp", work + "/cache"},
		{"cp", self, base + "/autosession.test"},
		{"chmod", "755", base + "/autosession.test"},
		{"cp", "-r", "testdata", work},
		{"chown", "-R", "65534:65534", work},
	} {
		if output, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", args, err, output)
		}
	}
	tests := exec.CommandContext(t.Context(), base+"/autosession.test", "-test.run", "^TestScripts$/^(escape|escape_ungated|lie_modes|sandbox_guarantees|sandbox_command)$", "-test.v")
	tests.Dir = work
	tests.Env = []string{"HOME=" + work + "/home", "TMPDIR=" + work + "/tmp", "GOCACHE=" + work + "/cache", "GOTOOLCHAIN=local", "PATH=" + os.Getenv("PATH")}
	tests.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	output, err := tests.CombinedOutput()
	if passed := bytes.Count(output, []byte("--- PASS: TestScripts/")); err != nil || passed != 5 {
		t.Errorf("%v, %d passed\n%s", err, passed, output)
	}
}
