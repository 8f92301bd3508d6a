package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/internal/atomicfile"
	"github.com/autosession/autosession/internal/filelock"
)

// shellSession marks what sandbox runs. One at a time holds a project, so that
// what an earlier one left can be ended by it.
const shellSession = "shell"

// shellGrace is how long a command may take to end after the first Ctrl-C.
const shellGrace = 10 * time.Second

func (a *app) sandboxCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sandbox -- COMMAND [ARGUMENT…]",
		Short: "Run one command confined, as a session of this project would be",
		Long: `Runs one command in the project, confined as the sessions of the project are,
with this terminal's input and output. The policy does not judge it.

Ctrl-C once asks the command to end, twice kills it.

Exit status: that of the command, 128 and the signal's number when one ended
it; 6 when another process holds the project; 7 when there is no sandbox.`,
		Args: cobra.MinimumNArgs(1),
	}
	config.AddFlags(c.Flags())
	c.Flags().SetInterspersed(false)
	c.RunE = func(c *cobra.Command, args []string) error {
		p, err := a.place(a.dir)
		if err != nil {
			return err
		}
		locks, err := p.hold()
		if err != nil {
			return err
		}
		defer locks.release()
		conf, err := p.settled(c)
		if err != nil {
			return err
		}
		return a.shell(c.Context(), &parts{place: p}, conf, autosession.Command{
			Path: args[0], Args: args[1:], Stdin: c.InOrStdin(), Stdout: a.stdout, Stderr: a.stderr,
		})
	}
	return c
}

// shell runs one command to its end, and returns its exit status.
func (a *app) shell(ctx context.Context, w *parts, conf config.Config, cmd autosession.Command) error {
	if _, err := w.confine(ctx, conf); err != nil {
		return err
	}
	if conf.NoSandbox && !a.quiet {
		fmt.Fprintln(a.stderr, "UNCONFINED: this command can do whatever you can")
	}
	ctx, signals := listen(ctx)
	defer signals.end()
	if err := w.box.Rescue(ctx, shellSession); err != nil {
		return err
	}
	process, err := w.box.Start(ctx, w.shellScope(conf), cmd)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	stopping := make(chan error, 1)
	go func() { stopping <- stopOnSignal(ctx, signals, process, done) }()
	exit, err := process.Wait()
	close(done)
	err = errors.Join(err, <-stopping)
	switch {
	case signals.first() != 0:
		return errors.Join(exitError(exitSignal+int(signals.first())), told(a, err))
	case err != nil:
		return err
	case exit.Signal != 0:
		return exitError(exitSignal + int(exit.Signal))
	case exit.Code != 0:
		return exitError(exit.Code)
	}
	return nil
}

// stopOnSignal ends a process softly with the first signal and at once with
// the second. It returns when the process is done.
func stopOnSignal(ctx context.Context, s *signals, process autosession.Process, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-s.stop:
	}
	soft := make(chan error, 1)
	go func() { soft <- process.Stop(shellGrace) }()
	select {
	case err := <-soft:
		return err
	case <-ctx.Done():
		return errors.Join(process.Stop(0), <-soft)
	}
}

// shellScope is the scope of the project's sessions, for one command.
func (w *parts) shellScope(conf config.Config) autosession.Scope {
	w.allowHosts(conf)
	s := autosession.Scope{
		Kind: autosession.ScopeShell, Session: shellSession, Dir: w.dir, Home: w.agentHome(),
		Network: autosession.Network{Hosts: slices.Clone(w.cfg.Hosts)},
		Report:  func(autosession.Event) {}, // no session, no log
	}
	for _, name := range append([]string{w.specName(conf), config.FileName}, autosession.Believed()...) {
		s.ReadOnly = append(s.ReadOnly, filepath.Join(w.dir, name))
	}
	for _, path := range conf.AllowPaths {
		s.Binds = append(s.Binds, autosession.Bind{Path: path, Writable: true})
	}
	needs := autosession.Needs{}
	if n, ok := w.pickAgent(conf).(autosession.Needer); ok {
		needs = n.Needs()
	}
	for _, path := range append(needs.ReadPaths, conf.ReadPaths...) {
		s.Binds = append(s.Binds, autosession.Bind{Path: path})
	}
	s.Network.Endpoint = needs.Endpoint
	s.Network.Hosts = append(s.Network.Hosts, needs.Hosts...)
	return s
}

// locks are those of a project and of its state.
type locks []*filelock.Lock

func (l locks) release() {
	for _, lock := range l {
		_ = lock.Release() // the kernel does it, too, when we end
	}
}

// hold takes the locks of a project, as a run does, and says who holds it.
func (p place) hold() (held locks, err error) {
	defer func() {
		if err != nil {
			held.release()
		}
	}()
	if err := os.MkdirAll(p.state, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the state directory: %w", err)
	}
	for _, dir := range []string{p.dir, p.state} {
		l, err := filelock.Acquire(dir)
		if is[*filelock.HeldError](err) {
			h, _ := autosession.ReadHolder(p.state)
			return held, &autosession.HeldError{Dir: p.dir, Holder: h}
		}
		if err != nil {
			return held, err
		}
		held = append(held, l)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	data, err := json.Marshal(autosession.Holder{PID: os.Getpid(), Host: host, Since: time.Now(), Dir: p.dir})
	if err != nil {
		return held, fmt.Errorf("cannot write the lock's holder: %w", err)
	}
	root, err := os.OpenRoot(p.state)
	if err != nil {
		return held, fmt.Errorf("cannot open the state directory: %w", err)
	}
	defer root.Close()
	return held, atomicfile.Write(root, "holder.json", data, 0o600)
}
