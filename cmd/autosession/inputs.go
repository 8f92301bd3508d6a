package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
)

// secrets are the values of variables whose names say that they are keys.
func secrets(environ []string) []string {
	var out []string
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		for _, word := range []string{"KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"} {
			if strings.Contains(strings.ToUpper(name), word) && value != "" {
				out = append(out, value)
				break
			}
		}
	}
	return out
}

// spec gives the spec's name in the project. A file from outside is copied in.
func (w *parts) spec(path string) (string, error) {
	if path == "" {
		return autosession.DefaultSpec, nil
	}
	if rel, err := filepath.Rel(w.dir, path); err == nil && filepath.IsLocal(rel) {
		return rel, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", usageError{fmt.Errorf("cannot read the spec: %w", err)}
	}
	goal := filepath.Join(w.dir, autosession.DefaultSpec)
	switch old, err := os.ReadFile(goal); {
	case err == nil && string(old) == string(text):
		return autosession.DefaultSpec, nil
	case err == nil:
		return "", usageError{fmt.Errorf("cannot copy %s into the project: another %s is there; remove it or do without --spec", path, autosession.DefaultSpec)}
	case !errors.Is(err, fs.ErrNotExist):
		return "", usageError{fmt.Errorf("cannot copy the spec into the project: %w", err)}
	}
	f, err := os.OpenFile(goal, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", fmt.Errorf("cannot copy the spec into the project: %w", err)
	}
	_, err = f.Write(text)
	return autosession.DefaultSpec, errors.Join(err, f.Close())
}

// prompts reads the files that replace our prompts.
func prompts(c config.Config) (autosession.Prompts, error) {
	var p autosession.Prompts
	for _, f := range []struct {
		path string
		text *string
	}{{c.PromptInit, &p.Init}, {c.PromptContinue, &p.Continue}, {c.PromptWrapup, &p.WrapUp}} {
		if f.path == "" {
			continue
		}
		data, err := os.ReadFile(f.path)
		if err != nil {
			return p, usageError{fmt.Errorf("cannot read a prompt: %w", err)}
		}
		*f.text = string(data)
	}
	if err := p.Check(); err != nil {
		return p, usageError{err}
	}
	return p, nil
}

// version is the module's version, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (info.Main.Version == "" || info.Main.Version == "(devel)") {
			return "devel " + s.Value[:min(12, len(s.Value))]
		}
	}
	return strings.TrimSpace(cmp.Or(info.Main.Version, "devel"))
}

// writable says why we cannot write in a directory of somebody else. One of our
// own is opened when a run begins.
func writable(dir string) error {
	err := unix.Access(dir, unix.W_OK|unix.X_OK)
	if err == nil {
		return nil
	}
	info, gone := os.Stat(dir)
	if gone != nil {
		return gone
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) == os.Geteuid() {
		return nil
	}
	return err
}

// installed says whether a program can be found.
func installed(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}
