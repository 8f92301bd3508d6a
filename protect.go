package autosession

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// protects says whether a pattern names a path of the project, or a directory
// above it.
func protects(pattern, name string) bool {
	for at := name; at != "." && at != "/"; at = path.Dir(at) {
		if ok, err := path.Match(pattern, at); err == nil && ok {
			return true
		}
	}
	return false
}

// grants says whether a person let the session change a protected path: it is
// one of those granted, or below one.
func grants(granted []string, name string) bool {
	return slices.ContainsFunc(granted, func(g string) bool { return name == g || strings.HasPrefix(name, g+"/") })
}

// protectedPaths are the paths of the project that protected patterns name and
// that are there now.
func (p *project) protectedPaths() []string {
	var out []string
	for _, pattern := range p.protected() {
		// The patterns were checked with the configuration.
		hits, _ := fs.Glob(p.root.FS(), pattern)
		out = append(out, hits...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
