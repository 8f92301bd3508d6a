package autosession

import (
	"fmt"
	"strings"
	"time"
)

// OutcomeError is an error that says what it means for the run: an agent whose
// program is missing returns one from Open.
type OutcomeError struct {
	Outcome Outcome
}

// Error returns "cannot run the agent" and the outcome's detail.
func (e *OutcomeError) Error() string { return "cannot run the agent: " + e.Outcome.Detail }

// HeldError says that another process holds the project.
type HeldError struct {
	Dir    string
	Holder Holder
}

// Error names the holder.
func (e *HeldError) Error() string {
	return fmt.Sprintf("cannot use %s: process %d on %s has been working on it since %s",
		e.Dir, e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.DateTime))
}

// NoSpecError says that an init session has no spec to work from.
type NoSpecError struct {
	Dir, Spec string
	Wrong     string // with what lies in its place; "" is nothing there
}

// Error says how to give one.
func (e *NoSpecError) Error() string {
	if e.Wrong != "" {
		return fmt.Sprintf("cannot start on %s: %s %s; write there what is to be built, or name another file with --spec", e.Dir, e.Spec, e.Wrong)
	}
	return fmt.Sprintf("cannot start on %s: there is no %s; write one there that says what is to be built, or name another file with --spec", e.Dir, e.Spec)
}

// OtherProjectError says that another project lies where ours was.
type OtherProjectError struct {
	Dir, State string
	Was, Is    string // root commits
}

// Error says what to do.
func (e *OtherProjectError) Error() string {
	return fmt.Sprintf("cannot go on with %s: its git history begins with commit %.12s, and the project that was here began with %.12s; use another --state directory, or remove %s, which holds all that is known of the old one, to begin anew", e.Dir, e.Is, e.Was, e.State)
}

// UnknownError says that a person named what is not there: a feature, a
// checkpoint, a protected path.
type UnknownError struct {
	reason string
}

// Error names it.
func (e *UnknownError) Error() string { return e.reason }

func unknown(format string, args ...any) error {
	return &UnknownError{fmt.Sprintf(format, args...)}
}

// ProgramError says that there is no such program, or that what is there
// cannot be executed.
type ProgramError struct {
	Program string `json:"program"` // as it was named
	Missing bool   `json:"missing"` // there is none
	Reason  string `json:"reason"`
}

// Error names the program and says why.
func (e *ProgramError) Error() string {
	if e.Missing {
		return fmt.Sprintf("cannot find the program %q: %s", e.Program, e.Reason)
	}
	return fmt.Sprintf("cannot start %s: %s", e.Program, e.Reason)
}

// SandboxError says that the sandbox does not hold.
type SandboxError struct {
	Failed []Canary
}

// Error names what does not hold.
func (e *SandboxError) Error() string {
	var failed []string
	for _, c := range e.Failed {
		failed = append(failed, c.Name+" ("+c.Detail+")")
	}
	return "cannot confine the agent: " + strings.Join(failed, ", ")
}
