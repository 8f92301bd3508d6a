package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/fakemodel"
)

// trialLimit bounds what one trial does. It takes a few seconds.
const trialLimit = 30 * time.Second

// trialModel is what the golden shape was recorded with. It is played.
const trialModel = "claude-sonnet-4-5-20250929"

// trial is a place to try out the agent's program: a project, a state and a
// HOME that are thrown away, and a played model. It needs no account, and
// holds no key.
type trial struct {
	*parts
	root    string // of all its directories
	session string
	model   *fakemodel.Server
	agent   claudecode.Agent
}

// newTrial makes the place, in a sandbox of the kind that the configuration
// wants. Who calls it closes it.
func newTrial(ctx context.Context, c config.Config) (*trial, error) {
	root, err := os.MkdirTemp("", "autosession-trial-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a place for a trial: %w", err)
	}
	t := &trial{root: root, session: randomUUID()}
	if err := t.furnish(ctx, c); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (t *trial) furnish(ctx context.Context, c config.Config) error {
	real, err := filepath.EvalSymlinks(t.root)
	if err != nil {
		return fmt.Errorf("cannot make a place for a trial: %w", err)
	}
	t.parts = &parts{place: place{dir: filepath.Join(real, "project"), state: filepath.Join(real, "state", "trial")}}
	for _, dir := range []string{t.dir, filepath.Join(t.state, "home")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("cannot make a place for a trial: %w", err)
		}
	}
	scenario, err := fakemodel.Parse([]byte(claudecode.GoldenScenario))
	if err != nil {
		return err
	}
	if t.model, err = fakemodel.Start(scenario, fakemodel.Options{}); err != nil {
		return err
	}
	t.played = t.model.URL()
	if _, err := t.confine(ctx, c); err != nil {
		return err
	}
	t.agent = t.claude(c, t.account()).(claudecode.Agent)
	return nil
}

func (t *trial) close() error {
	var err error
	if t.model != nil {
		err = t.model.Close()
	}
	return errors.Join(err, os.RemoveAll(t.root))
}

// start runs a program of the trial.
func (t *trial) start(ctx context.Context, c autosession.Command) (autosession.Process, error) {
	needs := t.agent.Needs()
	s := autosession.Scope{
		Kind: autosession.ScopeSession, Session: t.session, Dir: t.dir, Home: filepath.Join(t.state, "home"),
		Network: autosession.Network{Endpoint: needs.Endpoint, Hosts: needs.Hosts},
	}
	for _, path := range needs.ReadPaths {
		s.Binds = append(s.Binds, autosession.Bind{Path: path})
	}
	return t.box.Start(ctx, s, c)
}

// version asks the program for its version, "" where it does not tell. The
// error means that it could not be started.
func (t *trial) version(ctx context.Context) (string, error) {
	path, err := claudecode.Find(t.agent.Command, os.Getenv("PATH"), os.Getenv("HOME"))
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, trialLimit)
	defer cancel()
	var said bytes.Buffer
	p, err := t.start(ctx, autosession.Command{Path: path, Args: []string{"--version"}, Stdout: &said})
	if err != nil {
		return "", err
	}
	defer context.AfterFunc(ctx, func() { _ = p.Stop(0) })()
	if exit, err := p.Wait(); err != nil || !exit.OK() {
		return "", nil
	}
	version, _, _ := strings.Cut(strings.TrimSpace(said.String()), " ")
	return version, nil
}

// play holds the session, and returns the program's version and the shape of
// all that it said. The shape is nil when the program was not prompted. An
// error means that it could not be driven to the end.
func (t *trial) play(ctx context.Context) (version string, seen claudecode.Shape, err error) {
	shape := claudecode.Shape{}
	agent := t.agent
	agent.Trace = shape.Add
	c, err := agent.Open(ctx, autosession.Task{
		Session: t.session, Kind: autosession.Continue, Dir: t.dir, Home: filepath.Join(t.state, "home"), Model: trialModel,
		Hooks: trialHooks{}, Start: t.start, Emit: func(autosession.Event) error { return nil },
	})
	if err != nil {
		return "", nil, because(ctx, err)
	}
	r, err := c.Run(ctx, "Try two things.")
	err = errors.Join(err, c.Close()) // nothing is added to the shape from here on
	if err == nil && r.Outcome.Class != autosession.OutcomeDone {
		err = fmt.Errorf("the session ended as %s: %s", r.Outcome.Class, r.Outcome.Detail)
	}
	return c.Info().Version, shape, because(ctx, err)
}

// because prefers why ctx ended to what followed from it.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// trialHooks allow the first call of the scenario and deny the second.
type trialHooks struct{}

// Before denies what would remove.
func (trialHooks) Before(_ context.Context, c autosession.ToolCall) autosession.Verdict {
	return autosession.Verdict{Allow: !bytes.Contains(c.Input, []byte("rm -rf")), Reason: "no"}
}

// After has nothing to say.
func (trialHooks) After(context.Context, autosession.ToolCall, autosession.ToolResult) string {
	return ""
}

// randomUUID is a version 4 UUID.
func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
