package git

import (
	"os"
	"path"
	"strings"
)

// judge says which single paths are ignored, by the ignore files as they are
// in the project now.
type judge struct {
	root *os.Root
	dirs map[string]ignores // by directory, which is "" or ends with a slash
}

func newJudge(root *os.Root, excludes []byte) *judge {
	j := &judge{root: root, dirs: map[string]ignores{}}
	j.dirs[""] = j.in("", ignores{}.with(parseRules("", excludes)))
	return j
}

// in returns the rules of the directory base, given those above it.
func (j *judge) in(base string, above ignores) ignores {
	content, err := readRegular(j.root, base+".gitignore", maxIgnoreFile)
	if err != nil {
		return above
	}
	return above.with(parseRules(base, content))
}

// ignored says whether the file name, or a directory above it, is ignored.
func (j *judge) ignored(name string) bool {
	base := ""
	for dir := range strings.SplitSeq(path.Dir(name), "/") {
		if dir == "." {
			break
		}
		if j.dirs[base].match(base+dir, true) {
			return true
		}
		next := base + dir + "/"
		if _, ok := j.dirs[next]; !ok {
			j.dirs[next] = j.in(next, j.dirs[base])
		}
		base = next
	}
	return j.dirs[base].match(name, false)
}
