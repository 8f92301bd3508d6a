package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/proctree"
	"github.com/autosession/autosession/internal/reach"
	"golang.org/x/sys/unix"
)

// record is what Rescue must know of one tree. It is written before anything
// that it names is made, and removed last.
type record struct {
	Session  string             `json:"session"`
	Tree     string             `json:"tree"`
	Manager  proctree.Process   `json:"manager"`             // who made it, and clears it
	Dir      string             `json:"dir"`                 // the project
	Temp     string             `json:"temp,omitempty"`      // directory to be removed
	Exclude  string             `json:"exclude,omitempty"`   // file that names the stand-ins for git
	StandIns []standIn          `json:"stand_ins,omitempty"` // in Dir, parents first
	Held     []string           `json:"held,omitempty"`      // repositories in Dir that the tree cannot arm; others are disarmed
	Whole    bool               `json:"whole,omitempty"`     // that is so in all of Dir, not of its own repository alone
	Groups   []string           `json:"groups,omitempty"`    // control groups, made once there is a warden
	Wardens  []proctree.Process `json:"wardens,omitempty"`   // the warden, and bubblewrap around it; known before the program starts

	keeper   *keeper
	way      *Way     // out of the tree, closed with the record; or nil
	writable []string // where alone the tree can write; nil is anywhere
	readable []string // where alone the tree can read beside; nil is anywhere, and then nothing else is taken from it
	guarded  protection
	report   func(autosession.Event) // or nil
	covered  []string                // others' files and directories; who owns them may remove them
	limits   *Limits                 // nil is none
}

// goneError says that a protected path, a stand-in for one, or something that
// was to be covered, was removed before the tree could hold on to it.
type goneError struct{ path string }

func (e *goneError) Error() string {
	return fmt.Sprintf("cannot protect %s: somebody removed it", e.path)
}

// gone returns a goneError if something that the view builds on is not there,
// or nil.
func (r *record) gone() error {
	for _, path := range slices.Concat(r.guarded.ways, r.guarded.paths, r.covered) {
		if !exists(path) {
			return &goneError{path}
		}
	}
	return nil
}

// validSession keeps a session's id usable as a file name and as a mark.
var validSession = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// keeper keeps the records of all trees, one file each in a directory for each
// session.
type keeper struct {
	dir    string
	mu     sync.Mutex
	copied bool // our own program, into dir
}

// lock keeps everybody else, other processes too, from making and removing
// what records name, until unlock is called.
func (k *keeper) lock() (unlock func(), err error) {
	k.mu.Lock()
	dir, err := os.Open(k.dir)
	if err == nil {
		for err = unix.EINTR; err == unix.EINTR; {
			err = unix.Flock(int(dir.Fd()), unix.LOCK_EX)
		}
	}
	if err != nil {
		dir.Close()
		k.mu.Unlock()
		return nil, fmt.Errorf("cannot lock the records of process trees: %v", err)
	}
	return func() {
		dir.Close()
		k.mu.Unlock()
	}, nil
}

// begin returns the record of a new tree. It is not saved yet.
func (k *keeper) begin(session, dir string) *record {
	return &record{Session: session, Tree: rand.Text(), Manager: ourselves(), Dir: dir, keeper: k}
}

// file is a file of the record's own, by its ending.
func (r *record) file(ending string) string {
	return filepath.Join(r.keeper.dir, r.Session, r.Tree+ending)
}

// save writes the record. A kill leaves the old one or the new one.
func (r *record) save() error {
	data, err := json.Marshal(r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(r.file("")), 0o700)
	}
	if err == nil {
		err = r.write(data)
	}
	if err != nil {
		return fmt.Errorf("cannot record a process tree: %v", err)
	}
	return nil
}

// write replaces the file. Only stand-ins outlive a power cut, so that only
// they must be known after one.
func (r *record) write(data []byte) error {
	name := r.file(".json")
	file, err := os.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if len(r.StandIns) > 0 {
		err = errors.Join(err, file.Sync())
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// note records the warden: the process that we started, and its child when
// that is the warden.
func (r *record) note(pid int) error {
	list, err := proctree.List()
	if err != nil {
		return err
	}
	r.Wardens = slices.DeleteFunc(list, func(p proctree.Process) bool { return p.PID != pid && p.Parent != pid })
	return r.save()
}

// build saves the record and makes what it names. What fails is removed by
// clear.
func (r *record) build() error {
	unlock, err := r.keeper.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.save(); err != nil {
		return err
	}
	if r.Temp != "" {
		if err := os.Mkdir(r.Temp, 0o700); err != nil {
			return fmt.Errorf("cannot make a temporary directory: %v", err)
		}
	}
	return nil
}

// hold finds out how to protect paths of the project, saves the record, and
// makes stand-ins for those that are absent. What fails is removed by clear.
func (r *record) hold(paths []string) (protection, error) {
	unlock, err := r.keeper.lock()
	if err != nil {
		return protection{}, err
	}
	defer unlock()
	guarded, err := protect(r.Dir, paths)
	if err != nil {
		return guarded, err
	}
	r.guarded = guarded
	r.StandIns, r.Exclude, r.Held = guarded.absent, r.file(".exclude"), guarded.held
	if err := r.share(); err != nil {
		return guarded, err
	}
	if err := r.save(); err != nil {
		return guarded, err
	}
	if err := os.WriteFile(r.Exclude, []byte(r.excluded()), 0o644); err != nil {
		return guarded, fmt.Errorf("cannot tell git of stand-ins: %v", err)
	}
	return guarded, r.eachStandIn(r.StandIns, standIn.make)
}

// share takes over what other trees hold the place of in the same project, so
// that the last one removes it.
func (r *record) share() error {
	others, err := r.others()
	if err != nil {
		return err
	}
	for _, s := range others {
		if !slices.Contains(r.StandIns, s) {
			r.StandIns = append(r.StandIns, s)
		}
	}
	slices.SortFunc(r.StandIns, func(a, b standIn) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// others returns the stand-ins of the other trees of the project.
func (r *record) others() ([]standIn, error) {
	all, err := r.keeper.records("*")
	var held []standIn
	for _, other := range all {
		if other.Tree != r.Tree && other.Dir == r.Dir {
			held = append(held, other.StandIns...)
		}
	}
	return held, err
}

// held names the stand-ins in a project, sorted.
func (k *keeper) held(dir string) ([]string, error) {
	unlock, err := k.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	all, err := k.records("*")
	var names []string
	for _, r := range all {
		for _, s := range r.StandIns {
			if r.Dir == dir {
				names = append(names, s.Path)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

func (r *record) eachStandIn(list []standIn, do func(standIn, *os.Root) error) error {
	if len(list) == 0 {
		return nil
	}
	if err := reach.Dir(r.Dir); err != nil {
		return err
	}
	root, err := os.OpenRoot(r.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot open the project: %v", err)
	}
	defer root.Close()
	for _, s := range list {
		if err := do(s, root); err != nil {
			return err
		}
	}
	return nil
}

// excluded is a file of patterns that lets git overlook the stand-ins.
func (r *record) excluded() string {
	var text strings.Builder
	for _, s := range r.StandIns {
		holds := func(other standIn) bool { return below("/"+s.Path, "/"+other.Path) }
		switch {
		case !s.Dir:
			fmt.Fprintf(&text, "/%s\n", s.Path)
		case !slices.ContainsFunc(r.StandIns, holds): // what is made beside another stand-in counts
			fmt.Fprintf(&text, "/%s/\n", s.Path)
		}
	}
	return text.String()
}

// clear closes the way out, removes what the record names, and then the record.
func (r *record) clear() error {
	closed := r.way.close()
	r.way = nil
	if err := r.disband(); err != nil {
		return errors.Join(closed, err)
	}
	return errors.Join(closed, r.remove())
}

func (r *record) remove() error {
	unlock, err := r.keeper.lock()
	if err != nil {
		return err
	}
	defer unlock()
	others, err := r.others()
	if err != nil {
		return err
	}
	own := slices.DeleteFunc(slices.Clone(r.StandIns), func(s standIn) bool { return slices.Contains(others, s) })
	slices.Reverse(own)
	if err := r.eachStandIn(own, standIn.remove); err != nil {
		return err
	}
	if err := r.disarm(); err != nil {
		return err
	}
	if r.Temp != "" {
		if err := removeAll(r.Temp); err != nil {
			return fmt.Errorf("cannot remove the temporary directory of a session: %v", err)
		}
	}
	for _, name := range []string{".exclude", ".json.new", ".json"} {
		if err := os.Remove(r.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the record of a process tree: %v", err)
		}
	}
	os.Remove(filepath.Dir(r.file(""))) // fails while another tree of the session has a record
	return nil
}

// disarm sees to the repositories that the tree may have made or changed.
func (r *record) disarm() error {
	var begun unix.Stat_t // written before the tree began
	if r.Exclude == "" || unix.Stat(r.Exclude, &begun) != nil {
		return nil
	}
	taken, err := disarm(r.Dir, begun.Ctim.Nano(), r.Held, r.Whole)
	if len(taken) > 0 && r.report != nil {
		r.report(autosession.Event{Type: autosession.EventWarning, Text: "in a repository that was made or changed inside, what git would run was set aside: " + strings.Join(taken, ", ")})
	}
	return err
}

// removeAll removes a tree of files, also below directories that were made
// read-only, as module caches are.
func removeAll(dir string) error {
	root, err := os.OpenRoot(filepath.Dir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return bare(err)
	}
	defer root.Close()
	return bare(reach.Root{Root: root}.RemoveAll(filepath.Base(dir)))
}

// records reads the records of a session, or of all for "*".
func (k *keeper) records(session string) ([]*record, error) {
	files, err := filepath.Glob(filepath.Join(escape(k.dir), session, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("cannot find the records of process trees: %v", err)
	}
	var all []*record
	for _, file := range files {
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		r := &record{keeper: k}
		if err == nil {
			err = json.Unmarshal(data, r)
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the record of a process tree, %s: %v", file, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// escape lets a path stand for itself in a pattern.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
