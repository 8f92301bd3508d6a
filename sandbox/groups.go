package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// groups is where the kernel lets us count what a whole tree uses: directories
// of control groups in which we may make one for each tree.
type groups struct {
	parents   []string
	processes bool // their number can be limited there
	memory    bool
}

// groupPrefix begins the name of a tree's group.
const groupPrefix = "autosession-"

// names are the groups of one tree.
func (g groups) names(tree string) []string {
	var names []string
	for _, parent := range g.parents {
		names = append(names, filepath.Join(parent, groupPrefix+tree))
	}
	return names
}

// settings returns what is written to a new group: those of these files that
// it has. The names differ between the two versions of groups.
func (l Limits) settings() [][2]string {
	var all [][2]string
	if l.Processes >= 0 {
		all = append(all, [2]string{"pids.max", strconv.FormatInt(l.Processes+spareProcesses, 10)})
	}
	if l.Memory >= 0 {
		bytes := strconv.FormatInt(l.Memory, 10)
		all = append(all, [][2]string{
			{"memory.max", bytes}, {"memory.swap.max", "0"},
			{"memory.limit_in_bytes", bytes}, {"memory.memsw.limit_in_bytes", bytes},
		}...)
	}
	return all
}

// makeGroup makes one group.
func (l Limits) makeGroup(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make a control group: %v", err)
	}
	for _, s := range l.settings() {
		file := filepath.Join(dir, s[0])
		if !exists(file) {
			continue
		}
		if err := os.WriteFile(file, []byte(s[1]), 0); err != nil {
			return fmt.Errorf("cannot set a limit: %v", err)
		}
	}
	return nil
}

// enclose makes the record's groups and moves the wardens into them. What they
// start from then on is in them too.
func (r *record) enclose() error {
	for _, dir := range r.Groups {
		if err := r.limits.makeGroup(dir); err != nil {
			return err
		}
		for _, w := range r.Wardens {
			if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(w.PID)), 0); err != nil {
				return fmt.Errorf("cannot move a process into a control group: %v", err)
			}
		}
	}
	return nil
}

// members returns the PIDs of what is in the record's groups. Nothing leaves
// them by itself.
func (r *record) members() []int {
	var pids []int
	for _, dir := range r.Groups {
		data, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs")) // a group that is gone has none
		for field := range strings.FieldsSeq(string(data)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// groupTime bounds how long the kernel may take to empty a group whose
// processes have been killed.
const groupTime = 10 * time.Second

// disband removes the record's groups. Nothing of the tree runs any more.
func (r *record) disband() error {
	for _, dir := range r.Groups {
		deadline := time.Now().Add(groupTime)
		err := syscall.Rmdir(dir)
		for err == syscall.EBUSY && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
			err = syscall.Rmdir(dir)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the control group %s: %v", dir, err)
		}
	}
	return nil
}
