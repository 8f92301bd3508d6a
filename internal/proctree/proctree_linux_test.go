package proctree

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	rest := " S 7 8 8 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1"
	tests := []struct {
		line string
		want Process
	}{
		{"12 (sh)" + rest, Process{12, 7, 8, 4242}},
		{"12 (a) b) R 1 2 (x)" + rest, Process{12, 7, 8, 4242}},
		{"12 ()" + rest, Process{12, 7, 8, 4242}},
		{"12 (sh)" + strings.Replace(rest, " S ", " Z ", 1), Process{}},
		{"12 (sh)" + strings.Replace(strings.Replace(rest, " S ", " Z ", 1), "20 0 1 0", "20 0 3 0", 1), Process{12, 7, 8, 4242}},
		{"12 (sh) S 7", Process{}},
		{"", Process{}},
		{")(", Process{}},
		{"x (sh)" + rest, Process{}},
	}
	for _, test := range tests {
		if got, err := parseStat([]byte(test.line)); got != test.want || (err == nil) != (test.want != Process{}) {
			t.Errorf("%q gives %v, %v", test.line, got, err)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (sh) S 7 8 8 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1"))
	f.Add([]byte("12 (a) b) Z 7"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if p, err := parseStat(line); err != nil && p != (Process{}) {
			t.Errorf("%v and %v", p, err)
		}
	})
}

func TestOurselves(t *testing.T) {
	list, err := List()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(p Process) bool { return p.PID == os.Getpid() })
	if i < 0 || list[i].Parent != os.Getppid() || list[i].Group != syscall.Getpgrp() {
		t.Fatalf("this process is not in the table as it is: %v", list)
	}
	if !slices.Contains(Grouped(list, list[i].Group), list[i]) || !slices.Contains(Below(list, os.Getppid()), list[i]) {
		t.Error("this process is not found by its group and its parent")
	}
}

func TestMarkedAndEnd(t *testing.T) {
	const mark = "PROCTREE_TEST=some value"
	var trees []*exec.Cmd
	for range 3 {
		tree := exec.Command("/bin/sh", "-c", "sleep 600 & sleep 600 & wait")
		tree.Env = append(os.Environ(), mark)
		if err := tree.Start(); err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	find := func(list []Process) []Process { return Marked(list, mark) }
	list, err := List()
	if err != nil {
		t.Fatal(err)
	}
	if found := find(list); len(found) < len(trees) {
		t.Errorf("only %v are marked", found)
	}
	if found := Marked(list, "PROCTREE_TEST=some"); len(found) > 0 {
		t.Errorf("%v have a part of the mark", found)
	}
	if err := End(ctx, find); err != nil {
		t.Fatal(err)
	}
	for _, tree := range trees {
		if tree.Wait(); tree.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("%v", tree.ProcessState)
		}
	}
}

// Who got the PID of a process that ended is left alone.
func TestSignalOfReusedPID(t *testing.T) {
	sleep := exec.Command("sleep", "600")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	now, err := Look(sleep.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	earlier := now
	earlier.Born--
	if err := Signal(earlier, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	if err := Signal(now, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	sleep.Wait()
	if got := sleep.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != syscall.SIGTERM {
		t.Errorf("it was ended by %v", got)
	}
	if err := Signal(now, syscall.SIGTERM); err != nil {
		t.Errorf("a process that is gone: %v", err)
	}
}
