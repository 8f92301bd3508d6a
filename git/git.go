// Package git keeps checkpoints of a project's tree in a git repository of its
// own outside the project, and reads where the project's own repository stands.
//
// The project's repository is material, not a program: its configuration is
// never read by git, its hooks, filters, drivers and helpers never run. Our
// git works on our own git directories only, and the project's files are read
// and written by this package itself, through an os.Root.
//
// It is not a way to work on the project's history: it makes no commit there
// and moves no ref. Two things of a tree are not kept in a checkpoint: empty
// directories, and all but the usual bits of a file's mode.
package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reach"
)

// Options says which project, and where its checkpoints are kept.
type Options struct {
	Dir   string // the project; absolute
	Store string // the checkpoint repository; absolute, outside Dir; made when missing

	// Exclude names files of the project, with slashes, whose content does not
	// count in Checkpoint.Tree. They are saved all the same.
	Exclude []string
	// Include is globs, as path.Match knows them, of files and directories of
	// the project that are saved although they are ignored.
	Include []string
	// Overlook names files of the project that are no part of it for now, such
	// as what holds the place of a file that is absent. It is asked before
	// each checkpoint. nil is none.
	Overlook func() []string
	// LookLimit bounds what Look waits for a repository that does not answer.
	// The default is 20 s.
	LookLimit time.Duration
	// HistoryLimit and HistorySize bound, in time and in bytes, what one
	// checkpoint copies of the project's own history. What is beyond is left
	// out. The defaults are 2 minutes and 4 GiB.
	HistoryLimit time.Duration
	HistorySize  int64
	// FileSize is the size in bytes up to which a file is saved, and LargeSize
	// that of all files together that are larger than 8 MiB: the smallest are
	// saved. What is beyond is left out. A file need take no room on the disk
	// to be large. The defaults are 1 GiB and 4 GiB.
	FileSize, LargeSize int64
}

func (o Options) validate() error {
	var errs []error
	for _, place := range []string{o.Dir, o.Store} {
		if !filepath.IsAbs(place) {
			errs = append(errs, fmt.Errorf("cannot keep checkpoints: %q is not an absolute path", place))
		}
	}
	for _, name := range slices.Concat(o.Exclude, o.Include) {
		if !filepath.IsLocal(name) {
			errs = append(errs, fmt.Errorf("cannot keep checkpoints: %q is not a path in the project", name))
		}
	}
	for _, glob := range o.Include {
		if _, err := path.Match(glob, ""); err != nil {
			errs = append(errs, fmt.Errorf("cannot keep checkpoints: %q is no sound glob", glob))
		}
	}
	return errors.Join(errs...)
}

// Repo is an autosession.Repo, Pruner, Historian, Exporter and Reverter. Its methods may be
// called by several goroutines; they take turns. Only one process may have a
// Repo on a store: whoever opens one holds the project's lock.
type Repo struct {
	opts Options
	root reach.Root
	git  git // on our own repository

	mu      sync.Mutex
	clean   bool              // nothing half-written is in the store
	last    time.Time         // moment of the newest checkpoint; zero until it is known
	index   *index            // nil until it is needed
	past    past              // of the project
	saved   []saved           // the last checkpoints that were made here, newest first
	refused map[string]string // objects of the project that can't be kept, and why
	unkept  []LeftOut         // of the newest checkpoint that was made here
}

var (
	_ autosession.Repo      = (*Repo)(nil)
	_ autosession.Pruner    = (*Repo)(nil)
	_ autosession.Historian = (*Repo)(nil)
	_ autosession.Exporter  = (*Repo)(nil)
	_ autosession.Reverter  = (*Repo)(nil)
)

// Open returns the Repo of a project. It makes the checkpoint repository on
// first use. What a git that was killed left in it is removed before the first
// write. It fails when there is no git that is new enough, or when Store lies
// inside Dir.
func Open(o Options) (*Repo, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.LookLimit == 0 {
		o.LookLimit = 20 * time.Second
	}
	if o.HistoryLimit == 0 {
		o.HistoryLimit = 2 * time.Minute
	}
	if o.HistorySize == 0 {
		o.HistorySize = 4 << 30
	}
	if o.FileSize == 0 {
		o.FileSize = 1 << 30
	}
	if o.LargeSize == 0 {
		o.LargeSize = 4 << 30
	}
	if err := os.MkdirAll(o.Store, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the checkpoint repository: %w", err)
	}
	for _, dir := range []*string{&o.Dir, &o.Store} {
		real, err := filepath.EvalSymlinks(*dir)
		if err != nil {
			return nil, fmt.Errorf("cannot keep checkpoints: %w", err)
		}
		*dir = real
	}
	if inside(o.Dir, o.Store) {
		return nil, fmt.Errorf("cannot keep checkpoints in %s: it lies inside the project", o.Store)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	binary, err := find(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	r := &Repo{opts: o, git: git{path: binary, dir: o.Store}, refused: map[string]string{}}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	r.root.Root, err = os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the project: %w", err)
	}
	return r, nil
}

// inPlace fails when the project's directory is no longer at its path. We hold
// the directory; what the path leads to then is another project's.
func (r *Repo) inPlace() error {
	held, err := r.root.Stat(".")
	if err != nil {
		return err
	}
	if found, err := os.Stat(r.root.Name()); err != nil || !os.SameFile(held, found) {
		return fmt.Errorf("the project was moved: it is not at %s any more", r.root.Name())
	}
	return nil
}

// Close frees what the Repo holds. It changes nothing on disk.
func (r *Repo) Close() error { return r.root.Close() }

// among says whether path is one of names or lies below one.
func among(names []string, path string) bool {
	for _, name := range names {
		if rest, ok := strings.CutPrefix(path, name); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}
