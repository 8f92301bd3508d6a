package sandbox

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/autosession/autosession"
)

// Where our own things are inside. /run is otherwise empty.
const (
	insideBinary  = "/run/autosession/autosession"
	insideExclude = "/run/autosession/exclude"
)

// view composes what a tree sees:
//
//   - the machine, read-only, but for what is not for everybody; of temporary,
//     run-time and people's directories only the place
//   - the project and the agent's HOME, writable, and in the project what is
//     protected, read-only
//   - what the scope binds, and what PATH names
//   - nothing of our state, no secrets and no sockets
//
// temp bounds a temporary directory, in bytes. pins are the protected paths of the project, see [protection].
func view(h host, s autosession.Scope, temp int64, binary string, pins protection) (mounts, error) {
	m := mounts{{at: "/", kind: readOnly}}
	for _, dir := range []string{"/tmp", "/var/tmp"} {
		m.set(mount{at: h.resolve(dir), kind: scratch, size: temp})
	}
	m.add(hidden, "/run", h.resolve("/var/run"))
	m.add(hidden, h.homes...)
	m.close(h.private)
	m.tools(h, s)
	for _, b := range s.Binds {
		m.bind(h, b)
	}
	m.add(writable, s.Dir)
	m.pin(pins)
	for _, dir := range h.ours {
		if m.visible(dir) {
			m.add(hidden, dir)
		}
	}
	m.add(writable, s.Home)
	m.add(devices, "/dev")
	m.add(procfs, "/proc")
	for _, file := range h.secrets {
		m.mask(file)
	}
	for _, socket := range h.sockets {
		m.shut(h, socket)
	}
	m.set(mount{at: insideBinary, kind: readOnly, from: binary})
	return m, sound(h, m, s)
}

// close keeps files and directories from being opened, unless that is asked for.
func (m *mounts) close(paths []string) {
	for _, path := range paths {
		switch {
		case isPlain(path):
			m.mask(path)
		case m.visible(path):
			m.add(hidden, path)
		}
	}
}

// mask keeps a file from being opened. What lies in a directory of somebody
// else's own is hidden with that.
func (m *mounts) mask(file string) {
	if !m.visible(file) {
		return
	}
	if at := reachable(file); at != file {
		m.add(hidden, at)
		return
	}
	m.add(masked, file)
}

// shut keeps a socket from being reached. A directory of the machine's that has
// one, and is not there for all kinds of things, is hidden with it: whoever
// listens there may begin anew.
func (m *mounts) shut(h host, socket string) {
	dir := filepath.Dir(socket)
	within := func(path string) bool { return path == dir || below(dir, path) }
	shown := func(one mount) bool { return within(one.at) && (one.kind == readOnly || one.kind == writable) }
	common := depth(dir) < 2 || filepath.Dir(dir) == "/var" || system(dir)
	if common || m.governing(dir).at != "/" || slices.ContainsFunc(*m, shown) || slices.ContainsFunc(h.path, within) || reachable(socket) != socket {
		m.mask(socket)
		return
	}
	m.add(hidden, dir)
}

// sound refuses a scope whose directories would show what must be hidden.
func sound(h host, m mounts, s autosession.Scope) error {
	for _, dir := range []string{s.Dir, s.Home} {
		if real := h.resolve(dir); real != filepath.Clean(dir) {
			return fmt.Errorf("cannot confine %s: it is reached through a link; name it as %s", dir, real)
		}
		for _, home := range h.homes {
			if dir == home || below(dir, home) {
				return fmt.Errorf("cannot confine work in %s: it is, or holds, the home directory %s", dir, home)
			}
		}
		if slices.ContainsFunc(machine, func(top string) bool { return dir == top || below(dir, top) }) {
			return fmt.Errorf("cannot confine work in %s: it is, or holds, a part of the machine", dir)
		}
		if kind := m.governing(dir).kind; kind != writable {
			return fmt.Errorf("cannot confine work in %s: it is not a place for work", dir)
		}
	}
	return nil
}

// bind shows a path at its place, and where its links lead to.
func (m *mounts) bind(h host, b autosession.Bind) {
	kind := readOnly
	if b.Writable {
		kind = writable
	}
	real := h.resolve(b.Path)
	m.add(kind, real)
	if !m.visible(b.Path) {
		m.set(mount{at: b.Path, kind: kind, from: real})
	}
}

// tools shows the directories of PATH that would be hidden, with what they
// need. What lies where s is written is shown with that.
func (m *mounts) tools(h host, s autosession.Scope) {
	var shown []string
	for _, dir := range h.path {
		if m.visible(h.resolve(dir)) && m.visible(dir) {
			continue
		}
		for _, path := range h.needs(dir, written(s)) {
			m.bind(h, autosession.Bind{Path: path})
			shown = append(shown, path)
		}
	}
	for _, file := range credentials(shown) {
		m.mask(file)
	}
}

// written are the host's places that a tree of s writes to.
func written(s autosession.Scope) []string {
	places := []string{s.Dir, s.Home}
	for _, b := range s.Binds {
		if b.Writable {
			places = append(places, b.Path)
		}
	}
	return places
}

// pin fastens what is protected, and each directory on the way to it: one that
// is a mount cannot be moved away.
func (m *mounts) pin(p protection) {
	m.add(writable, p.ways...)
	m.add(readOnly, p.paths...)
}
