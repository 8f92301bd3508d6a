package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/autosession/autosession/internal/proctree"
)

// owned is a process that belongs to a script.
type owned struct {
	proctree.Process
	command string
}

func (p owned) String() string { return fmt.Sprintf("%d: %s", p.PID, p.command) }

// end kills the process.
func (p owned) end() { _ = proctree.Signal(p.Process, syscall.SIGKILL) }

// processes lists the living processes of a script: those that have its
// directory in their environment or command line, or work in it.
func (s *script) processes() ([]owned, error) {
	list, err := proctree.List()
	if err != nil {
		return nil, err
	}
	var found []owned
	for _, p := range list {
		about := fmt.Sprintf("/proc/%d/", p.PID)
		// A process that has ended meanwhile has nothing to read.
		command, _ := os.ReadFile(about + "cmdline")
		environ, _ := os.ReadFile(about + "environ")
		dir, _ := os.Readlink(about + "cwd")
		if p.PID != os.Getpid() && s.named(string(command)+"\x00"+string(environ)+"\x00"+dir) {
			found = append(found, owned{p, string(bytes.ReplaceAll(command, []byte{0}, []byte{' '}))})
		}
	}
	return found, nil
}

// named says whether a text names the script's directory or something below
// it, and not that of a script whose name begins with this one's.
func (s *script) named(text string) bool {
	for {
		_, after, found := strings.Cut(text, s.work)
		if !found {
			return false
		}
		if after == "" || !strings.ContainsAny(after[:1], "-_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") {
			return true
		}
		text = after
	}
}

// withText lists those processes of a script that have a text in their command
// line.
func (s *script) withText(text string) ([]owned, error) {
	all, err := s.processes()
	var found []owned
	for _, p := range all {
		if strings.Contains(p.command, text) {
			found = append(found, p)
		}
	}
	return found, err
}

// process sees that there is a process with a text in its command line.
func process(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] process TEXT")
	}
	found, err := of(ts).withText(args[0])
	ts.Check(err)
	if (len(found) > 0) == neg {
		ts.Fatalf("there are %d processes with %q: %v", len(found), args[0], found)
	}
}

// hidden sees that no output, and no file below some directories, holds a text.
func hidden(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || args[0] == "" {
		ts.Fatalf("usage: hidden TEXT DIR…")
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if strings.Contains(ts.ReadFile(stream), args[0]) {
			ts.Fatalf("%s holds it", stream)
		}
	}
	for _, dir := range args[1:] {
		files := 0
		ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			data, err := os.ReadFile(path)
			if err == nil && bytes.Contains(data, []byte(args[0])) {
				err = fmt.Errorf("%s holds it", path)
			}
			return err
		}))
		if files == 0 {
			ts.Fatalf("there are no files below %s", dir)
		}
	}
}
