package git

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// scan is the project's tree as it is now.
type scan struct {
	entries []entry // sorted by path
	leftOut []LeftOut
}

// extra is what counts in a scan although it is ignored.
type extra struct {
	tracked []string // files, sorted
	include []string // files, and directories with all that is in them
	then    *judge   // what its rules do not ignore; nil is nothing
}

// scan reads what changed since the last time, and remembers it in the index.
// With a packer all contents are stored as well.
func (r *Repo) scan(ctx context.Context, x extra, p *packer) (*scan, error) {
	if r.index == nil {
		r.index = loadIndex(r.opts.Store)
	}
	w := &walk{root: r.root, tracked: x.tracked, globs: r.opts.Include, include: x.include, then: x.then}
	if err := w.tree(ctx, r.excludes()); err != nil {
		return nil, err
	}
	if r.opts.Overlook != nil {
		overlooked := r.opts.Overlook()
		w.files = slices.DeleteFunc(w.files, func(f found) bool { return slices.Contains(overlooked, f.path) })
	}
	w.bound(r.opts.FileSize, r.opts.LargeSize)
	read, err := r.readAll(ctx, w.files, p)
	if err != nil {
		return nil, err
	}
	s := &scan{leftOut: w.leftOut}
	records := make(map[string]record, len(w.files))
	for i, f := range w.files {
		switch {
		case read[i].err == nil:
			records[f.path] = read[i].record
			s.entries = append(s.entries, entry{f.path, read[i].Stamp.gitMode(), read[i].Names.ours})
		case !errors.Is(read[i].err, fs.ErrNotExist):
			s.leftOut = append(s.leftOut, LeftOut{Path: f.path, Why: reason(read[i].err)})
		}
	}
	slices.SortFunc(s.leftOut, func(a, b LeftOut) int { return strings.Compare(a.Path, b.Path) })
	r.index.update(records)
	return s, nil
}

// reading is a record, or why there is none.
type reading struct {
	record
	err error
}

// readAll returns what is known of each file, reading those that changed.
func (r *Repo) readAll(ctx context.Context, files []found, p *packer) ([]reading, error) {
	out := make([]reading, len(files))
	changed := make(chan int)
	failed := make(chan error, runtime.GOMAXPROCS(0))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for range cap(failed) {
		workers.Go(func() {
			for i := range changed {
				var fatal error
				if out[i], fatal = r.read(ctx, files[i], p); fatal != nil {
					cancel(fatal)
					failed <- fatal
					return
				}
			}
		})
	}
	for i, f := range files {
		rec, known := r.index.records[f.path]
		if known && rec.Settled && rec.Stamp == f.stamp && (p == nil || rec.Stored) {
			out[i].record = rec
			continue
		}
		select {
		case changed <- i:
		case <-ctx.Done():
		}
	}
	close(changed)
	workers.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// inMemory is the size in bytes up to which a file is read in one piece.
const inMemory = 8 << 20

// read reads one file or link. A file that can't be read is told in the
// reading; fatal is what makes going on pointless.
func (r *Repo) read(ctx context.Context, f found, p *packer) (out reading, fatal error) {
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	out.Stamp = f.stamp
	start := time.Now()
	if f.stamp.gitMode() == modeLink {
		target, err := r.root.Readlink(f.path)
		if err != nil {
			out.err = err
			return out, nil
		}
		fatal = out.keep([]byte(target), p)
	} else {
		fatal = r.readFile(ctx, f.path, &out, p)
	}
	out.Settled = out.Settled && settled(out.Stamp, start)
	out.Stored = p != nil
	return out, fatal
}

// keep names a content and stores it.
func (o *reading) keep(content []byte, p *packer) error {
	o.Names, o.Settled = name(blobKind, content), true
	if p == nil {
		return nil
	}
	return p.add(blobKind, o.Names.ours, content)
}

func (r *Repo) readFile(ctx context.Context, path string, out *reading, p *packer) error {
	f, err := openRegular(r.root, path)
	if err != nil {
		out.err = err
		return nil
	}
	defer f.Close()
	if out.Stamp, out.err = stampOf(f); out.err != nil {
		return nil
	}
	if out.Stamp.Size > r.opts.FileSize {
		out.err = errLarge
		return nil
	}
	if out.Stamp.Size > inMemory {
		return readBig(ctx, f, out, p)
	}
	content, err := io.ReadAll(io.LimitReader(f, out.Stamp.Size))
	after, statErr := stampOf(f)
	if out.err = errors.Join(err, statErr); out.err != nil {
		return nil
	}
	err = out.keep(content, p)
	out.Settled = after == out.Stamp
	return err
}

// readBig reads a file without holding it in memory.
func readBig(ctx context.Context, f *os.File, out *reading, p *packer) error {
	size := out.Stamp.Size
	var err error
	if p == nil {
		n := newNaming(blobKind, size)
		var copied int64
		if copied, err = io.Copy(n, io.LimitReader(f, size)); err == nil && copied < size {
			err = errShorter
		}
		out.Names = n.names()
	} else {
		out.Names, err = p.stream(ctx, size, f)
	}
	if errors.Is(err, errShorter) {
		out.err = err
		return nil
	}
	after, statErr := stampOf(f)
	out.Settled = statErr == nil && after == out.Stamp
	return err
}

func stampOf(f *os.File) (stamp, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return stamp{}, &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	return newStamp(&st), nil
}

// settled says whether a change after the given moment would show in the
// stamp. File systems count time in steps: of some milliseconds, or of up to
// two seconds where no fraction is kept.
func settled(s stamp, read time.Time) bool {
	step := 100 * time.Millisecond
	if s.Ctime%int64(time.Second) == 0 {
		step = 2100 * time.Millisecond
	}
	return read.Sub(time.Unix(0, s.Ctime)) > step
}
