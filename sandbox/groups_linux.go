package sandbox

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// findGroups tries out where groups can be made: below our own group, or, as
// the second version lets no group that has processes have others below it,
// beside our own.
func findGroups(l Limits) groups {
	var g groups
	own, _ := os.ReadFile("/proc/self/cgroup") // without both there are none
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for _, dir := range groupPlaces(string(own), string(table)) {
		// A group at the top, or an empty one, can be asked to count.
		os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+pids +memory"), 0)
		attempt := filepath.Join(dir, groupPrefix+"try-"+rand.Text())
		if err := l.makeGroup(attempt); err == nil {
			processes := !g.processes && exists(filepath.Join(attempt, "pids.max"))
			memory := !g.memory && (exists(filepath.Join(attempt, "memory.max")) || exists(filepath.Join(attempt, "memory.limit_in_bytes")))
			if processes || memory {
				g.parents = append(g.parents, dir)
				g.processes, g.memory = g.processes || processes, g.memory || memory
			}
		}
		syscall.Rmdir(attempt) // fails when there is none
	}
	return g
}

// groupPlaces returns the directories to try, from our process's table of
// groups and its table of mounts: of the first version the one for each kind of
// count, then of the second our own and the one above.
func groupPlaces(own, table string) []string {
	var first, second []string
	for line := range strings.Lines(own) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		kinds := strings.Split(parts[1], ",")
		counts := slices.Contains(kinds, "pids") || slices.Contains(kinds, "memory")
		dir := mountedGroup(table, kinds[0], parts[2])
		switch {
		case dir == "":
		case parts[1] == "":
			second = append(second, dir)
			if parts[2] != "/" {
				second = append(second, filepath.Dir(dir))
			}
		case counts:
			first = append(first, dir)
		}
	}
	return append(first, second...)
}

// mountedGroup returns where a group can be seen. The kind is "" for the
// second version.
func mountedGroup(table, kind, group string) string {
	for line := range strings.Lines(table) {
		mount, system, ok := strings.Cut(line, " - ")
		place, kinds := strings.Fields(mount), strings.Fields(system)
		if !ok || len(place) < 5 || len(kinds) < 3 {
			continue
		}
		wanted := kind == "" && kinds[0] == "cgroup2" ||
			kind != "" && kinds[0] == "cgroup" && slices.Contains(strings.Split(kinds[2], ","), kind)
		rel, err := filepath.Rel(place[3], group)
		if wanted && err == nil && filepath.IsLocal(rel) && !strings.HasPrefix(group, "/..") {
			return filepath.Join(place[4], rel)
		}
	}
	return ""
}
