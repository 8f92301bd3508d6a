// Package proctree looks at the process table: who descends from whom, who
// carries a mark in its environment, and how to end them all.
//
// It knows nothing of what the processes are for, and starts none itself.
package proctree

import (
	"os"
	"syscall"
)

// Process is one entry of the process table as it was read. A zombie, of which
// nothing runs any more, is not a process here.
type Process struct {
	PID    int
	Parent int
	Group  int
	Born   uint64 // when it started, in a unit of the system's own; tells two users of one PID apart
}

// Below returns those of list that descend from pid, without pid itself.
func Below(list []Process, pid int) []Process {
	children := map[int][]Process{}
	for _, p := range list {
		children[p.Parent] = append(children[p.Parent], p)
	}
	var found []Process
	seen := map[int]bool{pid: true}
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, p := range children[next[0]] {
			if !seen[p.PID] {
				seen[p.PID] = true
				found = append(found, p)
				next = append(next, p.PID)
			}
		}
	}
	return found
}

// Grouped returns those of list that are in the process group.
func Grouped(list []Process, group int) []Process {
	var found []Process
	for _, p := range list {
		if p.Group == group {
			found = append(found, p)
		}
	}
	return found
}

// Signal sends sig to p, unless p has ended meanwhile, which is no error:
// another process that has got its PID is left alone.
func Signal(p Process, sig syscall.Signal) error {
	// On Linux the handle stays with the process that has the PID now; what
	// is read after it was opened is therefore true of the handle.
	handle, err := os.FindProcess(p.PID)
	if err != nil {
		return nil
	}
	defer handle.Release()
	now, err := Look(p.PID)
	if err != nil || now.Born != p.Born {
		return nil
	}
	if err := handle.Signal(sig); err != nil && !gone(err) {
		return err
	}
	return nil
}
