package sandbox

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// mountKind says what stands at a path inside.
type mountKind int

const (
	readOnly mountKind = iota // the host's, not to be changed
	writable                  // the host's, to be changed
	scratch                   // an empty directory that lives as long as the tree
	hidden                    // an empty directory that cannot be changed
	masked                    // a file that cannot be opened
	devices                   // a few harmless devices
	procfs                    // the tree's own processes
)

// mount is one place of the tree's view of the file system.
type mount struct {
	at   string // inside, absolute and clean
	kind mountKind
	from string // on the host; "" is at. Of readOnly and writable only
	size int64  // of scratch, in bytes; 0 is unlimited
}

// mounts is a whole view: what is at a path is said by the mount that is
// deepest on the way to it. The last of two at the same path counts.
type mounts []mount

// add sets what is at a path.
func (m *mounts) add(kind mountKind, at ...string) {
	for _, p := range at {
		m.set(mount{at: p, kind: kind})
	}
}

func (m *mounts) set(one mount) {
	one.at = path.Clean(one.at)
	if i := slices.IndexFunc(*m, func(old mount) bool { return old.at == one.at }); i >= 0 {
		(*m)[i] = one
		return
	}
	*m = append(*m, one)
}

// governing returns the mount that says what is at p.
func (m mounts) governing(p string) mount {
	best := mount{at: "/", kind: hidden}
	for _, one := range m {
		if (one.at == p || below(one.at, p)) && len(one.at) >= len(best.at) {
			best = one
		}
	}
	return best
}

// visible says whether the host's own file can be seen at p.
func (m mounts) visible(p string) bool {
	kind := m.governing(p).kind
	return kind == readOnly || kind == writable
}

// writable returns where something can be written.
func (m mounts) writable() []string {
	var places []string
	for _, one := range m {
		if one.kind == writable || one.kind == scratch || one.kind == devices {
			places = append(places, one.at)
		}
	}
	return places
}

// covered returns what is on the host where something else is seen.
func (m mounts) covered() []string {
	var places []string
	for _, one := range m {
		if one.kind == masked || one.kind == hidden {
			places = append(places, one.at)
		}
	}
	return places
}

// arguments are those for bubblewrap that build the view. Parents come before
// what lies in them. What is hidden is closed last, when all places in it
// exist.
func (m mounts) arguments() []string {
	var args, closing []string
	for _, one := range slices.SortedFunc(slices.Values(m), byDepth) {
		from := cmp.Or(one.from, one.at)
		switch one.kind {
		case readOnly:
			args = append(args, "--ro-bind", from, one.at)
		case writable:
			args = append(args, "--bind", from, one.at)
		case scratch:
			args = append(args, "--perms", "1777")
			if one.size > 0 {
				args = append(args, "--size", strconv.FormatInt(one.size, 10))
			}
			args = append(args, "--tmpfs", one.at)
		case hidden:
			args = append(args, "--perms", "0755", "--tmpfs", one.at)
			closing = append(closing, "--remount-ro", one.at)
		case masked:
			// A device on a mount without devices cannot be opened.
			args = append(args, "--ro-bind", "/dev/null", one.at)
		case devices:
			args = append(args, "--dev", one.at)
		case procfs:
			args = append(args, "--proc", one.at)
			// To root's processes the kernel's settings are writable, and
			// some of them name programs that it runs outside.
			closing = append(closing, "--remount-ro", one.at)
		default:
			panic(fmt.Sprintf("sandbox: no kind of mount is %d", one.kind))
		}
	}
	return append(args, closing...)
}

func byDepth(a, b mount) int {
	return cmp.Or(cmp.Compare(depth(a.at), depth(b.at)), cmp.Compare(a.at, b.at))
}

func depth(p string) int {
	if p == "/" {
		return 0
	}
	return strings.Count(p, "/")
}
