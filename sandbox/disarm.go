package sandbox

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/autosession/autosession/internal/reach"
	"golang.org/x/sys/unix"
)

// aside ends the name of what a tree made that git must not believe.
const aside = ".made-inside"

// disarmer takes from the repositories that a tree made or changed what git
// would run.
type disarmer struct {
	root  reach.Root
	dir   string // the project, absolute
	since int64  // when the tree began: what changed earlier is the person's
	done  []string
	taken []string // relative to the project
	err   error
}

// disarm takes from every repository in a project that a tree made, or changed
// since a time, all that git would run: hooks, and every setting that is not
// known to be harmless. What is taken stays beside it. held are git directories
// and pointers to some that the tree could not change, relative to the project.
// It returns what was taken. Unless whole is set it looks at the project's own
// repository alone.
func disarm(dir string, since int64, held []string, whole bool) (taken []string, err error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the project: %v", err)
	}
	defer root.Close()
	d := &disarmer{root: reach.Root{Root: root}, dir: dir, since: since}
	for _, name := range held {
		d.done = append(d.done, filepath.Join(dir, name))
	}
	f := finder{dir: dir}
	switch info, err := root.Lstat(".git"); {
	case whole:
		f.find(dir)
	case err != nil || slices.Contains(held, ".git"):
	case info.IsDir():
		f.find(filepath.Join(dir, ".git"))
	default:
		f.pointers = []string{filepath.Join(dir, ".git")}
	}
	slices.Sort(f.dirs)
	for _, at := range f.dirs {
		d.gitDir(at)
	}
	for _, at := range f.pointers {
		d.pointer(at)
	}
	return d.taken, d.err
}

// changed says whether the tree changed what a path is, by the time of that
// which no program can set. What a link leads to counts as well.
func (d *disarmer) changed(at string) bool {
	var link, target unix.Stat_t
	if unix.Lstat(at, &link) != nil {
		return false
	}
	return link.Ctim.Nano() >= d.since || unix.Stat(at, &target) == nil && target.Ctim.Nano() >= d.since
}

// once says that something was not looked at yet.
func (d *disarmer) once(at string) bool {
	if slices.Contains(d.done, at) {
		return false
	}
	d.done = append(d.done, at)
	return true
}

// inside says that a path is in the project, wherever its links lead.
func (d *disarmer) inside(at string) bool {
	return below(d.dir, at) && below(d.dir, resolve(at))
}

// pointer looks at a .git that leads git elsewhere: a link, or a file. Out of
// the project none is led that was not before.
func (d *disarmer) pointer(at string) {
	if !d.once(at) {
		return
	}
	target, ok := pointed(at, "gitdir: ")
	if ok = ok && d.inside(target) && at != filepath.Join(d.dir, ".git"); !ok && d.changed(at) {
		d.setAside(at, nil)
	}
	if ok {
		d.gitDir(resolve(target))
	}
}

// gitDir looks at a git directory.
func (d *disarmer) gitDir(dir string) {
	if !d.once(dir) {
		return
	}
	d.hooks(dir + "/hooks")
	d.config(dir + "/config")
	d.config(dir + "/config.worktree")
	common, ok := pointed(dir+"/commondir", "")
	if ok = ok && d.inside(common); ok && (filepath.Base(filepath.Dir(dir)) == "worktrees" || !d.changed(dir+"/commondir")) {
		d.gitDir(resolve(common))
	} else if d.changed(dir + "/commondir") {
		d.setAside(dir+"/commondir", nil)
	}
	d.named(dir)
}

// named looks at what the configuration names, as far as that was left.
func (d *disarmer) named(dir string) {
	b, own := &believer{dir: d.dir}, &believer{dir: d.dir}
	all := append(own.settings(personal()...), b.settings(dir+"/config", dir+"/config.worktree")...)
	for _, name := range b.names {
		if file := filepath.Join(d.dir, name); d.once(file) {
			d.config(file)
		}
	}
	top := dir
	if filepath.Base(dir) == ".git" {
		top = filepath.Dir(dir)
	}
	for _, at := range hookPaths(all, cmp.Or(workTreeOf(all, dir), top)) {
		if at = filepath.Clean(at); d.inside(at) && d.once(at) {
			d.hooks(at)
		}
	}
}

// hooks looks at a directory of hooks. Samples are not run.
func (d *disarmer) hooks(at string) {
	changed, armed := d.changed(at), false
	if info, err := os.Lstat(at); err == nil && info.IsDir() {
		for _, e := range list(at) {
			if filepath.Ext(e.Name()) != ".sample" {
				armed = true
				changed = changed || d.changed(filepath.Join(at, e.Name()))
			}
		}
	} else {
		armed = true
	}
	if changed && armed {
		d.setAside(at, nil)
	}
}

// config looks at a file of configuration. That of a submodule may say where
// its work tree is in the project.
func (d *disarmer) config(at string) {
	if !d.changed(at) {
		return
	}
	data, err := readFile(at)
	if err != nil { // it is none that git made
		d.setAside(at, nil)
		return
	}
	dir := filepath.Dir(at)
	submodule := modular(strings.TrimPrefix(dir, d.dir)+"/") && d.inside(workTreeOf(parseSettings(data), dir))
	if harmless := harmlessSettings(data, submodule); !bytes.Equal(harmless, data) {
		d.setAside(at, harmless)
	}
}

// setAside moves something away, and writes content in its place unless that
// is nil.
func (d *disarmer) setAside(at string, content []byte) {
	name, err := filepath.Rel(d.dir, at)
	if err == nil {
		err = d.root.RemoveAll(name + aside)
	}
	if err == nil {
		err = d.root.Rename(name, name+aside)
	}
	if err == nil && content != nil {
		err = d.root.WriteFile(name, content, 0o644)
	}
	if err != nil {
		d.err = errors.Join(d.err, fmt.Errorf("cannot set %s aside: %v", name, bare(err)))
		return
	}
	d.taken = append(d.taken, name)
}

// Lines of a configuration of git's. What is written otherwise is not known to
// be harmless.
var (
	sectionLine = regexp.MustCompile(`^\[([a-z]+)( "[A-Za-z0-9/._-]+")?\]$`)
	settingLine = regexp.MustCompile(`^[ \t]*([A-Za-z]+) = ([A-Za-z0-9 :/+*@._-]*)$`)
)

// harmlessKeys are those that name nothing that is run.
var harmlessKeys = []string{
	"core.repositoryformatversion", "core.filemode", "core.bare", "core.logallrefupdates", "core.ignorecase",
	"core.precomposeunicode", "core.symlinks", "core.autocrlf", "core.eol", "core.sparsecheckout", "core.sparsecheckoutcone",
	"index.sparse", "extensions.objectformat", "extensions.refstorage", "extensions.worktreeconfig", "init.defaultbranch", "user.name", "user.email", "branch.remote", "branch.merge",
	"remote.url", "remote.fetch", "submodule.url", "submodule.active",
}

// harmlessSettings keeps of a configuration what is known to be harmless. That
// of a submodule may say where its work tree is.
func harmlessSettings(data []byte, submodule bool) []byte {
	kept, section := []byte{}, ""
	for line := range bytes.Lines(data) {
		text := strings.TrimSuffix(string(line), "\n")
		if s := sectionLine.FindStringSubmatch(text); s != nil {
			section = s[1]
			kept = append(kept, line...)
			continue
		}
		if strings.HasPrefix(text, "[") {
			section = "" // of which nothing is known
		}
		s := settingLine.FindStringSubmatch(text)
		if s == nil || strings.Contains(s[2], "::") {
			continue
		}
		key := section + "." + strings.ToLower(s[1])
		if slices.Contains(harmlessKeys, key) || submodule && key == "core.worktree" {
			kept = append(kept, line...)
		}
	}
	return kept
}
