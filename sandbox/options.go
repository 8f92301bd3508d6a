// Package sandbox starts process trees for a project and ends them: confined
// by bubblewrap, or unconfined by the same path.
//
// Between us and each tree stands a warden, our own binary run again. It
// starts the program, reports how it ended, and ends all that descends from
// it: when the program has ended, when it is told to, and when we die. In a
// confined tree the warden is the first process of a PID namespace, so that
// the kernel ends the tree with it.
//
// The package does not judge commands (that is the gate) and adds no keys to
// what leaves the sandbox (that is the gateway).
package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Options is what both sandboxes need to know.
type Options struct {
	// State is an absolute directory of ours, for what Rescue must know. It
	// is made when it is absent. It is never visible inside.
	State string
	// Project is a directory whose programs are never run outside, although
	// PATH may name one in it: what runs inside can change them. "" is none.
	Project string
	// Author and Email are the identity of git commits made inside. Default:
	// "autosession" and "autosession@localhost".
	Author, Email string
	// Hide names absolute directories that are not visible inside, beside
	// State and the homes of people: where we keep the state of all projects.
	Hide []string
	// Limits bounds what a confined tree uses.
	Limits Limits
	// Gateway opens the way out of a confined tree whose scope has a network.
	// nil refuses such a scope.
	Gateway Gateway
	// Pass names variables that are handed on from our own environment beside
	// the usual few. Default: none.
	Pass []string
}

// checked returns o with its defaults, and makes its directory.
func (o Options) checked() (Options, error) {
	var problems []error
	for _, path := range o.Hide {
		if !filepath.IsAbs(path) {
			problems = append(problems, fmt.Errorf("cannot hide %q from a sandbox: not absolute", path))
		}
	}
	if !filepath.IsAbs(o.State) {
		problems = append(problems, fmt.Errorf("cannot use %q as the state directory of the sandbox: not absolute", o.State))
	} else if err := os.MkdirAll(o.State, 0o700); err != nil {
		problems = append(problems, fmt.Errorf("cannot make the state directory of the sandbox: %v", err))
	}
	o.Limits = o.Limits.checked()
	if o.Author == "" {
		o.Author = "autosession"
	}
	if o.Email == "" {
		o.Email = "autosession@localhost"
	}
	return o, errors.Join(problems...)
}
