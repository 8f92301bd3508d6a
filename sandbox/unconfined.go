package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/autosession/autosession"
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
	keeper  *keeper
}

// NewUnconfined returns the Sandbox that confines nothing. Its error says what
// is wrong with o.
func NewUnconfined(o Options) (*Unconfined, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	return &Unconfined{o, &keeper{dir: o.State}}, nil
}

// Name is "none".
func (u *Unconfined) Name() string { return "none" }

// Start runs c in its own session with a clean environment and a private
// temporary directory.
func (u *Unconfined) Start(ctx context.Context, s autosession.Scope, c autosession.Command) (autosession.Process, error) {
	if err := refuse(s, c); err != nil {
		return nil, err
	}
	if err := makeHome(s.Home); err != nil {
		return nil, err
	}
	r := u.keeper.begin(s.Session, s.Dir)
	r.Temp = filepath.Join(os.TempDir(), "autosession-"+r.Tree)
	env := environment(os.Environ(), u.options, place{dir: s.Dir, home: s.Home, temp: r.Temp})
	warden, err := wardenCommand()
	if err != nil {
		return nil, err
	}
	if err := r.build(); err != nil {
		return nil, errors.Join(err, r.clear())
	}
	return open(ctx, r, s, c, warden, env)
}

// Rescue ends what is left of a session and removes its temporary directories.
func (u *Unconfined) Rescue(ctx context.Context, session string) error {
	return u.keeper.rescue(ctx, session)
}

// Check sees that programs run with a clean environment, and that all of them
// end. It does not say that anything is confined.
func (u *Unconfined) Check(ctx context.Context) []autosession.Canary {
	return try(ctx, u, u.options, common(u.options))
}
