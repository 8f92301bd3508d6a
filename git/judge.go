package git

import (
	"context"
	"io"
	"path"
	"slices"
	"strings"
)

// judge says which paths are ignored by the rules of a checkpoint, whatever the
// ignore files say now: who writes one could hide all else behind it. A
// directory that the checkpoint holds nothing of has only the rules of now:
// tools put an ignore file into what they make for themselves.
type judge struct {
	excludes []byte
	files    map[string][]byte // content of the checkpoint's ignore files, by directory
	known    map[string]bool   // directories of the checkpoint
	now      func(base string) []byte
	dirs     map[string]ignores // by directory, which is "" or ends with a slash
}

// rulesOf returns the rules of a checkpoint, which holds the given files.
func (r *Repo) rulesOf(ctx context.Context, id string, holds []listed) (*judge, error) {
	j := &judge{
		excludes: r.excludes(), files: map[string][]byte{}, known: map[string]bool{"": true}, dirs: map[string]ignores{},
		now: func(base string) []byte {
			content, _ := readRegular(r.root, base+".gitignore", maxIgnoreFile) // what can't be read has no rules
			return content
		},
	}
	at, err := r.readStanding(ctx, id)
	if err != nil {
		return nil, err
	}
	if at != nil {
		j.excludes = []byte(at.exclude)
	}
	for dir := range blockers(holds) {
		j.known[dir+"/"] = true
	}
	return j, r.readRules(ctx, holds, j.files)
}

// readRules reads the ignore files among those that a checkpoint holds. One
// that is the same in the project is read there.
func (r *Repo) readRules(ctx context.Context, holds []listed, files map[string][]byte) error {
	var ids, bases []string
	for _, l := range holds {
		if path.Base(l.path) != ".gitignore" || l.mode == modeLink {
			continue
		}
		base := strings.TrimSuffix(l.path, ".gitignore")
		content, err := readRegular(r.root, l.path, maxIgnoreFile)
		if err == nil && name(blobKind, content).ours.String() == l.id {
			files[base] = content
			continue
		}
		ids, bases = append(ids, l.id), append(bases, base)
	}
	return r.git.contents(ctx, ids, func(i int, size int64, content io.Reader) (err error) {
		if size <= maxIgnoreFile {
			files[bases[i]], err = io.ReadAll(content)
		}
		return err
	})
}

// in returns the rules of the directory base, given those above it.
func (j *judge) in(base string, above ignores) ignores {
	if _, ok := j.dirs[base]; !ok {
		content := j.files[base]
		if !j.known[base] {
			content = j.now(base)
		}
		j.dirs[base] = above.with(parseRules(base, content))
	}
	return j.dirs[base]
}

// top is the rules above the project's own directory.
func (j *judge) top() ignores { return ignores{}.with(parseRules("", j.excludes)) }

// ignored says whether the file name, or a directory above it, is ignored.
func (j *judge) ignored(name string) bool {
	base, rules := "", j.in("", j.top())
	for dir := range strings.SplitSeq(path.Dir(name), "/") {
		if dir == "." {
			break
		}
		if rules.match(base+dir, true) {
			return true
		}
		base += dir + "/"
		rules = j.in(base, rules)
	}
	return rules.match(name, false)
}

// stay returns which of the files that a checkpoint lacks are not removed: what
// its rules ignore, and what it could not hold.
func (j *judge) stay(drop []string, n notes) map[string]bool {
	stay := map[string]bool{}
	for _, name := range drop {
		left := slices.ContainsFunc(n.leftOut, func(l LeftOut) bool { return among([]string{l.Path}, name) })
		if left || j.ignored(name) && !n.include.match(name) {
			stay[name] = true
		}
	}
	return stay
}
