package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/internal/reexec"
)

// ungated is the program with the policy switched off: the sandbox alone
// holds. It runs sessions on the project that its argument names, as
// autosession run does.
func ungated() {
	reexec.Init()
	status, err := runUngated(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

func runUngated(dir string) (status int, err error) {
	ctx := context.Background()
	a := &app{stdout: &output{Writer: os.Stdout}, stderr: &output{Writer: os.Stderr}}
	p, err := a.place(dir)
	if err != nil {
		return exitUnexpected, err
	}
	flags := pflag.NewFlagSet("ungated", pflag.ContinueOnError)
	config.AddFlags(flags)
	conf, err := p.load(flags, "", true)
	if err != nil {
		return exitUnexpected, err
	}
	w, err := wire(ctx, p, conf, "")
	if err != nil {
		return exitStatus(err), err
	}
	w.cfg.Gate = everything{}
	screen := a.screen(w.cfg)
	w.cfg.Report = screen.event
	screen.begin()
	d, err := autosession.Loop{Config: w.cfg}.Run(ctx)
	if err = errors.Join(err, w.close()); err != nil {
		return exitStatus(err), err
	}
	return decisionStatus(d, autosession.Outcome{}), nil
}

// everything is a gate that is open.
type everything struct{}

// Judge allows.
func (everything) Judge(context.Context, autosession.ToolCall) autosession.Verdict {
	return autosession.Verdict{Allow: true, Rule: "open"}
}
