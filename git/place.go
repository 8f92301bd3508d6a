package git

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/autosession/autosession/internal/reach"
)

// placer puts files into the project and takes files out. It looks at each
// directory on the way, so that no link is followed; what it does through the
// root can't leave the project.
type placer struct {
	root   reach.Root
	next   func()          // says that a step comes, which changes what is there
	drop   map[string]bool // saved, and to be removed
	unsafe map[string]bool // could not be saved: moved aside when in the way
	known  map[string]bool // directories that were seen to be such
	dirty  map[string]bool // directories whose entries changed
}

// temporaryPrefix begins the names of files that are not yet in their place.
const temporaryPrefix = ".autosession-restore-"

func newPlacer(root reach.Root, next func(), drop []string, leftOut []LeftOut) *placer {
	p := &placer{
		root:   root,
		next:   next,
		drop:   map[string]bool{},
		unsafe: map[string]bool{},
		known:  map[string]bool{".": true},
		dirty:  map[string]bool{},
	}
	for _, name := range drop {
		p.drop[name] = true
	}
	for _, l := range leftOut {
		p.unsafe[l.Path] = true
	}
	return p
}

// put makes name a file or a link with the given mode and content.
func (p *placer) put(name string, mode uint32, content io.Reader) error {
	if err := p.makeDir(path.Dir(name)); err != nil {
		return err
	}
	perm, err := p.makeRoom(name, mode)
	if err != nil {
		return err
	}
	p.next()
	temporary := path.Join(path.Dir(name), temporaryPrefix+rand.Text())
	if mode == modeLink {
		err = p.writeLink(temporary, content)
	} else {
		err = p.writeFile(temporary, perm, content)
	}
	if err == nil {
		p.next()
		err = p.root.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, p.remove(temporary))
	}
	delete(p.drop, name)
	p.dirty[path.Dir(name)] = true
	return nil
}

// makeDir makes dir a directory, with all above it.
func (p *placer) makeDir(dir string) error {
	if p.known[dir] {
		return nil
	}
	if err := p.makeDir(path.Dir(dir)); err != nil {
		return err
	}
	info, err := p.root.Lstat(dir)
	switch {
	case err == nil && info.IsDir():
		p.known[dir] = true
		return nil
	case err == nil:
		if err := p.clear(dir); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	p.next()
	if err := p.root.Mkdir(dir, 0o777); err != nil {
		return err
	}
	p.known[dir], p.dirty[path.Dir(dir)] = true, true
	return nil
}

// makeRoom sees that a rename to name will work, and returns the permissions
// for a file there: those of the one that it replaces, as far as mode allows.
func (p *placer) makeRoom(name string, mode uint32) (fs.FileMode, error) {
	perm := fs.FileMode(0o666)
	info, err := p.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return 0, err
	case info.IsDir():
		err = p.clearDir(name)
	case p.unsafe[name]:
		err = p.aside(name)
	case info.Mode().IsRegular():
		perm = info.Mode().Perm()&^0o111 | 0o200
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if mode == modeExecutable {
		perm |= perm & 0o444 >> 2
	}
	return perm, nil
}

// clear takes away what stands at name and is no directory.
func (p *placer) clear(name string) error {
	if p.drop[name] {
		return p.remove(name)
	}
	return p.aside(name)
}

// clearDir takes the directory name away: with what was saved of it, and aside
// if there is more.
func (p *placer) clearDir(name string) error {
	for file := range p.drop {
		if strings.HasPrefix(file, name+"/") {
			if err := p.remove(file); err != nil {
				return err
			}
		}
	}
	for dir := range p.known {
		if among([]string{name}, dir) {
			delete(p.known, dir)
		}
	}
	if p.removeEmpty(name) {
		return nil
	}
	return p.aside(name)
}

// removeEmpty removes a directory that holds nothing but empty directories.
func (p *placer) removeEmpty(dir string) bool {
	entries, err := readDir(p.root, dir)
	empty := err == nil
	for _, e := range entries {
		empty = e.IsDir() && e.Name() != ".git" && p.removeEmpty(path.Join(dir, e.Name())) && empty
	}
	return empty && p.remove(dir) == nil
}

// aside gives what stands at name, and is in no checkpoint, another name.
func (p *placer) aside(name string) error {
	for i := 1; ; i++ {
		other := beside(name, ".kept-"+strconv.Itoa(i))
		if _, err := p.root.Lstat(other); errors.Is(err, fs.ErrNotExist) {
			p.dirty[path.Dir(name)] = true
			p.next()
			return p.root.Rename(name, other)
		} else if err != nil {
			return err
		}
	}
}

// maxName is how long a name in a directory may be, in bytes.
const maxName = 255

// beside returns name with an ending, shortened where it would be too long.
func beside(name, ending string) string {
	dir, base := path.Split(name)
	if over := len(base) + len(ending) - maxName; over > 0 {
		base = strings.ToValidUTF8(base[:len(base)-over], "")
	}
	return dir + base + ending
}

func (p *placer) remove(name string) error {
	delete(p.drop, name)
	p.dirty[path.Dir(name)] = true
	p.next()
	if err := p.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (p *placer) writeFile(name string, perm fs.FileMode, content io.Reader) error {
	f, err := p.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Sync(), f.Close())
}

// maxLink bounds the length of a link's target in bytes.
const maxLink = 64 << 10

func (p *placer) writeLink(name string, content io.Reader) error {
	target, err := io.ReadAll(io.LimitReader(content, maxLink+1))
	if err != nil {
		return err
	}
	if len(target) > maxLink {
		return fmt.Errorf("cannot make a link with a target of more than %d bytes", maxLink)
	}
	return p.root.Symlink(string(target), name)
}

// dropRest removes what was not there in the checkpoint and is not to stay,
// then makes all durable.
func (p *placer) dropRest(stay map[string]bool) error {
	for name := range p.drop {
		if stay[name] {
			continue
		}
		if err := p.removeBelow(name); err != nil {
			return err
		}
	}
	return p.sync()
}

// removeBelow removes a file, and the directories that it leaves empty.
func (p *placer) removeBelow(name string) error {
	if err := p.remove(name); err != nil {
		return err
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if p.root.Remove(dir) != nil {
			break
		}
		delete(p.known, dir)
		p.dirty[path.Dir(dir)] = true
	}
	return nil
}

func (p *placer) sync() error {
	for dir := range p.dirty {
		p.next()
		if info, err := p.root.Lstat(dir); err != nil || !info.IsDir() {
			continue // it went after its entries did
		}
		d, err := p.root.Open(dir)
		if err == nil {
			err = errors.Join(d.Sync(), d.Close())
		}
		if err != nil {
			return fmt.Errorf("cannot make the restored files durable: %w", err)
		}
	}
	return nil
}
