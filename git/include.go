package git

import (
	"path"
	"strings"
)

// globs are patterns, as path.Match knows them, of files and of directories
// with all that is in them.
type globs []string

// match says whether a pattern names a path, or a directory above it.
func (g globs) match(name string) bool {
	for at := name; at != "." && len(g) > 0; at = path.Dir(at) {
		for _, pattern := range g {
			if ok, _ := path.Match(pattern, at); ok {
				return true
			}
		}
	}
	return false
}

// below says whether a pattern could name something in the directory dir,
// which ends with a slash.
func (g globs) below(dir string) bool {
	depth := strings.Count(dir, "/")
	for _, pattern := range g {
		parts := strings.SplitN(pattern, "/", depth+1)
		if len(parts) <= depth {
			continue
		}
		if ok, _ := path.Match(strings.Join(parts[:depth], "/")+"/", dir); ok {
			return true
		}
	}
	return false
}
