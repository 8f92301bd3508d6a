package git

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// standing is what a repository has committed: where HEAD and the refs stand.
type standing struct {
	head    string            // a ref, or an object when it is detached, or ""
	refs    map[string]string // by name: an object, or linkPrefix and another ref
	shallow []string          // commits without their parents, sorted
	exclude string            // the repository's own list of ignored files
	detours map[string]string // by name: what is in each file of detourFiles
}

// linkPrefix begins the value of a ref that is but another name.
const linkPrefix = "ref: "

// tips is the objects that HEAD and the refs name, sorted.
func (p *standing) tips() []string {
	found := map[string]bool{}
	for _, value := range p.refs {
		found[value] = true
	}
	found[p.head] = true
	maps.DeleteFunc(found, func(id string, _ bool) bool { return objectName(id) == "" })
	return slices.Sorted(maps.Keys(found))
}

// commit is the object that HEAD is at, or "" before the first one.
func (p *standing) commit() string {
	if objectName(p.head) != "" {
		return p.head
	}
	return objectName(p.refs[p.head])
}

// format is how the objects are named, by their length.
func format(id string) string {
	if len(id) == hex.EncodedLen(sha256.Size) {
		return "sha256"
	}
	return "sha1"
}

// drop takes out what names one of the objects, and says why.
func (p *standing) drop(why map[string]string) (out []LeftOut) {
	for name, value := range p.refs {
		if w, ok := why[value]; ok {
			out = append(out, LeftOut{Path: ".git/" + name, Why: w})
			delete(p.refs, name)
		}
	}
	if w, ok := why[p.head]; ok {
		out = append(out, LeftOut{Path: ".git/HEAD", Why: w})
		p.head = ""
	}
	return out
}

// The keys of the lines of a standing's text.
const (
	keyHead    = "head "
	keyShallow = "shallow "
	keyRef     = "ref "
	keyLink    = "link "
	keyExclude = "exclude "
	keyDetour  = "detour "
)

// text is what parseStanding reads. The same standing has the same text.
func (p *standing) text() []byte {
	var b bytes.Buffer
	b.WriteString("history\n\n" + keyHead + p.head + "\n")
	for _, id := range p.shallow {
		b.WriteString(keyShallow + id + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(p.refs)) {
		if target, ok := strings.CutPrefix(p.refs[name], linkPrefix); ok {
			b.WriteString(keyLink + target + " " + name + "\n")
		} else {
			b.WriteString(keyRef + p.refs[name] + " " + name + "\n")
		}
	}
	if p.exclude != "" {
		b.WriteString(keyExclude + strconv.Quote(p.exclude) + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(p.detours)) {
		b.WriteString(keyDetour + name + " " + strconv.Quote(p.detours[name]) + "\n")
	}
	return b.Bytes()
}

// parseStanding reads a standing's text. Lines that it does not know are passed over.
func parseStanding(text string) (*standing, error) {
	p := &standing{refs: map[string]string{}, detours: map[string]string{}}
	for line := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(line, " ")
		first, name, _ := strings.Cut(value, " ")
		ok := true
		switch key + " " {
		case keyHead:
			p.head, ok = value, value == "" || objectName(value) != "" || validRef(value)
		case keyShallow:
			p.shallow, ok = append(p.shallow, value), objectName(value) != ""
		case keyRef:
			p.refs[name], ok = first, objectName(first) != "" && validRef(name)
		case keyLink:
			p.refs[name], ok = linkPrefix+first, validRef(first) && validRef(name)
		case keyExclude:
			var err error
			p.exclude, err = strconv.Unquote(value)
			ok = err == nil
		case keyDetour:
			var err error
			p.detours[first], err = strconv.Unquote(name)
			ok = err == nil && slices.Contains(detourFiles, first)
		}
		if !ok {
			return nil, fmt.Errorf("cannot read the refs of a checkpoint: %q", line)
		}
	}
	return p, nil
}

// validRef says whether git takes name for that of a ref. It can't lead out of
// the directory of refs, and it is one word.
func validRef(name string) bool {
	rest, ok := strings.CutPrefix(name, "refs/")
	if !ok || strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.HasSuffix(name, ".") {
		return false
	}
	for part := range strings.SplitSeq(rest, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c == 0x7f || strings.ContainsRune(`~^:?*[\`, c)
	})
}

// The most that is read of a repository's refs.
const (
	maxRefs    = 100_000
	maxRefDeep = 32 // directories
)

// standing reads where HEAD and the refs stand, and what of it can't be read.
func (g *gitDir) standing() (*standing, []LeftOut) {
	p := &standing{refs: map[string]string{}, detours: g.detours()}
	var out []LeftOut
	for name, id := range g.packedRefs() {
		p.refs[name] = id
	}
	if info, err := g.common.Lstat("packed-refs"); err == nil && (!info.Mode().IsRegular() || info.Size() > maxPackedRefs) {
		out = append(out, LeftOut{Path: ".git/packed-refs", Why: "not a file, or too large"})
	}
	g.looseRefs("refs", 0, p.refs, &out)
	if _, err := g.common.Lstat("reftable"); err == nil {
		out = append(out, LeftOut{Path: ".git/reftable", Why: "refs are kept in files only"})
	}
	if text, err := readRegular(g.own, "HEAD", maxPointer); err == nil {
		p.head = strings.TrimSpace(string(text))
		if target, ok := strings.CutPrefix(p.head, "ref:"); ok {
			p.head = strings.TrimSpace(target)
		}
	}
	if objectName(p.head) == "" && !validRef(p.head) {
		out = append(out, LeftOut{Path: ".git/HEAD", Why: "neither a ref nor a commit"})
		p.head = ""
	}
	if text, err := readRegular(g.common, "shallow", maxPackedRefs); err == nil {
		p.shallow = strings.Fields(string(text))
		p.shallow = slices.DeleteFunc(p.shallow, func(id string) bool { return objectName(id) == "" })
		slices.Sort(p.shallow)
	}
	if text, err := readRegular(g.common, "info/exclude", maxPointer); err == nil {
		p.exclude = string(text)
	}
	return p, append(out, p.tidy()...)
}

// tidy takes out what is no ref, and what names an object of another format
// than HEAD's commit, or than most.
func (p *standing) tidy() (out []LeftOut) {
	counts := map[string]int{}
	for name, value := range p.refs {
		target, link := strings.CutPrefix(value, linkPrefix)
		switch {
		case !validRef(name) || link && !validRef(target) || !link && objectName(value) == "":
			out = append(out, LeftOut{Path: ".git/" + name, Why: "not a ref"})
			delete(p.refs, name)
		case !link:
			counts[format(value)]++
		}
	}
	want := "sha1"
	if head := p.commit(); head != "" {
		want = format(head)
	} else if counts["sha256"] > counts["sha1"] {
		want = "sha256"
	}
	other := map[string]string{}
	for _, id := range p.tips() {
		if format(id) != want {
			other[id] = "an object of another format"
		}
	}
	return append(out, p.drop(other)...)
}

// looseRefs reads the refs that have files of their own.
func (g *gitDir) looseRefs(dir string, deep int, refs map[string]string, out *[]LeftOut) {
	leave := func(name, why string) { *out = append(*out, LeftOut{Path: ".git/" + name, Why: why}) }
	d, err := g.common.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		leave(dir, reason(err))
		return
	}
	entries, err := d.ReadDir(maxRefs)
	d.Close()
	if err != nil && !errors.Is(err, io.EOF) {
		leave(dir, reason(err))
	}
	if len(refs) >= maxRefs || deep > maxRefDeep {
		leave(dir, "more refs than can be kept")
		return
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			g.looseRefs(name, deep+1, refs, out)
			continue
		}
		if strings.HasSuffix(name, ".lock") {
			continue
		}
		text, err := readRegular(g.common, name, maxPointer)
		if err != nil {
			delete(refs, name) // git does not fall back to the packed one either
			leave(name, reason(err))
			continue
		}
		refs[name] = strings.TrimSpace(string(text))
		if target, ok := strings.CutPrefix(refs[name], "ref:"); ok {
			refs[name] = linkPrefix + strings.TrimSpace(target)
		}
	}
}
