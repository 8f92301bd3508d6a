package autosession

import "path"

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
