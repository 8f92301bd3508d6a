package sandbox

import (
	"fmt"
	"time"

	"github.com/autosession/autosession"
	"golang.org/x/sys/unix"
)

// reserve watches that room is left on file systems.
type reserve struct {
	dirs  []string // on the file systems in question
	least int64    // in bytes; 0 is the default
	room  func(dir string) (free, all uint64, err error)
}

// reserve is what the record's tree must leave free. Of a tree without limits
// that is nothing.
func (r *record) reserve() reserve {
	if r.limits == nil || r.limits.Reserve < 0 {
		return reserve{}
	}
	return reserve{dirs: []string{r.Dir, r.keeper.dir}, least: r.limits.Reserve, room: diskRoom}
}

// fullError says that the reserve is touched. No tree is started until a
// person has made room.
type fullError struct{ detail string }

func (e *fullError) Error() string { return "cannot go on: " + e.detail }

// Unwrap is what it means for a run.
func (e *fullError) Unwrap() error {
	return &autosession.OutcomeError{Outcome: autosession.Outcome{
		Class: autosession.OutcomeNeedsPerson, Block: autosession.BlockDisk, Detail: e.detail,
	}}
}

// How often is looked, and how often when a fast disk could soon be full.
const (
	calmLook = time.Second
	keenLook = 50 * time.Millisecond
)

// look returns when to look again. An error says that the reserve is touched.
func (r reserve) look() (time.Duration, error) {
	next := calmLook
	for _, dir := range r.dirs {
		free, all, err := r.room(dir)
		if err != nil {
			continue // what cannot be measured, or is gone, cannot be guarded
		}
		least := uint64(r.least)
		if r.least == 0 {
			least = min(1<<30, all/50)
		}
		if free < least {
			return 0, &fullError{fmt.Sprintf("%s are left on the file system of %s, and %s are to stay free", size(free), dir, size(least))}
		}
		if free < 8*least {
			next = keenLook
		}
	}
	return next, nil
}

// watch looks until stop is closed, or until the reserve is touched: then it
// calls end and says why.
func (r reserve) watch(stop <-chan struct{}, end func()) error {
	for {
		next, err := r.look()
		if err != nil {
			end()
			return err
		}
		select {
		case <-stop:
			return nil
		case <-time.After(next):
		}
	}
}

// diskRoom measures a file system, in bytes.
func diskRoom(dir string) (free, all uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), uint64(s.Blocks) * uint64(s.Bsize), nil
}
