package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/autosession/autosession/fakemodel"
)

// played is what the model does in the rows about the real program: some work,
// then a command that does not end by itself. The file that it makes first
// says that it runs.
const played = `
[[session]]
again = true

[[session.step]]
again = true
when = "/^/"
say  = "I look around."
tool = [{ name = "Bash", input = { command = "ls; git log --oneline | head; cat feature_list.json | head -c 20000; echo $(($(cat .looked 2>/dev/null || echo 0) + 1)) > .looked; test $(cat .looked) -lt 30 || { rm .looked; touch .waiting; sleep 600; }" } }]
`

// waiting is the file that says that the command runs.
const waiting = ".waiting"

// program is the real program on a project, with a played model in this
// process.
type program struct {
	path  string
	dir   string
	home  string
	model *fakemodel.Server
}

// program makes a project with so many features for the real program.
func (l *lab) newProgram(ctx context.Context, features int) (*program, error) {
	path, err := l.program(ctx)
	if err != nil {
		return nil, err
	}
	p := &program{path: path}
	if p.home, err = l.place(); err != nil {
		return nil, err
	}
	if p.dir, err = l.makeProject(ctx, features, usualFiles); err != nil {
		return nil, err
	}
	scenario, err := fakemodel.Parse([]byte(played))
	if err != nil {
		return nil, err
	}
	p.model, err = fakemodel.Start(scenario, fakemodel.Options{})
	return p, err
}

// state is the root of all projects' states.
func (p *program) state() string { return filepath.Join(p.home, "state") }

// command is a run of the program that knows nothing of the person's own
// environment.
func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.path, args...)
	c.Dir = p.dir
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "AUTOSESSION_STATE=" + p.state(),
		"ANTHROPIC_API_KEY=played", "ANTHROPIC_BASE_URL=" + p.model.URL(),
	}
	return c
}

// running is a run that goes on until it is killed.
type running struct {
	*exec.Cmd
	said bytes.Buffer
}

func (p *program) start(ctx context.Context) (*running, error) {
	r := &running{Cmd: p.command(ctx, "run", "--agent", "api", "--no-sandbox", "--continue-delay", "0s")}
	r.Stdout, r.Stderr = &r.said, &r.said
	return r, r.Start()
}

// kill kills the run. What it started dies with it.
func (r *running) kill() error {
	if err := r.Process.Kill(); err != nil {
		return err
	}
	if err := r.Wait(); r.ProcessState == nil {
		return err
	}
	return nil
}

// untilWaiting returns when the agent's command waits.
func (p *program) untilWaiting(ctx context.Context, r *running) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	file := filepath.Join(p.dir, waiting)
	for {
		if os.Remove(file) == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			err := fmt.Errorf("the agent's command did not start: %w", context.Cause(ctx))
			return errors.Join(err, r.kill(), errors.New(strings.TrimSpace(r.said.String())))
		case <-time.After(2 * time.Millisecond):
		}
	}
}
