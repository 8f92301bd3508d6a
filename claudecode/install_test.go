package claudecode

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// installed is the real program of testdata/cli, installed once.
var installed = sync.OnceValues(install)

// realCLI returns the path of the real program.
func realCLI(t testing.TB) string {
	t.Helper()
	path, err := installed()
	if err != nil {
		t.Fatalf("cannot install the real Claude Code of testdata/cli, which needs npm and a package registry: %v", err)
	}
	return path
}

// install installs what the lock file pins into a directory below the
// repository's .tools that is named after the lock file, and returns the
// program. Several test processes may do so at once.
func install() (string, error) {
	lock, err := os.ReadFile("testdata/cli/package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	tools, err := filepath.Abs("../.tools")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(tools, "claude-"+hex.EncodeToString(sum[:6]))
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
	defer guard.Close()
	if err := syscall.Flock(int(guard.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if path, err := program(dir); err == nil {
		return path, nil
	}
	return npmInstall(dir, lock)
}

func npmInstall(dir string, lock []byte) (string, error) {
	spec, err := os.ReadFile("testdata/cli/package.json")
	if err != nil {
		return "", err
	}
	for name, text := range map[string][]byte{"package.json": spec, "package-lock.json": lock} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", err
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = dir
	npm.Env = append(os.Environ(), "npm_config_cache="+filepath.Join(dir, "cache"))
	if out, err := npm.CombinedOutput(); err != nil {
		return "", &installError{err, string(out)}
	}
	if err := os.RemoveAll(filepath.Join(dir, "cache")); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "complete"), nil, 0o644); err != nil {
		return "", err
	}
	return program(dir)
}

type installError struct {
	err error
	out string
}

func (e *installError) Error() string { return e.err.Error() + "\n" + e.out }

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
