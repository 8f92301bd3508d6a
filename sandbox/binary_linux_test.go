package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reexec"
)

func init() { reexec.Register("test-replaced", runReplaced) }

// runReplaced starts an entry of ours after its own file was replaced.
func runReplaced(args []string) int {
	base := args[0]
	self, err := os.Executable()
	if err == nil {
		err = os.Remove(self)
	}
	if err == nil {
		err = os.WriteFile(self, []byte("#!/bin/sh\nexit 9\n"), 0o755)
	}
	for kind, open := range kinds {
		if err != nil {
			break
		}
		var box autosession.Sandbox
		if box, err = open(Options{State: filepath.Join(base, kind)}); err != nil {
			break
		}
		scope := autosession.Scope{Session: "s", Dir: filepath.Join(base, "project"), Home: filepath.Join(base, "home")}
		for range 2 {
			var p autosession.Process
			if p, err = box.Start(context.Background(), scope, autosession.Command{Reexec: "test-seven"}); err != nil {
				break
			}
			var exit autosession.Exit
			if exit, err = p.Wait(); err == nil && exit.Code != 7 {
				err = fmt.Errorf("%s: %+v", kind, exit)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func init() { reexec.Register("test-seven", func([]string) int { return 7 }) }

// An update in the middle of a night does no harm.
func TestProgramReplaced(t *testing.T) {
	base := t.TempDir()
	copy := filepath.Join(base, "program")
	if err := copyProgram(runningBinary, copy); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(base, "project"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, args, err := reexec.Command("test-replaced", base)
	if err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(copy, args...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}
