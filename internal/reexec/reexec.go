// Package reexec lets our own binary be a second program: what must run inside
// a sandbox is an entry of this register, and the binary is bound in.
//
// It is not a general plug-in mechanism. main and every TestMain whose tests
// start such a program call [Init] first.
package reexec

import (
	"os"
	"strings"
	"syscall"
)

// prefix marks the first argument of a second run of our binary.
const prefix = "__autosession:"

var entries = map[string]func(args []string) int{}

// Register adds an entry. It is called from package variables or init, before
// Init. A name that is taken panics.
func Register(name string, run func(args []string) int) {
	if _, taken := entries[name]; taken {
		panic("reexec: entry " + name + " is registered twice")
	}
	entries[name] = run
}

// Init runs the entry that this process was started for and exits with its
// status, or returns when the process was started as usual.
func Init() {
	if len(os.Args) < 2 || !strings.HasPrefix(os.Args[1], prefix) {
		return
	}
	run, ok := entries[strings.TrimPrefix(os.Args[1], prefix)]
	if !ok {
		os.Stderr.WriteString("cannot run " + os.Args[1] + ": this binary has no such entry\n")
		os.Exit(2)
	}
	// Not os.Exit: in a build with the race detector that waits for a second,
	// and such processes are many and short.
	syscall.Exit(run(os.Args[2:]))
}

// Command returns the program and the arguments that run the entry name with
// args. The error is that of os.Executable.
func Command(name string, args ...string) (path string, argv []string, err error) {
	path, err = os.Executable()
	return path, append([]string{prefix + name}, args...), err
}
