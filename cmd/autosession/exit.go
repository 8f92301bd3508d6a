package main

import (
	"errors"
	"fmt"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
)

// The exit statuses. They are a contract: scripts rely on them.
const (
	exitOK         = 0
	exitUnexpected = 1
	exitUsage      = 2
	exitLimit      = 3
	exitStuck      = 4
	exitPerson     = 5
	exitHeld       = 6
	exitSandbox    = 7
	exitStopped    = 8
	exitUnusable   = 126 // of sandbox: the program cannot be executed
	exitMissing    = 127 // of sandbox: there is no such program
	exitSignal     = 128 // and the signal's number
)

// exitError ends the program with a status and says nothing more.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is a command line that cannot be used.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitStatus is the status that an error means.
func exitStatus(err error) int {
	if err == nil {
		return exitOK
	}
	if status, ok := errors.AsType[exitError](err); ok {
		return int(status)
	}
	for _, known := range []struct {
		is     func(error) bool
		status int
	}{
		{is[usageError], exitUsage},
		{is[*config.Error], exitUsage},
		{is[*noRecordsError], exitUsage},
		{is[*autosession.UnknownError], exitUsage},
		{is[*autosession.NoSpecError], exitUsage},
		{is[*autosession.ListError], exitUsage},
		{is[*autosession.HeldError], exitHeld},
		{is[*autosession.OtherProjectError], exitPerson},
		{is[*autosession.OutcomeError], exitPerson},
		{is[*autosession.SandboxError], exitSandbox},
	} {
		if known.is(err) {
			return known.status
		}
	}
	return exitUnexpected
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// decisionStatus is the status that the end of a run means. last is how its
// last session ended.
func decisionStatus(d autosession.Decision, last autosession.Outcome) int {
	switch d.Reason {
	case autosession.ReasonComplete:
		return exitOK
	case autosession.ReasonOnce:
		return onceStatus(last.Class)
	case autosession.ReasonNeedsPerson:
		return exitPerson
	case autosession.ReasonFailing, autosession.ReasonStuck:
		return exitStuck
	case autosession.ReasonStopped:
		return exitStopped
	}
	return exitLimit // all other stops are limits
}

func onceStatus(last autosession.OutcomeClass) int {
	switch {
	case last == autosession.OutcomeUsageLimit:
		return exitLimit
	case last == autosession.OutcomeNeedsPerson:
		return exitPerson
	case last.Transient(), last.Failed(), last == autosession.OutcomeInterrupted:
		return exitStuck
	}
	return exitOK
}
