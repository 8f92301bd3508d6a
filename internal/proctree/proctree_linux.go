package proctree

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// List returns every process that can be seen.
func List() ([]Process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("cannot read the process table: %v", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("cannot read the process table: %v", err)
	}
	var list []Process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := Look(pid); err == nil {
			list = append(list, p)
		}
	}
	return list, nil
}

// Look returns the process that has the PID now. There is none when it fails.
func Look(pid int) (Process, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Process{}, err
	}
	return parseStat(data)
}

// parseStat reads one line of /proc/PID/stat. The program's name stands in
// brackets and may hold anything, brackets and spaces too. A zombie is an
// error, unless threads of it still run: the first process of a PID namespace
// is in that state until all others of the namespace are gone.
func parseStat(data []byte) (Process, error) {
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 0 || end < open {
		return Process{}, fmt.Errorf("cannot read %q as a line of the process table", data)
	}
	fields := bytes.Fields(data[end+1:])
	if len(fields) < 20 {
		return Process{}, fmt.Errorf("cannot read %q as a line of the process table", data)
	}
	threads := string(fields[17])
	if state := fields[0][0]; state == 'X' || state == 'Z' && (threads == "0" || threads == "1") {
		return Process{}, os.ErrProcessDone
	}
	pid, err1 := strconv.Atoi(string(bytes.TrimSpace(data[:open])))
	parent, err2 := strconv.Atoi(string(fields[1]))
	group, err3 := strconv.Atoi(string(fields[2]))
	born, err4 := strconv.ParseUint(string(fields[19]), 10, 64)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return Process{}, fmt.Errorf("cannot read a line of the process table: %v", err)
		}
	}
	return Process{PID: pid, Parent: parent, Group: group, Born: born}, nil
}

// Marked returns those of list that were started with the variable, a
// NAME=value, in their environment. A process that we may not look into has
// none.
func Marked(list []Process, variable string) []Process {
	var found []Process
	for _, p := range list {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
		if err == nil && slices.ContainsFunc(bytes.Split(data, []byte{0}), func(v []byte) bool {
			return string(v) == variable
		}) {
			found = append(found, p)
		}
	}
	return found
}

// Adopt makes this process the parent of all orphans among its descendants,
// however deep. It holds until the process ends.
func Adopt() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot become the parent of orphans: %v", err)
	}
	return nil
}

// Hide keeps other processes of the same user from reading or changing this
// one through ptrace and /proc.
func Hide() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot hide this process: %v", err)
	}
	return nil
}
