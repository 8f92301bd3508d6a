package git

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/autosession/autosession/internal/reach"
	"golang.org/x/sys/unix"
)

// RestoreHistory makes all that the refs of a checkpoint reached reachable
// again. Where the project has a repository, what it lost gets refs below
// refs/autosession/kept/, each named after its object, and nothing else of it
// changes. Where it has none, one is made with HEAD, the refs and the index of
// a fresh checkout; what stood at .git is kept aside as .git.kept-n. Its
// configuration and its hooks do not come back: an agent could have written
// them. A RestoreHistory that was cut short is completed by calling it again.
func (r *Repo) RestoreHistory(ctx context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, h, err := r.standingOf(ctx, id)
	if err == nil {
		err = errors.Join(r.inPlace(), r.repair())
	}
	if err == nil {
		err = r.restoreHistory(ctx, p, h)
	}
	r.past = past{} // it may have been read of less
	if err != nil {
		r.clean = false
		return fmt.Errorf("cannot restore the history of checkpoint %s: %w", id, err)
	}
	return nil
}

func (r *Repo) restoreHistory(ctx context.Context, p *standing, h history) error {
	if err := r.clearStages(); err != nil {
		return err
	}
	r.root.UnlockAll(".git")
	nothing := errors.New("nothing was committed then, or nothing could be kept")
	own := r.openWhole()
	if own == nil {
		if len(p.tips()) == 0 {
			return nothing
		}
		return r.makeGitDir(ctx, p, h)
	}
	defer own.close()
	m, err := r.compare(ctx, own, p, h)
	if err != nil {
		return err
	}
	w := &planter{root: own.common, next: r.git.next, dirty: map[string]bool{}}
	if len(p.tips()) == 0 && len(m.strayed) == 0 {
		return nothing
	}
	if len(m.lost) > 0 || len(m.cuts) > 0 {
		if err := r.bringBack(ctx, w, p, h, m); err != nil {
			return err
		}
	}
	return errors.Join(w.straighten(p, m.strayed), w.sync())
}

// bringBack puts what is missing into the project's repository.
func (r *Repo) bringBack(ctx context.Context, w *planter, p *standing, h history, m missing) error {
	for id := range m.named {
		if format(id) != format(p.tips()[0]) {
			return errors.New("the project has a repository of another format now: move its .git away first")
		}
	}
	send, have := m.lost, map[string]bool{}
	if len(m.cuts) > 0 {
		send = p.tips() // what is below them may be gone
	} else if m.whole {
		for id := range h.tips {
			have[id] = m.named[id]
		}
		maps.DeleteFunc(have, func(_ string, there bool) bool { return !there })
	}
	w.clear("objects/pack", keptDir)
	if err := h.send(ctx, w, send, have); err != nil {
		return err
	}
	for _, id := range m.lost {
		if m.named[id] {
			continue
		}
		if err := w.ref(id); err != nil {
			return err
		}
	}
	if len(m.cuts) == 0 {
		return nil
	}
	return w.rejoin(ctx, m)
}

// outgoing is where a history makes what is to be copied to the project.
const outgoing = "outgoing"

// send copies the objects that tips need and have does not reach.
func (h history) send(ctx context.Context, w *planter, tips []string, have map[string]bool) error {
	dir := filepath.Join(h.dir, outgoing)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	err := h.run(ctx, revisions(tips, have), io.Discard, "pack-objects", "--revs", "-q",
		"--no-use-bitmap-index", "--delta-base-offset", "--window=0", "--threads=1", outgoing+"/pack")
	if err != nil {
		return err
	}
	if err := w.mkdir("objects/pack"); err != nil {
		return err
	}
	// The index makes a pack count: it comes last.
	for _, end := range []string{".pack", ".rev", ".idx"} {
		files, err := filepath.Glob(filepath.Join(dir, "pack-*"+end))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := w.copy("objects/pack/"+filepath.Base(file), file, 0o444); err != nil {
				return err
			}
		}
	}
	return errors.Join(w.sync(), os.RemoveAll(dir))
}

// makeGitDir makes a new repository for the project. It is complete before it
// gets its name.
func (r *Repo) makeGitDir(ctx context.Context, p *standing, h history) error {
	stage := temporaryPrefix + rand.Text()
	if err := r.root.Mkdir(stage, 0o777); err != nil {
		return err
	}
	if err := r.root.Mkdir(stage+"/.git", 0o777); err != nil {
		return err
	}
	root, err := r.root.OpenRoot(stage + "/.git")
	if err != nil {
		return err
	}
	defer root.Close()
	w := &planter{root: reach.Root{Root: root}, next: r.git.next, dirty: map[string]bool{".": true}}
	if err := w.repository(ctx, p, h); err != nil {
		return err
	}
	names := newPlacer(r.root, r.git.next, nil, nil)
	if _, err := r.root.Lstat(".git"); err == nil {
		if err := names.aside(".git"); err != nil {
			return err
		}
	}
	r.git.next()
	if err := r.root.Rename(stage+"/.git", ".git"); err != nil {
		return err
	}
	return errors.Join(names.remove(stage), names.sync())
}

// clearStages removes what a makeGitDir that was killed left.
func (r *Repo) clearStages() error {
	found, err := readDir(r.root, ".")
	for _, e := range found {
		if err == nil && e.IsDir() && strings.HasPrefix(e.Name(), temporaryPrefix) {
			err = r.root.RemoveAll(e.Name())
		}
	}
	return err
}

// readDir lists a directory. It does not wait for the other side of a FIFO.
func readDir(root reach.Root, name string) ([]fs.DirEntry, error) {
	d, err := root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.ReadDir(-1)
}

// repository fills a new git directory with a standing.
func (w *planter) repository(ctx context.Context, p *standing, h history) error {
	for _, dir := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "info"} {
		if err := w.mkdir(dir); err != nil {
			return err
		}
	}
	if err := h.send(ctx, w, p.tips(), nil); err != nil {
		return err
	}
	if err := w.checkout(ctx, p, h); err != nil {
		return err
	}
	for name, text := range p.files() {
		if err := w.mkdir(path.Dir(name)); err != nil {
			return err
		}
		if err := w.file(name, strings.NewReader(text), 0o666); err != nil {
			return err
		}
	}
	return w.sync()
}

// checkout makes the index what it is after a checkout of HEAD. Without one
// the repository is whole all the same, as after git reset.
func (w *planter) checkout(ctx context.Context, p *standing, h history) error {
	if p.commit() == "" {
		return nil
	}
	index := filepath.Join(h.dir, "index")
	g := h.git
	g.env = []string{"GIT_INDEX_FILE=" + index}
	defer os.Remove(index)
	if _, err := g.output(ctx, "read-tree", p.commit()); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return nil // a tree that git refuses to lay out
	}
	return w.copy("index", index, 0o666)
}

// files is what a git directory holds besides objects and the index.
func (p *standing) files() map[string]string {
	config := "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
	if format(p.tips()[0]) == "sha256" {
		config = strings.Replace(config, "version = 0", "version = 1", 1) + "[extensions]\n\tobjectformat = sha256\n"
	}
	exclude := p.exclude
	if exclude != "" && !strings.HasSuffix(exclude, "\n") {
		exclude += "\n"
	}
	files := map[string]string{
		"config":       config,
		"HEAD":         p.headFile(),
		"info/exclude": exclude + "/.git.kept-*\n",
	}
	var packed strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.refs)) {
		if objectName(p.refs[name]) == "" {
			files[name] = p.refs[name] + "\n"
		} else {
			packed.WriteString(p.refs[name] + " " + name + "\n")
		}
	}
	files["packed-refs"] = packed.String()
	if len(p.shallow) > 0 {
		files["shallow"] = strings.Join(p.shallow, "\n") + "\n"
	}
	return files
}

// headFile is the content of HEAD. One that is not known is at some branch.
func (p *standing) headFile() string {
	if objectName(p.head) != "" {
		return p.head + "\n"
	}
	if p.head != "" {
		return linkPrefix + p.head + "\n"
	}
	for _, name := range slices.Sorted(maps.Keys(p.refs)) {
		if strings.HasPrefix(name, "refs/heads/") {
			return linkPrefix + name + "\n"
		}
	}
	return linkPrefix + "refs/heads/main\n"
}

// keptDir is where the refs of what was lost are.
const keptDir = "refs/autosession/kept"

// ref gives an object a ref of its own, unless it has one.
func (w *planter) ref(id string) error {
	if err := w.mkdir(keptDir); err != nil {
		return err
	}
	for _, name := range []string{id[:12], id, id + "-2"} {
		name = path.Join(keptDir, name)
		text, err := readRegular(w.root, name, maxPointer)
		if err == nil && strings.TrimSpace(string(text)) == id {
			return nil
		}
		if _, err := w.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return w.file(name, strings.NewReader(id+"\n"), 0o666)
		}
	}
	return fmt.Errorf("%s: all names for %s are taken", keptDir, id)
}
