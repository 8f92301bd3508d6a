package sandbox

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// host is what a view must know of the machine. It is read anew for each tree.
type host struct {
	homes   []string // directories of people: their files are nobody's business
	ours    []string // directories of our own state
	path    []string // directories of PATH that exist
	secrets []string // files outside homes that we can read and a tree must not
	private []string // files and directories outside homes that are not for everybody, and that we can read
	sockets []string // Unix sockets that somebody listens on
	resolve func(path string) string
	needs   func(dir string, written []string) []string // what a directory of PATH needs of what is hidden
}

// lookAround reads the host's facts.
func lookAround(o Options) host {
	h := host{resolve: resolve}
	h.needs = func(dir string, written []string) []string { return h.needed(dir, written) }
	for _, dir := range append([]string{o.State}, o.Hide...) {
		if isDir(dir) {
			h.ours = append(h.ours, resolve(dir))
		}
	}
	// The widest first: what lies in it is then hidden already.
	slices.SortFunc(h.ours, func(a, b string) int { return len(a) - len(b) })
	for _, home := range append(homesOf("/etc/passwd"), "/home", "/root", os.Getenv("HOME")) {
		if real := resolve(home); home != "" && isDir(real) && !system(real) {
			h.homes = append(h.homes, reachable(real))
		}
	}
	for _, dir := range filepath.SplitList(searchPath(os.Getenv("PATH"))) {
		if isDir(dir) {
			h.path = append(h.path, dir)
		}
	}
	h.secrets = readable(secretPatterns)
	h.private = private()
	h.sockets = listening("/proc/net/unix", "/proc")
	return h
}

// reachable returns the path, or the first directory on the way to it that
// only another user may enter. As root we can; a tree, which has no
// capabilities, cannot, nor can bubblewrap, to which the other user is nobody.
func reachable(path string) string {
	for _, dir := range prefixes(path) {
		if dir == "" || dir == path {
			continue
		}
		info, err := os.Stat(dir)
		if err != nil {
			return path
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && !enters(stat) {
			return dir
		}
	}
	return path
}

// enters says whether we may enter a directory without being root.
func enters(dir *syscall.Stat_t) bool { return may(dir, 0o001) }

// may says whether we have a right, as for others, on a file without being
// root.
func may(file *syscall.Stat_t, right uint32) bool {
	groups, _ := os.Getgroups() // without them it counts as another user's
	switch mode := uint32(file.Mode); {
	case int(file.Uid) == os.Getuid():
		return true // if it is closed we can open it
	case int(file.Gid) == os.Getgid() || slices.Contains(groups, int(file.Gid)):
		return mode&(right<<3) != 0
	default:
		return mode&right != 0
	}
}

// homesOf returns the home directories of people and of root.
func homesOf(passwd string) []string {
	file, err := os.Open(passwd)
	if err != nil {
		return nil
	}
	defer file.Close()
	var homes []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 6 {
			continue
		}
		uid, err := strconv.Atoi(fields[2])
		if err == nil && (uid == 0 || uid >= 1000 || uid == os.Getuid()) && filepath.IsAbs(fields[5]) {
			homes = append(homes, fields[5])
		}
	}
	return homes
}

// machine names the directories that make up the system.
var machine = []string{
	"/", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt", "/nix", "/dev", "/proc", "/sys", "/run", "/var", "/var/tmp", "/tmp",
}

// system says whether a directory is part of the machine, whoever calls it a
// home.
func system(dir string) bool {
	return slices.ContainsFunc(machine, func(top string) bool {
		shared := top == "/" || top == "/var" || top == "/tmp" || top == "/var/tmp" || top == "/opt"
		return dir == top || below(dir, top) || !shared && below(top, dir)
	})
}

// listening returns the Unix sockets of a table of the kernel's that have a
// path which we can reach. A relative one is looked for where processes work
// that we may look into: a server that has gone elsewhere since is not found.
func listening(table, processes string) []string {
	file, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer file.Close()
	var sockets, relative []string
	add := func(name string) {
		if info, err := os.Lstat(name); err == nil && info.Mode().Type() == fs.ModeSocket && !slices.Contains(sockets, name) {
			sockets = append(sockets, name)
		}
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		switch name := socketName(lines.Text()); {
		case strings.HasPrefix(name, "/"):
			add(filepath.Clean(name))
		case name != "" && name[0] != '@' && !slices.Contains(relative, name):
			relative = append(relative, name)
		}
	}
	if len(relative) == 0 {
		return sockets
	}
	for _, dir := range workplaces(processes) {
		for _, name := range relative {
			add(filepath.Join(dir, name))
		}
	}
	return sockets
}

// workplaces are the directories that processes work in, each once.
func workplaces(processes string) []string {
	dir, err := os.Open(processes)
	if err != nil {
		return nil
	}
	defer dir.Close()
	var all []string
	names, _ := dir.Readdirnames(-1) // as many as can be read
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		if work, err := os.Readlink(filepath.Join(processes, name, "cwd")); err == nil && !slices.Contains(all, work) {
			all = append(all, work)
		}
	}
	return all
}

// socketName is the last field of a line of the table, which may hold spaces.
func socketName(line string) string {
	for range 7 {
		_, line, _ = strings.Cut(strings.TrimLeft(line, " "), " ")
	}
	return line
}

// resolve returns the path without links, or the path itself when there is
// nothing.
func resolve(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return filepath.Clean(path)
	}
	return real
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
