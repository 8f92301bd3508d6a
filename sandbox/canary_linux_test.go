package sandbox

import (
	"fmt"
	"github.com/autosession/autosession/internal/reexec"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func init() { reexec.Register("test-weaken", runWeaken) }

// runWeaken is bubblewrap with one thing left out: the first argument names
// it, the others are bubblewrap's own.
func runWeaken(args []string) int {
	weak, args := args[0], args[1:]
	drop := func(what ...string) {
		for i := 0; i+len(what) <= len(args); i++ {
			if slices.Equal(args[i:i+len(what)], what) {
				args = slices.Delete(args, i, i+len(what))
			}
		}
	}
	switch {
	case weak == "net":
		drop("--unshare-all")
		args = append([]string{"--unshare-pid", "--unshare-ipc", "--unshare-uts"}, args...)
	case weak == "ipc":
		drop("--unshare-all")
		args = append([]string{"--unshare-pid", "--unshare-net", "--unshare-uts"}, args...)
	case weak == "capabilities":
		drop("--cap-drop", "ALL")
		args = append([]string{"--cap-add", "CAP_SETPCAP"}, args...)
	case weak == "root":
		for i := range args {
			if slices.Equal(args[i:min(i+3, len(args))], []string{"--ro-bind", "/", "/"}) {
				args[i] = "--bind"
			}
		}
	case weak == "kernel":
		drop("--remount-ro", "/proc")
	default: // mounts below a place
		for i := 0; i+2 < len(args); i++ {
			if strings.HasPrefix(args[i], "--") && strings.HasSuffix(args[i], "bind") && strings.HasSuffix(args[i+2], weak) {
				args = slices.Delete(args, i, i+3)
				i--
			}
		}
	}
	bwrap, err := exec.LookPath("bwrap")
	if err == nil {
		err = syscall.Exec(bwrap, append([]string{"bwrap"}, args...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// Where one thing is left out, programs still run, and its canary says so.
func TestCanariesSing(t *testing.T) {
	tests := []struct{ weak, canary string }{
		{"net", "there is no network"},
		{"net", "the namespaces are its own"},
		{"ipc", "the namespaces are its own"},
		{"capabilities", "there are no capabilities, and none can be gained"},
		{"project/.git", "what git believes cannot be changed"},
		{"project/.git/hooks", "what git believes cannot be changed"},
		{"project/.git/config", "what git believes cannot be changed"},
		{"project/.canary.json", "a protected file that is absent cannot be made"},
	}
	if os.Getuid() == 0 {
		tests = append(tests, struct{ weak, canary string }{"kernel", "the kernel's settings cannot be written"})
	}
	for _, test := range tests {
		t.Run(test.weak+", "+test.canary, func(t *testing.T) {
			b, err := NewBubblewrap(Options{State: t.TempDir(), Pass: []string{"GORACE"}})
			if err != nil {
				t.Fatal(err)
			}
			weaken(t, b, test.weak)
			chosen := slices.DeleteFunc(append(common(b.options), confined()...), func(c canary) bool {
				return c.name != test.canary && c.name != common(b.options)[0].name
			})
			results := try(t.Context(), b, b.options, chosen)
			if len(results) != 2 || !results[0].Holds || results[1].Holds {
				t.Errorf("%+v", results)
			}
		})
	}
}

// weaken leaves out one thing of what b asks of bubblewrap.
func weaken(t *testing.T, b *Bubblewrap, what string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b.program = filepath.Join(t.TempDir(), "bwrap")
	script := fmt.Sprintf("#!/bin/sh\nexec %s __autosession:test-weaken %s \"$@\"\n", self, what)
	if err := os.WriteFile(b.program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
}

// Where the view has a hole, the layer below it holds.
func TestSecondLayer(t *testing.T) {
	h := newHouse(t)
	weaken(t, h.Bubblewrap, "root")
	before := h.snapshot(t)
	for _, script := range []string{
		`echo x > $O/a`, `echo x > $O/file`, `rm $O/file`, `mv $O/file $P/`, `ln $O/file $P/`, `mkdir $O/d`, `ln -s x $O/l`, `: > $O/file`,
	} {
		if exit, output := h.run(t, script); exit.OK() {
			t.Errorf("this worked: %s\n%s", script, output)
		}
	}
	if changed := without(before, h.snapshot(t)); len(changed) > 0 {
		t.Errorf("changed: %q", changed)
	}
	if exit, output := h.run(t, `test -w $O && echo x > a && mkdir b && mv a b/ && rm -r b && echo y > /dev/stdout && echo z > /tmp/z && mv /tmp/z .. ; test -e /tmp/z`); !exit.OK() {
		t.Errorf("ordinary work ended with %+v: %s", exit, output)
	}
}
