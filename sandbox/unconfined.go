package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reexec"
)

// Unconfined is the Sandbox that confines nothing: a clean environment, a
// session of its own and an end for every process, by the same path as the
// confined one. What runs in it can do whatever its user can, so it can also
// hide from us if it means to. It does not look at a Scope's ReadOnly, Binds
// and Network.
//
// On macOS a daemon that has left its parents and its process group is not
// found.
type Unconfined struct {
	options Options
}

// NewUnconfined returns the Sandbox that confines nothing. Its error says what
// is wrong with o.
func NewUnconfined(o Options) (*Unconfined, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	return &Unconfined{o}, nil
}

// Name is "none".
func (u *Unconfined) Name() string { return "none" }

// Start runs c in its own session with a clean environment and a private
// temporary directory.
func (u *Unconfined) Start(ctx context.Context, s autosession.Scope, c autosession.Command) (autosession.Process, error) {
	if err := refuse(s, c); err != nil {
		return nil, err
	}
	r := newRecord(u.options.State, s.Session)
	r.Temp = filepath.Join(os.TempDir(), "autosession-"+r.Tree)
	env := environment(os.Environ(), u.options, place{dir: s.Dir, home: s.Home, temp: r.Temp})
	warden, err := wardenCommand()
	if err != nil {
		return nil, err
	}
	return open(ctx, r, s, c, warden, env)
}

// Rescue ends what is left of a session and removes its temporary directories.
func (u *Unconfined) Rescue(ctx context.Context, session string) error {
	return rescue(ctx, u.options.State, session)
}

// Check sees that programs run with a clean environment, and that all of them
// end. It does not say that anything is confined.
func (u *Unconfined) Check(ctx context.Context) []autosession.Canary {
	return try(ctx, u, u.options, common(u.options))
}

// wardenCommand is our own program as a warden.
func wardenCommand() (*exec.Cmd, error) {
	path, err := ourselves()
	if err != nil {
		return nil, fmt.Errorf("cannot find our own program: %v", err)
	}
	_, args, err := reexec.Command(wardenEntry)
	if err != nil {
		return nil, fmt.Errorf("cannot find our own program: %v", err)
	}
	return exec.Command(path, args...), nil
}

// open records the tree, makes what it needs and starts it. env is its clean
// environment.
func open(ctx context.Context, r *record, s autosession.Scope, c autosession.Command, warden *exec.Cmd, env []string) (autosession.Process, error) {
	if err := r.write(); err != nil {
		return nil, err
	}
	files, err := prepare(r, s, c)
	if err != nil {
		return nil, errors.Join(err, r.clear())
	}
	// What a caller adds is for the program alone, not for what starts it.
	warden.Dir, warden.Env = "/", merge(env, r.marks())
	p, err := start(ctx, warden, r, files, newLaunch(s, c, env, r.marks()))
	if err != nil {
		files.close()
		return nil, errors.Join(err, r.clear())
	}
	return p, nil
}

// prepare makes the directories of a tree, and its streams.
func prepare(r *record, s autosession.Scope, c autosession.Command) (*streams, error) {
	if err := makeHome(s.Home); err != nil {
		return nil, err
	}
	if r.Temp != "" {
		if err := os.Mkdir(r.Temp, 0o700); err != nil {
			return nil, fmt.Errorf("cannot make a temporary directory: %v", err)
		}
	}
	return connect(c)
}

// newLaunch is c as a warden starts it.
func newLaunch(s autosession.Scope, c autosession.Command, env, marks []string) *launch {
	dir := c.Dir
	if dir == "" {
		dir = s.Dir
	}
	return &launch{
		Path: c.Path, Args: c.Args, Reexec: c.Reexec, Dir: dir,
		Env: merge(env, c.Env, []string{"PWD=" + dir}, marks),
	}
}

// newRecord begins the record of a new tree of a session.
func newRecord(state, session string) *record {
	tree := rand.Text()
	return &record{Session: session, Tree: tree, path: filepath.Join(state, session, tree+".json")}
}
