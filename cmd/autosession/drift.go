package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/claudecode"
	"github.com/autosession/autosession/config"
)

// drift is what a trial found.
type drift struct {
	version  string
	warnings []string // what is missing or different, and what went wrong, one by one
	news     string   // what is new, in one line; it harms nothing
	err      error    // why the program could not be driven; it is among the warnings
}

// try drives the program once and compares what it said with what was recorded.
func (t *trial) try(ctx context.Context, golden claudecode.Shape) drift {
	ctx, cancel := context.WithTimeoutCause(ctx, trialLimit, fmt.Errorf("it took longer than %v", trialLimit))
	defer cancel()
	version, shape, err := t.play(ctx)
	d := drift{version: version, err: err}
	if err != nil {
		d.warnings = append(d.warnings, "it could not be driven to the end of a small session: "+firstLine(err.Error()))
	}
	if shape != nil {
		d.compare(shape.Since(golden))
	}
	return d
}

// program names what was tried.
func (d *drift) program() string { return strings.TrimSpace("Claude Code " + d.version) }

// compare takes the differences apart.
func (d *drift) compare(differences []claudecode.Drift) {
	const most = 5 // new things by name
	var names []string
	for _, x := range differences {
		if x.Was == "" {
			names = append(names, strings.TrimSpace(x.Frame+" "+x.Path))
		} else {
			d.warnings = append(d.warnings, x.String())
		}
	}
	if n := len(names); n > most {
		names = append(names[:most], fmt.Sprintf("and %d more", n-most))
	}
	if len(names) > 0 {
		d.news = "says what is new, which harms nothing: " + strings.Join(names, ", ")
	}
}

// canary tries Claude Code out when its version is new to the project's
// records, and warns of what has changed. Whatever goes wrong is a warning.
func (w *parts) canary(ctx context.Context, c config.Config, s autosession.Snapshot, screen *screen) {
	_, ours := w.cfg.Agent.(claudecode.Agent)
	if !ours || w.played != "" || c.Trial == "never" || w.lacksSpec(s) {
		return
	}
	if _, missing := claudecode.Find(c.AgentCommand, os.Getenv("PATH"), os.Getenv("HOME")); missing != nil {
		return // a session will say so
	}
	ctx, end := orStopped(ctx, w.cfg.Stop)
	defer end()
	d, err := w.tryNew(ctx, c, versionsOf(s.Sessions), screen)
	if ctx.Err() != nil {
		return // a person wants to stop
	}
	if err != nil {
		screen.warn("Claude Code is not tried out: " + err.Error())
	}
	for _, warning := range d.warnings {
		screen.warn(d.program() + ": " + warning)
	}
	if d.news != "" {
		screen.a.say(harmless(d.program() + " " + d.news))
	}
}

// lacksSpec says that the run is about to end for want of a spec: then there is
// no need to try anything out.
func (w *parts) lacksSpec(s autosession.Snapshot) bool {
	d, err := autosession.Detect(w.dir, s.Ledger)
	if err != nil || d.Kind != autosession.Init {
		return false
	}
	spec, err := os.Stat(filepath.Join(w.dir, w.cfg.Spec))
	return err != nil || spec.Size() == 0
}

// tryNew tries the program out, unless its version is known.
func (w *parts) tryNew(ctx context.Context, c config.Config, known []string, screen *screen) (d drift, err error) {
	t, err := newTrial(ctx, c)
	if err != nil {
		return drift{}, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	version, err := t.version(ctx)
	if is[*autosession.ProgramError](err) || slices.Contains(known, version) && version != "" {
		return drift{}, nil // of a program that is none, a session says so
	}
	screen.a.say("This version of Claude Code is new to the project: it is tried out with a played model.")
	return t.try(ctx, claudecode.Golden()), nil
}

// versionsOf are the versions of Claude Code that the sessions had.
func versionsOf(sessions []autosession.SessionRecord) []string {
	var versions []string
	for _, s := range sessions {
		if s.Info.Agent == claudecode.Name && s.Info.Version != "" {
			versions = append(versions, s.Info.Version)
		}
	}
	return versions
}

// orStopped returns a context that ends when stop is closed, too. end must be
// called.
func orStopped(ctx context.Context, stop <-chan struct{}) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel()
		wait.Wait()
	}
}
