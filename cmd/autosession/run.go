package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
)

func (a *app) runCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "run [DIR]",
		Short: "Run sessions on a project until it is done, or something says stop",
		Long: `run takes a project directory with a spec (app_spec.txt), lets the first session
make the feature list, and runs session after session until every feature
passes. Start it again to go on where it stopped.

Ctrl-C once lets the session save its work and stops; twice, or Ctrl-\, kills
the agent and saves; three times exits at once, and the next start puts things
right.`,
		Args: takes(0, 1),
	}
	config.AddFlags(c.Flags())
	c.Flags().SortFlags = false
	c.RunE = func(c *cobra.Command, args []string) error {
		dir := a.project(args)
		if err := writable(dir); errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
			return &autosession.OutcomeError{Outcome: autosession.Outcome{
				Class:  autosession.OutcomeNeedsPerson,
				Detail: fmt.Sprintf("%s cannot be written to: %v; make it yours, or run as who owns it", dir, err),
			}}
		}
		return a.wired(c, dir, a, a.loop)
	}
	return c
}

// wired joins the adapters for the project at dir, which reads its own
// settings again once it is rescued, and does something with them under a
// person's signals and before their eyes: events go to the streams of shown.
func (a *app) wired(c *cobra.Command, dir string, shown *app, do func(context.Context, *parts, *signals, *screen) error) error {
	p, err := a.place(dir)
	if err != nil {
		return err
	}
	w, err := p.wire(c)
	if err != nil {
		return err
	}
	return errors.Join(shown.attend(c.Context(), w, c.Flags(), do), w.close())
}

// wire joins the adapters for a project by the settings that can be read before
// the project is rescued. What is wrong with any of them is told at once.
func (p place) wire(c *cobra.Command) (*parts, error) {
	if _, err := p.settled(c); is[*config.Error](err) {
		return nil, err
	}
	conf, err := p.load(c.Flags(), "", false)
	if err != nil {
		return nil, err
	}
	return wire(c.Context(), p, conf, "")
}

// attend does something with the adapters of a project under a person's
// signals and before their eyes.
func (a *app) attend(ctx context.Context, w *parts, flags *pflag.FlagSet, do func(context.Context, *parts, *signals, *screen) error) error {
	outlive()
	ctx, signals := listen(ctx)
	defer signals.end()
	screen := a.screen(w.cfg)
	defer screen.end()
	w.cfg.Stop, w.cfg.Report = signals.stop, screen.event
	w.cfg.Refine = func(ctx context.Context, e *autosession.Config) error {
		err := w.refine(ctx, flags, screen)
		*e = w.cfg
		return err
	}
	return do(ctx, w, signals, screen)
}

// loop runs a project's sessions, and returns the status that the end means.
func (a *app) loop(ctx context.Context, w *parts, signals *signals, screen *screen) error {
	modest()
	a.stdout.dispensable()
	screen.begin()
	d, err := autosession.Loop{Config: w.cfg}.Run(ctx)
	screen.end()
	if is[*autosession.ListError](err) {
		err = fmt.Errorf("cannot start: %w; nothing starts until it is mended, or removed for a new beginning", err)
	}
	if err := signals.after(a, err); err != nil {
		return err
	}
	var last autosession.Outcome
	if snapshot, err := w.store.Load(context.WithoutCancel(ctx)); err == nil && snapshot.Run != nil {
		last = snapshot.Run.Last
	}
	if status := decisionStatus(d, last); status != exitOK {
		return exitError(status)
	}
	return nil
}

// modest keeps the memory of a run small, for a few hundredths of processor
// time: it lies beside the agent all night and has little to do. Who sets GOGC
// has the last word.
func modest() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(30)
	}
}

// outlive lets the program go on when nobody reads its output any more. What it
// starts is not concerned.
func outlive() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// told prints an error that does not change the exit status.
func told(a *app, err error) error {
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.stderr, harmlessLines("autosession: "+err.Error(), ""))
	}
	return nil
}

// refine reads the configuration again with the project's own file, which
// holds what a person wrote once the project is rescued.
func (w *parts) refine(ctx context.Context, flags *pflag.FlagSet, screen *screen) error {
	c, snapshot, err := w.reread(ctx, flags, screen)
	if err == nil {
		w.canary(ctx, c, snapshot, screen)
	}
	return err
}

// reread is refine, and leaves the agent alone.
func (w *parts) reread(ctx context.Context, flags *pflag.FlagSet, screen *screen) (config.Config, autosession.Snapshot, error) {
	snapshot, err := w.store.Load(ctx)
	if err != nil {
		return config.Config{}, snapshot, err
	}
	c, err := w.load(flags, snapshot.Project.Trusted, true)
	if err != nil {
		return c, snapshot, err
	}
	for _, i := range c.Ignored {
		screen.warn(fmt.Sprintf("%s: %s is ignored: %s", i.Source, i.Name, i.Reason))
	}
	return c, snapshot, w.configure(c)
}

// signals turns a person's signals into a stop, then a kill, then an exit. With
// SIGQUIT the kill comes at once.
type signals struct {
	stop   chan struct{} // closed at the first
	got    chan os.Signal
	done   chan struct{}
	ended  chan struct{}
	signal syscall.Signal // the first
}

// listen begins to listen. The context ends with the second signal.
func listen(ctx context.Context) (context.Context, *signals) {
	ctx, kill := context.WithCancelCause(ctx)
	s := &signals{stop: make(chan struct{}), got: make(chan os.Signal, 3), done: make(chan struct{}), ended: make(chan struct{})}
	signal.Notify(s.got, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	go func() {
		defer close(s.ended)
		defer kill(nil)
		s.wait(kill)
	}()
	return ctx, s
}

func (s *signals) wait(kill context.CancelCauseFunc) {
	for n := 1; ; n++ {
		select {
		case <-s.done:
			return
		case got := <-s.got:
			sig := got.(syscall.Signal)
			if n == 1 {
				s.signal = sig
				close(s.stop)
			}
			if n == 1 && sig == syscall.SIGQUIT {
				n = 2
			}
			switch n {
			case 1:
			case 2:
				kill(fmt.Errorf("a signal to end at once (%s)", sig))
			default:
				os.Exit(exitSignal + int(s.signal))
			}
		}
	}
}

// end stops listening. It may be called once.
func (s *signals) end() {
	signal.Stop(s.got)
	close(s.done)
	<-s.ended
}

// after is what a command ends with that came to err: the status of the first
// signal, else err.
func (s *signals) after(a *app, err error) error {
	if s.first() == 0 {
		return err
	}
	return errors.Join(exitError(exitSignal+int(s.first())), told(a, err))
}

// first is the first signal, or 0. It is known once stop is closed.
func (s *signals) first() syscall.Signal {
	select {
	case <-s.stop:
		return s.signal
	default:
		return 0
	}
}
