package sandbox

import "github.com/autosession/autosession/internal/reexec"

// Init must be the first call of main, and of TestMain, in a program that
// starts a sandbox: its binary is also the warden of each tree, and then Init
// does not return.
func Init() { reexec.Init() }
