package sandbox

import (
	"context"
	"errors"
	"os/exec"

	"github.com/autosession/autosession"
)

// wardenCommand is our own program as a warden.
func wardenCommand() (*exec.Cmd, error) {
	path, args, err := ourCommand(wardenEntry)
	return exec.Command(path, args...), err
}

// open starts the tree of a record whose files are made. env is its clean
// environment. Nothing is left of it when it cannot be started.
func open(ctx context.Context, r *record, s autosession.Scope, c autosession.Command, warden *exec.Cmd, env []string) (autosession.Process, error) {
	files, err := connect(c)
	if err != nil {
		return nil, errors.Join(err, r.clear())
	}
	// What a caller adds is for the program alone, not for what starts it.
	warden.Dir, warden.Env = "/", merge(env, r.marks())
	p, err := start(ctx, warden, r, files, newLaunch(r, s, c, env))
	if err != nil {
		files.close()
		return nil, errors.Join(err, r.clear())
	}
	return p, nil
}

// newLaunch is c as a warden starts it.
func newLaunch(r *record, s autosession.Scope, c autosession.Command, env []string) *launch {
	dir := c.Dir
	if dir == "" {
		dir = s.Dir
	}
	return &launch{
		Path: c.Path, Args: c.Args, Reexec: c.Reexec, Dir: dir,
		Env:      merge(env, r.way.env(), c.Env, []string{"PWD=" + dir}, r.marks()),
		Writable: r.writable, Readable: r.readable, Limits: r.limits,
		Beside: r.way.beside(merge(env, r.marks())),
	}
}
