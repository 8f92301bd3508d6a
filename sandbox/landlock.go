package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/autosession/autosession"
)

// Landlock is the Sandbox for a Linux where bubblewrap or user namespaces are
// missing. A tree writes and reads only where it may, has no capabilities, and
// can make no socket that leads out. What it cannot hold is in its Name. It
// does not look at a Scope's ReadOnly, and refuses a Scope with a network.
type Landlock struct {
	options Options
	keeper  *keeper
	abi     int
	groups  groups
}

// NewLandlock returns the Sandbox that confines by Landlock. Its error says
// what is wrong with o, or that the kernel has none.
func NewLandlock(o Options) (*Landlock, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	abi := landlockABI()
	if abi < 1 {
		return nil, errors.New("cannot use Landlock: the kernel has none; use Linux 5.13 or later, with landlock among the modules of its lsm= line")
	}
	return &Landlock{o, &keeper{dir: o.State}, abi, findGroups(o.Limits)}, nil
}

// Name is "landlock", its version, and what it does not hold.
func (l *Landlock) Name() string { return named(fmt.Sprint("landlock ", l.abi), l.lacks()) }

func (l *Landlock) lacks() []lack {
	const help = "install bubblewrap and allow user namespaces"
	all := []lack{
		{"protected paths", help + "; until then they are put back at the end of a session"},
		{"a network, not even one inside", help},
		{"hidden names of files", help},
		{"hidden processes", help},
		{"fixed modes and times of files outside", help},
		{"a limit on temporary files", help},
	}
	if l.abi < truncateABI {
		all = append(all, lack{"files that cannot be cut off", "use Linux 6.2 or later"})
	}
	if l.abi < scopeABI {
		all = append(all, lack{"signals that stay inside", "use Linux 6.12 or later"})
	}
	if len(l.groups.parents) == 0 {
		all = append(all, lack{"an end for processes that hide", helpGroups})
	}
	return append(all, l.groups.lacks(l.options.Limits, os.Getuid() == 0)...)
}

// Start runs c confined to s.
func (l *Landlock) Start(ctx context.Context, s autosession.Scope, c autosession.Command) (autosession.Process, error) {
	if err := refuse(s, c); err != nil {
		return nil, err
	}
	if s.Network.Endpoint != "" || len(s.Network.Hosts) > 0 {
		return nil, errors.New("cannot give a process tree a network by Landlock alone: install bubblewrap")
	}
	r := l.keeper.begin(s.Session, s.Dir)
	r.Temp = filepath.Join(resolve(os.TempDir()), "autosession-"+r.Tree)
	r.limits, r.Groups = &l.options.Limits, l.groups.names(r.Tree)
	// Before anything is written: where no room is left that would fail.
	if _, err := r.reserve().look(); err != nil {
		return nil, err
	}
	if err := makeHome(s.Home); err != nil {
		return nil, err
	}
	h := lookAround(l.options)
	// Without mounts all that is sound of a view is where the work lies.
	if err := sound(h, mounts{{at: "/", kind: writable}}, s); err != nil {
		return nil, err
	}
	binary, err := l.keeper.binary()
	if err != nil {
		return nil, err
	}
	_, args, err := ourCommand(wardenEntry)
	if err != nil {
		return nil, err
	}
	r.writable = append([]string{s.Dir, s.Home, r.Temp}, harmless...)
	r.readable = append(h.readable(s), binary)
	for _, b := range s.Binds {
		if b.Writable {
			r.writable = append(r.writable, b.Path)
		}
	}
	if err := r.build(); err != nil {
		return nil, errors.Join(err, r.clear())
	}
	env := environment(os.Environ(), l.options, place{dir: s.Dir, home: s.Home, temp: r.Temp})
	// By its name, which the rules know: not as what we run, if that was
	// replaced.
	return open(ctx, r, s, c, exec.Command(binary, args...), env)
}

// Rescue ends what is left of a session and removes what was made for it.
func (l *Landlock) Rescue(ctx context.Context, session string) error {
	return l.keeper.rescue(ctx, session)
}

// Check tries what can be tried quickly, and names what is not held.
func (l *Landlock) Check(ctx context.Context) []autosession.Canary {
	canaries := slices.Concat(common(l.options), restricted(), limited(l.options.Limits, l.groups))
	return append(try(ctx, roomy(l, l.options.Limits), l.options, canaries), known(l.lacks())...)
}

// harmless are the devices that can be written.
var harmless = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}

// systemTrees are what programs of the machine read. Of /sys that is little:
// much of the rest is for who owns the machine.
var systemTrees = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix", "/var/lib/ca-certificates",
	"/proc", "/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm",
}

// readable names what can be read beside the places of work: the system, what
// the scope binds and what PATH names, but no secret and nothing of people or
// of ours.
func (h host) readable(s autosession.Scope) []string {
	closed := slices.Concat(h.ours, h.homes, h.secrets, h.private)
	var all []string
	for _, tree := range systemTrees {
		all = append(all, except(h.resolve(tree), closed)...)
	}
	for _, dir := range h.path {
		real := h.resolve(dir)
		if slices.ContainsFunc(all, func(had string) bool { return real == had || below(had, real) }) {
			continue
		}
		needs := h.needs(dir, written(s))
		// That it lies in a home is why it is named.
		closed := slices.Concat(h.ours, h.secrets, credentials(needs))
		for _, path := range needs {
			all = append(all, except(h.resolve(path), closed)...)
		}
	}
	for _, b := range s.Binds {
		all = append(all, b.Path)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// except names what covers a tree but for what is closed. Rules can only add.
func except(path string, closed []string) []string {
	if slices.Contains(closed, path) {
		return nil
	}
	if !slices.ContainsFunc(closed, func(c string) bool { return below(path, c) }) {
		return []string{path}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		// Where a link leads to is judged there.
		if e.Type() != fs.ModeSymlink {
			all = append(all, except(filepath.Join(path, e.Name()), closed)...)
		}
	}
	return all
}
