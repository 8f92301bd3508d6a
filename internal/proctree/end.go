package proctree

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"syscall"
	"time"
)

// End kills all processes that find returns, again and again until it returns
// none and those that it returned are gone: a process may fork while it is
// being killed. All are stopped before the first is killed, so that a tree that
// forks without end is outrun. Its error says which processes are left when
// ctx ends.
func End(ctx context.Context, find func(list []Process) []Process) error {
	// A process whose parents are gone may not be found any more, and still
	// be on its way out.
	killed := map[Process]bool{}
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		found, err := kill(find)
		if err != nil {
			return err
		}
		for _, p := range found {
			killed[p] = true
		}
		maps.DeleteFunc(killed, func(p Process, _ bool) bool { return !alive(p) })
		if len(found) == 0 && len(killed) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot end %d processes, one of them %d: %v", len(killed), first(killed), ctx.Err())
		case <-time.After(pause):
		}
	}
}

// alive says whether p still runs.
func alive(p Process) bool {
	now, err := Look(p.PID)
	return err == nil && now.Born == p.Born
}

func first(processes map[Process]bool) int {
	for p := range processes {
		return p.PID
	}
	return 0
}

// kill makes one pass and returns whom it found.
func kill(find func([]Process) []Process) ([]Process, error) {
	stopped := map[int]bool{}
	var found []Process
	for range 20 {
		var err error
		if found, err = look(find); err != nil {
			return nil, err
		}
		fresh := false
		for _, p := range found {
			if !stopped[p.PID] {
				stopped[p.PID], fresh = true, true
				Signal(p, syscall.SIGSTOP) // what cannot be stopped is killed below, or reported as left
			}
		}
		if !fresh {
			break
		}
	}
	for _, p := range found {
		Signal(p, syscall.SIGKILL) // as above
	}
	return found, nil
}

func look(find func([]Process) []Process) ([]Process, error) {
	list, err := List()
	if err != nil {
		return nil, err
	}
	return find(list), nil
}

func gone(err error) bool {
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}
