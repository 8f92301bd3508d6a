package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

// boxes are both sandboxes that confine.
func boxes(t *testing.T, h *house) map[string]autosession.Sandbox {
	t.Helper()
	l, err := NewLandlock(h.options)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]autosession.Sandbox{"bubblewrap": h.Bubblewrap, "landlock": l}
}

// A program can open again by name what it was given, and gets at no file by
// that: files come and go by pipes.
func TestFilesStay(t *testing.T) {
	h := newHouse(t)
	file, log := filepath.Join(h.outside, "file"), filepath.Join(h.outside, "log")
	for name, box := range boxes(t, h) {
		for script, said := range map[string]string{
			"cat":                                   "original",
			"echo by name > /dev/stdout":            "by name\n",
			"echo out; echo problem >&2; echo end":  "out\nproblem\nend\n",
			"echo pwned > /proc/self/fd/0":          "",
			"truncate -s 0 /proc/self/fd/0; exit 0": "",
			"test -p /dev/stdin && test -p /dev/stdout && test -p /dev/stderr && echo pipes": "pipes\n",
		} {
			in, err1 := os.OpenFile(file, os.O_RDWR, 0)
			out, err2 := os.Create(log)
			errs, err3 := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
			if err := errors.Join(err1, err2, err3); err != nil {
				t.Fatal(err)
			}
			p, err := box.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/sh", Args: []string{"-c", script}, Stdin: in, Stdout: out, Stderr: errs})
			if err != nil {
				t.Fatal(err)
			}
			exit, err := p.Wait()
			if err := errors.Join(err, in.Close(), out.Close(), errs.Close()); err != nil {
				t.Error(err)
			}
			content, err1 := os.ReadFile(file)
			written, err2 := os.ReadFile(log)
			if err1 != nil || err2 != nil || string(content) != "original" || said != "" && string(written) != said {
				t.Errorf("%s: %s ended with %+v, wrote %q, and left %q as its input", name, script, exit, written, content)
			}
		}
		dir, err := os.Open(h.outside)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := box.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true", Stdin: dir}); err == nil || !strings.Contains(err.Error(), "is a directory") {
			t.Errorf("%s: a directory is taken as input: %v", name, err)
		}
		dir.Close()
	}
}
