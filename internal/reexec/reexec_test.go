package reexec

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func init() {
	Register("test-args", func(args []string) int {
		os.Stdout.WriteString(strings.Join(args, "|"))
		return 7
	})
}

func TestMain(m *testing.M) {
	Init()
	os.Exit(m.Run())
}

func run(t *testing.T, name string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	path, argv, err := Command(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, argv...)
	var out, problem bytes.Buffer
	c.Stdout, c.Stderr = &out, &problem
	if err := c.Run(); c.ProcessState == nil {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), problem.String()
}

func TestEntryRuns(t *testing.T) {
	status, stdout, stderr := run(t, "test-args", "a", "", "-test.v", "__autosession:x")
	if status != 7 || stdout != "a||-test.v|__autosession:x" || stderr != "" {
		t.Errorf("%d, %q, %q", status, stdout, stderr)
	}
}

func TestUnknownEntry(t *testing.T) {
	status, stdout, stderr := run(t, "test-missing")
	if status != 2 || stdout != "" || !strings.Contains(stderr, "cannot run __autosession:test-missing") {
		t.Errorf("%d, %q, %q", status, stdout, stderr)
	}
}

func TestNameIsTaken(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a second entry of one name is accepted")
		}
	}()
	Register("test-args", func([]string) int { return 0 })
}
