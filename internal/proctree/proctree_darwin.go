package proctree

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const zombie = 5 // SZOMB

// List returns every process that can be seen.
func List() ([]Process, error) {
	entries, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, fmt.Errorf("cannot read the process table: %v", err)
	}
	var list []Process
	for i := range entries {
		if p, err := process(&entries[i]); err == nil {
			list = append(list, p)
		}
	}
	return list, nil
}

// Look returns the process that has the PID now. There is none when it fails.
func Look(pid int) (Process, error) {
	entry, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return Process{}, err
	}
	return process(entry)
}

func process(entry *unix.KinfoProc) (Process, error) {
	if entry.Proc.P_stat == zombie {
		return Process{}, os.ErrProcessDone
	}
	born := entry.Proc.P_starttime
	return Process{
		PID:    int(entry.Proc.P_pid),
		Parent: int(entry.Eproc.Ppid),
		Group:  int(entry.Eproc.Pgid),
		Born:   uint64(born.Sec)*1e6 + uint64(born.Usec),
	}, nil
}

// Marked returns none: this system does not show the environment of others.
func Marked([]Process, string) []Process { return nil }

// Adopt does nothing: this system gives orphans to its first process.
func Adopt() error { return nil }

// Hide does nothing on this system.
func Hide() error { return nil }
