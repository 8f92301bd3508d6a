package sandbox

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// defaultPath is PATH where the host's names no usable directory.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// What marks each process: the session and the tree that it belongs to.
const (
	sessionMark = "AUTOSESSION_SESSION"
	treeMark    = "AUTOSESSION_TREE"
)

// quiet keeps programs from waiting for a person, from opening pagers and
// editors, and from reporting home. CI is not among them on purpose: package
// managers and test runners take it to mean that lock files and snapshots may
// not change.
var quiet = []string{
	"TERM=dumb", "NO_COLOR=1",
	"PAGER=cat", "MANPAGER=cat", "GIT_PAGER=cat", "SYSTEMD_PAGER=cat",
	"EDITOR=true", "VISUAL=true", "GIT_EDITOR=true", "GIT_SEQUENCE_EDITOR=true", "BROWSER=true",
	"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS=true", "GIT_SSH_COMMAND=ssh -oBatchMode=yes",
	"DEBIAN_FRONTEND=noninteractive", "PIP_NO_INPUT=1", "PIP_DISABLE_PIP_VERSION_CHECK=1",
	"npm_config_yes=true", "npm_config_fund=false", "npm_config_audit=false", "npm_config_update_notifier=false",
	"DO_NOT_TRACK=1", "NEXT_TELEMETRY_DISABLED=1",
}

// place is where one tree lives, for its environment.
type place struct {
	dir, home, temp string
	exclude         string // a file of patterns that git overlooks, or ""
}

// environment composes the clean environment of a tree: nothing of the host's
// but a few names that are known to hold no secrets, and those that o.Pass
// names.
func environment(host []string, o Options, p place) []string {
	had := map[string]string{}
	for _, v := range host {
		if name, value, ok := strings.Cut(v, "="); ok {
			had[name] = value
		}
	}
	env := []string{
		"PATH=" + searchPath(had["PATH"]),
		"HOME=" + p.home,
		"TMPDIR=" + p.temp,
		"SHELL=/bin/sh",
	}
	for _, name := range slices.Sorted(maps.Keys(had)) {
		if passes(name) || slices.Contains(o.Pass, name) {
			env = append(env, name+"="+had[name])
		}
	}
	env = append(env, quiet...)
	env = append(env,
		"GIT_AUTHOR_NAME="+o.Author, "GIT_AUTHOR_EMAIL="+o.Email,
		"GIT_COMMITTER_NAME="+o.Author, "GIT_COMMITTER_EMAIL="+o.Email,
		// The project may belong to another user than the one inside.
		"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0="+p.dir,
	)
	if p.exclude == "" {
		return append(env, "GIT_CONFIG_COUNT=1")
	}
	return append(env, "GIT_CONFIG_KEY_1=core.excludesFile", "GIT_CONFIG_VALUE_1="+p.exclude, "GIT_CONFIG_COUNT=2")
}

// marks are the variables that make a tree's processes known.
func (r *record) marks() []string {
	return []string{sessionMark + "=" + r.Session, treeMark + "=" + r.Tree}
}

// merge joins environments. Of each name the last value counts, and the others
// are left out: programs differ in which one they would take.
func merge(parts ...[]string) []string {
	var env []string
	at := map[string]int{}
	for _, v := range slices.Concat(parts...) {
		name, _, _ := strings.Cut(v, "=")
		if i, had := at[name]; had {
			env[i] = v
			continue
		}
		at[name] = len(env)
		env = append(env, v)
	}
	return env
}

func passes(name string) bool {
	switch name {
	case "LANG", "TZ", "USER", "LOGNAME":
		return true
	}
	return strings.HasPrefix(name, "LC_")
}

// searchPath keeps the absolute directories of a PATH. A relative one would
// let the project say what a program's name means.
func searchPath(path string) string {
	var dirs []string
	for _, dir := range filepath.SplitList(path) {
		if filepath.IsAbs(dir) && !slices.Contains(dirs, filepath.Clean(dir)) {
			dirs = append(dirs, filepath.Clean(dir))
		}
	}
	if len(dirs) == 0 {
		return defaultPath
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// lookup returns the value of a variable, or "".
func lookup(env []string, name string) string {
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}
