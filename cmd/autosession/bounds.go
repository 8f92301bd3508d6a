package main

import (
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/sandbox"
)

// bounds are how much a confined tree may use.
func bounds(c config.Config) sandbox.Limits {
	const mebibyte = 1 << 20
	return sandbox.Limits{
		Processes: c.SandboxProcesses, Memory: c.SandboxMemory * mebibyte, FileSize: c.SandboxFileSize * mebibyte,
		Temp: c.SandboxTemp * mebibyte, Reserve: c.SandboxReserve * mebibyte,
	}
}

// bound gives the sandbox the bounds of a configuration: the project's own
// file, which is read when there is a sandbox already, may narrow them.
func (w *parts) bound(c config.Config) {
	if box, confines := w.box.(sandbox.Confining); confines {
		w.box = box.Within(bounds(c))
	}
}
