// Package clitest installs the real Claude Code program for tests and
// measurements: the version that claudecode/testdata/cli pins, from a package
// registry, once for all packages. It needs npm, and no account.
package clitest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Program returns the path of the real program. A test that cannot have it
// fails and says why.
func Program(t testing.TB) string {
	t.Helper()
	path, err := Install()
	if err != nil {
		t.Fatalf("cannot install the real Claude Code: npm and a package registry are needed: %v", err)
	}
	return path
}

// repository returns the directory of the module that the process works in.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("cannot find go.mod above the working directory")
		}
		dir = up
	}
}

// Install installs what the lock file pins into a directory below the
// repository's .tools that is named after the lock file, and returns the path of
// the program. Several processes may do so at once, from any directory of the
// repository.
func Install() (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	pins := os.DirFS(filepath.Join(root, "claudecode", "testdata", "cli"))
	lock, err := fs.ReadFile(pins, "package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(root, ".tools", "claude-"+hex.EncodeToString(sum[:6]))
	if path, err := program(dir); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	guard, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer guard.Close() // and with it the lock
	if err := syscall.Flock(int(guard.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if path, err := program(dir); err == nil {
		return path, nil
	}
	return npm(dir, pins)
}

// npm installs the pinned packages into dir and runs no script of theirs.
func npm(dir string, pins fs.FS) (string, error) {
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := fs.ReadFile(pins, name)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	cache := filepath.Join(dir, "cache")
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache="+cache)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %v\n%s", err, out)
	}
	if err := os.RemoveAll(cache); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "complete"), nil, 0o644); err != nil {
		return "", err
	}
	return program(dir)
}

// program finds the native program of a finished installation: its package's
// scripts are not run.
func program(dir string) (string, error) {
	if _, err := os.Stat(filepath.Join(dir, "complete")); err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(dir, "node_modules/@anthropic-ai/claude-code-*/claude"))
	if err != nil || len(found) == 0 {
		return "", os.ErrNotExist
	}
	return found[0], nil
}
