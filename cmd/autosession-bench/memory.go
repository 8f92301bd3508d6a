package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memory measures what the program holds in memory while a command of the
// agent runs, after 30 turns. What lies in files that the kernel may drop
// again counts too.
func memory(ctx context.Context, l *lab) ([]figure, error) {
	var all, own []float64
	for range 3 {
		p, err := l.newProgram(ctx, usualFeatures)
		if err != nil {
			return nil, err
		}
		r, err := p.start(ctx)
		if err != nil {
			return nil, errors.Join(err, p.model.Close())
		}
		if err := p.untilWaiting(ctx, r); err != nil {
			return nil, errors.Join(err, p.model.Close())
		}
		held, err := residents(r.Process.Pid)
		if err = errors.Join(err, r.kill(), p.model.Close()); err != nil {
			return nil, err
		}
		all, own = append(all, held["VmRSS"]), append(own, held["RssAnon"])
	}
	return []figure{
		newFigure("resident memory of run during a session", "MB", 20, all),
		newFigure("of that, not backed by the program's file", "MB", 0, own),
	}, nil
}

// residents reads the sizes in a process's status, in MB.
func residents(pid int) (map[string]float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, fmt.Errorf("cannot read the memory of a process: %w", err)
	}
	sizes := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[2] == "kB" {
			kb, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				return nil, fmt.Errorf("cannot read the memory of a process: %w", err)
			}
			sizes[strings.TrimSuffix(fields[0], ":")] = kb / 1024
		}
	}
	return sizes, nil
}
