package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/git"
	"github.com/autosession/autosession/sandbox"
	"github.com/autosession/autosession/sqlite"
)

// lab is where things are measured.
type lab struct {
	dir    string
	places int
	binary string // of autosession, once it is built
}

func newLab(parent string) (*lab, error) {
	dir, err := os.MkdirTemp(parent, "autosession-bench-")
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make a place to work in: %w", err)
	}
	return &lab{dir: dir}, nil
}

func (l *lab) remove() error { return os.RemoveAll(l.dir) }

// place makes an empty directory.
func (l *lab) place() (string, error) {
	l.places++
	dir := filepath.Join(l.dir, fmt.Sprint(l.places))
	return dir, os.Mkdir(dir, 0o755)
}

// program builds autosession, once, and returns its path.
func (l *lab) program(ctx context.Context) (string, error) {
	if l.binary != "" {
		return l.binary, nil
	}
	path := filepath.Join(l.dir, "autosession")
	if _, err := output(exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/autosession/autosession/cmd/autosession")); err != nil {
		return "", err
	}
	l.binary = path
	return path, nil
}

// output runs a command and returns what it prints. The error holds what it
// complained about.
func output(c *exec.Cmd) (string, error) {
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("cannot run %s: %w\n%s", c.Path, err, complaint.Bytes())
	}
	return out.String(), nil
}

// runGit runs git in a project.
func runGit(ctx context.Context, dir string, args ...string) error {
	identity := []string{"-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0"}
	c := exec.CommandContext(ctx, "git", append(identity, args...)...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	_, err := output(c)
	return err
}

// makeProject makes a project with a spec, a list of so many features without
// a check, and some files, all committed.
func (l *lab) makeProject(ctx context.Context, features, files int) (string, error) {
	dir, err := l.place()
	if err != nil {
		return "", err
	}
	text := map[string]string{"app_spec.txt": "Build what the list says.\n", "claude-progress.txt": "Nothing yet.\n"}
	for i := range files {
		text[fmt.Sprintf("pkg%02d/file%03d.go", i/20, i)] = fmt.Sprintf("package pkg%02d\n\n// File %d.\n", i/20, i)
	}
	list, err := makeList(features).Format()
	if err != nil {
		return "", err
	}
	text[autosession.ListFile] = string(list)
	for name, content := range text {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return "", err
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "begin"}} {
		if err := runGit(ctx, dir, args...); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func makeList(n int) autosession.FeatureList {
	var list autosession.FeatureList
	for i := range n {
		list.Features = append(list.Features, autosession.Feature{
			ID: fmt.Sprintf("F%05d", i+1), Category: "functional",
			Description: fmt.Sprintf("The program does what paragraph %d of the spec asks for, and says so when it can't", i+1),
			Steps:       []string{"Start the program", fmt.Sprintf("Give it input %d", i+1), "See that it prints what the spec says"},
		})
	}
	return list
}

// bench is a project with all real parts but the agent, which plays.
type bench struct {
	cfg   autosession.Config
	store *sqlite.Store
	repo  *git.Repo
}

func (l *lab) open(ctx context.Context, dir string, play func(t *autosessiontest.Turn) autosession.Outcome) (*bench, error) {
	state, err := l.place()
	if err != nil {
		return nil, err
	}
	box, err := sandbox.NewUnconfined(sandbox.Options{State: filepath.Join(state, "sandbox")})
	if err != nil {
		return nil, err
	}
	b := &bench{}
	if b.repo, err = git.Open(git.Options{
		Dir: dir, Store: filepath.Join(state, "checkpoints.git"),
		Exclude: []string{autosession.ListFile, autosession.DefaultNotes},
	}); err != nil {
		return nil, err
	}
	if b.store, err = sqlite.Open(ctx, filepath.Join(state, "state.db")); err != nil {
		return nil, errors.Join(err, b.repo.Close())
	}
	const never = 1 << 30
	b.cfg = autosession.Config{
		Dir: dir, State: state, Agent: &autosessiontest.Agent{Play: play},
		Gate: autosession.Fence{Dir: dir, State: state}, Sandbox: box, Store: b.store, Repo: b.repo,
		Patience: autosession.Patience{NoProgress: never, NoProof: never}, Confined: "none",
	}
	return b, nil
}

func (b *bench) close() error { return errors.Join(b.repo.Close(), b.store.Close()) }
