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
	room  func(dir string) (room, error)
}

// room is what there is on a file system: bytes and files, free and in all. A
// file system that makes room for files as they come has none in all.
type room struct{ free, all, freeFiles, files uint64 }

// leastFiles is how many further files there must be room for: an agent that
// makes files without end must not keep us from making ours.
func (r room) leastFiles() uint64 { return min(16384, (r.files+49)/50) }

// reserve is what the record's tree must leave free. Of a tree without limits
// that is nothing.
func (r *record) reserve() reserve {
	if r.limits == nil || r.limits.Reserve < 0 {
		return reserve{}
	}
	return reserve{dirs: []string{r.Dir, r.keeper.dir}, least: r.limits.Reserve, room: diskRoom}
}

// room says that the reserve of our state is touched, or that nothing more
// can be written there although no reserve is asked for.
func (o Options) room() error {
	least := o.Limits.Reserve
	if least < 0 {
		least = 1 << 20
	}
	_, err := reserve{dirs: []string{o.State}, least: least, room: diskRoom}.look()
	return err
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

// How often is looked: so soon that what is left above the reserve cannot be
// written meanwhile, at more than any disk's speed, but not more often than
// that is worth, nor less.
const (
	calmLook  = time.Second
	keenLook  = 5 * time.Millisecond
	diskSpeed = 16 << 30 // bytes in a second
	fileSpeed = 1 << 20  // files in a second
)

// wait is how long what is spare will last at least.
func wait(spare, speed uint64) time.Duration {
	if spare >= speed {
		return calmLook
	}
	return max(keenLook, time.Duration(float64(spare)/float64(speed)*float64(time.Second)))
}

// look returns when to look again. An error says that the reserve is touched.
func (r reserve) look() (time.Duration, error) {
	next := calmLook
	for _, dir := range r.dirs {
		now, err := r.room(dir)
		if err != nil {
			continue // what cannot be measured, or is gone, cannot be guarded
		}
		least := uint64(r.least)
		if r.least == 0 {
			least = min(1<<30, now.all/50)
		}
		if now.free < least {
			return 0, &fullError{fmt.Sprintf("%s are left on the file system of %s, and %s are to stay free", size(now.free), dir, size(least))}
		}
		if now.freeFiles < now.leastFiles() {
			return 0, &fullError{fmt.Sprintf("the file system of %s has room for %d more files, and for %d it is to stay free", dir, now.freeFiles, now.leastFiles())}
		}
		next = min(next, wait(now.free-least, diskSpeed))
		if now.files > 0 {
			next = min(next, wait(now.freeFiles-now.leastFiles(), fileSpeed))
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

// diskRoom measures the file system of a directory.
func diskRoom(dir string) (room, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return room{}, err
	}
	block := uint64(s.Bsize)
	return room{free: uint64(s.Bavail) * block, all: uint64(s.Blocks) * block, freeFiles: uint64(s.Ffree), files: uint64(s.Files)}, nil
}
