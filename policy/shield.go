package policy

import (
	"path"
	"strings"
)

// shield is one protected path or glob inside the project (P6).
type shield struct {
	name  string
	comps []string // components, patterns allowed; "**" is any number of them
	list  bool     // the feature list
	file  bool     // nothing lies below it
}

// protectedNames are protected in every project.
var protectedNames = []string{"feature_list.json", ".git", ".claude", ".vscode", ".idea", ".mcp.json",
	".claude_settings.json", "autosession.toml", "app_spec.txt"}

func shields(globs []string) []shield {
	var out []shield
	for _, n := range protectedNames {
		out = append(out, shield{name: n, comps: []string{n}, list: n == "feature_list.json", file: isFileName(n)})
	}
	for _, g := range globs {
		comps := strings.Split(strings.Trim(strings.TrimPrefix(g, "./"), "/"), "/")
		if n := len(comps); n > 1 && comps[n-1] == "**" {
			comps = comps[:n-1]
		}
		if len(comps) == 1 && isPattern(comps[0]) {
			comps = []string{"**", comps[0]}
		}
		out = append(out, shield{name: g, comps: comps, file: len(comps) == 1 && isFileName(g)})
	}
	return out
}

// isFileName says that something of this name is a file, not a directory.
func isFileName(name string) bool {
	switch path.Ext(name) {
	case ".json", ".toml", ".txt", ".md", ".yml", ".yaml":
		return !isPattern(name)
	}
	return false
}

// covers says whether a use of the path rel, whose components may be patterns,
// could change what the shield protects. shell says that they are those of bash.
func (s *shield) covers(rel []string, u use, shell bool) bool {
	match := overlap
	if shell {
		match = overlapShell
		for len(rel) > 1 && rel[0] == "**" && s.file {
			rel = rel[1:] // with globstar it may be no directory at all
		}
	}
	if s.file && len(rel) > 1 && isPattern(rel[0]) && rel[0] != "**" {
		return false // only directories match
	}
	if overlapPrefix(s.comps, rel, match) {
		return true // the path is, or is below, what is protected
	}
	if u != useTree {
		return false
	}
	static := s.comps
	for i, c := range static {
		if isPattern(c) {
			static = static[:i]
			break
		}
	}
	return len(static) > 0 && overlapPrefix(rel, static, func(a, b string) bool { return match(b, a) })
}

// overlapShell is overlap of a name or pattern with a pattern of bash, whose *
// matches no dot at the start of a name.
func overlapShell(name, pattern string) bool {
	return overlap(name, pattern) && (pattern != "*" || !strings.HasPrefix(name, "."))
}

// overlapPrefix says whether some path could match all of pre and go on with
// the rest of p: p is at or below pre.
func overlapPrefix(pre, p []string, match func(pre, p string) bool) bool {
	switch {
	case len(pre) == 0:
		return true
	case pre[0] == "**":
		for i := range len(p) + 1 {
			if overlapPrefix(pre[1:], p[i:], match) {
				return true
			}
		}
		return false
	case len(p) == 0:
		return false
	case p[0] == "**" && strings.HasPrefix(pre[0], ".") && !match(pre[0], "*"):
		return overlapPrefix(pre, p[1:], match)
	case p[0] == "**":
		return true
	}
	return match(pre[0], p[0]) && overlapPrefix(pre[1:], p[1:], match)
}
