package autosession

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// Shell holds the project, closes what a dead process left, and runs one
// command to its end, within the bounds of the project's sessions. No gate
// judges it, and no session is counted.
//
// When Config.Stop is closed the command is asked to end, within Config.Grace;
// when ctx ends it is killed at once. The error means that it could not be run
// (a [*ProgramError] when its program is missing or none), or that what is
// left of it could not be ended; how it ended is the Exit.
func Shell(ctx context.Context, cfg Config, c Command) (Exit, error) {
	p, err := hold(ctx, cfg)
	if err != nil {
		return Exit{}, err
	}
	exit, err := p.shell(ctx, c)
	return exit, errors.Join(err, p.release())
}

func (p *project) shell(ctx context.Context, c Command) (Exit, error) {
	// One at a time holds a project, so that each ends what an earlier one
	// left. Those of other projects are none of its business.
	sum := sha256.Sum256([]byte(p.cfg.Dir))
	session := "shell-" + hex.EncodeToString(sum[:8])
	if err := p.cfg.Sandbox.Rescue(ctx, session); err != nil {
		return Exit{}, err
	}
	scope := p.scope(ScopeShell, session)
	scope.Report = p.report
	process, err := p.cfg.Sandbox.Start(ctx, scope, c)
	if err != nil {
		return Exit{}, err
	}
	ended, stopped := make(chan struct{}), make(chan error, 1)
	go func() { stopped <- stopWith(ctx, p.cfg.Stop, p.cfg.Grace, process, ended) }()
	exit, err := process.Wait()
	close(ended)
	return exit, errors.Join(err, <-stopped)
}

// stopWith ends a process softly with the first stop and at once with the end
// of ctx. It returns when the process has ended.
func stopWith(ctx context.Context, stop <-chan struct{}, grace time.Duration, process Process, ended <-chan struct{}) error {
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return process.Stop(0)
	case <-stop:
	}
	soft := make(chan error, 1)
	go func() { soft <- process.Stop(grace) }()
	select {
	case err := <-soft:
		return err
	case <-ctx.Done():
		return errors.Join(process.Stop(0), <-soft)
	}
}
