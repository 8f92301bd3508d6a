// Command autosession-bench measures what autosession itself costs and prints
// one table: what was measured, its aim, and whether the aim is met. It exits
// with 0 also when an aim is missed: the figures are what counts.
//
// Everything that it measures is real: a database on the disk, checkpoints by
// git, processes. Only the model is played. It needs Go, git and bubblewrap,
// and npm for the rows with the real Claude Code, which are not measured without it.
// It is run from the module's directory; a part of a row's name as its
// argument runs that row alone.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"

	"github.com/autosession/autosession/internal/reexec"
)

func main() {
	reexec.Register(standinEntry, playClaude)
	reexec.Init()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "autosession-bench:", err)
		os.Exit(1)
	}
}

// row measures one thing. It may give several figures.
type row struct {
	name    string
	measure func(ctx context.Context, l *lab) ([]figure, error)
}

var rows = []row{
	{"handover", handover},
	{"delay", delay},
	{"memory", memory},
	{"status", status},
	{"briefing", briefing},
	{"kill", kill},
	{"close", closing},
	{"reconcile", reconcile},
	{"checkpoint", checkpoint},
	{"stream", stream},
	{"claude", claude},
	{"policy", verdict},
	{"confine", confine},
	{"canaries", canaries},
	{"gateway", throughput},
}

// run measures the rows that are asked for and prints the table.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("autosession-bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "print one JSON value")
	parent := flags.String("dir", "", "where to work; on the disk that is to be measured (default the temporary directory)")
	profile := flags.String("profile", "", "write a profile of this process's processor time to a file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *profile != "" {
		stop, err := startProfile(*profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	l, err := newLab(*parent)
	if err != nil {
		return err
	}
	figures, err := measure(ctx, l, flags.Arg(0), stderr)
	err = errors.Join(err, l.remove())
	if *asJSON {
		out := json.NewEncoder(stdout)
		out.SetIndent("", "  ")
		return errors.Join(err, out.Encode(figures))
	}
	return errors.Join(err, table(stdout, figures))
}

// measure measures the rows that the filter leaves. One that fails does not
// keep the others from being told.
func measure(ctx context.Context, l *lab, filter string, progress io.Writer) (figures []figure, err error) {
	for _, r := range rows {
		if !strings.Contains(r.name, filter) {
			continue
		}
		fmt.Fprintf(progress, "measuring %s ...\n", r.name)
		got, failed := r.measure(ctx, l)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("cannot measure %s: %w", r.name, failed))
		}
		for i := range got {
			got[i].Row = r.name
			if got[i].N == 0 && got[i].Missing == "" {
				got[i].Missing = "there is no sample"
				err = errors.Join(err, fmt.Errorf("cannot measure %s: there is no sample of %q", r.name, got[i].What))
			}
		}
		figures = append(figures, got...)
	}
	if len(figures) == 0 && err == nil {
		return nil, fmt.Errorf("cannot find a row with %q in its name", filter)
	}
	return figures, err
}

// startProfile begins a profile and returns what ends it.
func startProfile(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("cannot write the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { pprof.StopCPUProfile(); f.Close() }, nil
}
