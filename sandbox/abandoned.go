package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/autosession/autosession/internal/proctree"
)

// ourselves is this process, as records name who made them.
func ourselves() proctree.Process {
	p, err := proctree.Look(os.Getpid())
	if err != nil {
		return proctree.Process{PID: os.Getpid()} // nobody lives that was born then
	}
	return p
}

// lives says whether a process still runs.
func lives(p proctree.Process) bool {
	now, err := proctree.Look(p.PID)
	return err == nil && now.Born == p.Born
}

// rescueAbandoned clears every record whose manager is dead, whatever session
// it is of, and removes the places where such a one tried a sandbox out.
func (k *keeper) rescueAbandoned(ctx context.Context) error {
	all, err := k.records("*")
	if err != nil {
		return err
	}
	for _, r := range all {
		if lives(r.Manager) {
			continue
		}
		if err := sweep(ctx, treeMark+"="+r.Tree, r); err != nil {
			return err
		}
		if err := r.clear(); err != nil {
			return err
		}
	}
	return k.removeTrials()
}

// trialPrefix begins the names of the places where a sandbox is tried out.
// What follows is who does so.
const trialPrefix = "check-"

// trialOf is the beginning of such a name.
func trialOf(p proctree.Process) string { return fmt.Sprintf("%s%d-%d-", trialPrefix, p.PID, p.Born) }

// removeTrials removes those whose makers are dead.
func (k *keeper) removeTrials() error {
	entries, err := os.ReadDir(k.dir)
	if err != nil {
		return fmt.Errorf("cannot look for what a try of a sandbox left: %v", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), trialPrefix) {
			continue
		}
		var maker proctree.Process
		if _, err := fmt.Sscanf(e.Name(), trialPrefix+"%d-%d-", &maker.PID, &maker.Born); err == nil && lives(maker) {
			continue
		}
		if err := removeAll(filepath.Join(k.dir, e.Name())); err != nil {
			return fmt.Errorf("cannot remove what a try of a sandbox left: %v", err)
		}
	}
	return nil
}
