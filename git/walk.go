package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/autosession/autosession/internal/reach"
	"golang.org/x/sys/unix"
)

// LeftOut is a path of the project that a checkpoint could not hold.
type LeftOut struct {
	Path string // relative to the project, with slashes
	Why  string
}

// stamp is what the file system says about a file. While it stays the same the
// content does. The time of the last change of the inode is in it, which a
// program can't set.
type stamp struct {
	Size, Mtime, Ctime int64
	Inode              uint64
	Mode               uint32
}

func newStamp(st *unix.Stat_t) stamp {
	return stamp{
		Size:  st.Size,
		Mtime: st.Mtim.Nano(),
		Ctime: st.Ctim.Nano(),
		Inode: st.Ino,
		Mode:  uint32(st.Mode),
	}
}

// gitMode returns the mode that git keeps, or 0 for what it can't keep.
func (s stamp) gitMode() uint32 {
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		if s.Mode&0o100 != 0 {
			return modeExecutable
		}
		return modeFile
	case unix.S_IFLNK:
		return modeLink
	}
	return 0
}

// found is a file or link of the project's tree.
type found struct {
	path  string
	stamp stamp
}

// walk is one look over the project's tree.
type walk struct {
	root    reach.Root
	globs   globs    // what they name counts although it is ignored
	include []string // files, and directories with all that is in them, that count as well
	tracked []string // sorted; ignored files that are part of the work all the same
	then    *judge   // what its rules do not ignore counts as well; nil is nothing
	files   []found
	leftOut []LeftOut
}

// maxIgnoreFile bounds, in bytes, what is read of one ignore file.
const maxIgnoreFile = 4 << 20

// tree lists the files and links that git would not ignore, sorted by path.
func (w *walk) tree(ctx context.Context, excludes []byte) error {
	here := sight{now: ignores{}.with(parseRules("", excludes))}
	if w.then != nil {
		here.then = w.then.top()
	}
	if err := w.dir(ctx, "", here); err != nil {
		return err
	}
	slices.SortFunc(w.files, func(a, b found) int { return strings.Compare(a.path, b.path) })
	return nil
}

// sight is what the rules say of a directory: those of now, and those of then.
type sight struct {
	now, then           ignores
	ignored, wasIgnored bool // the directory itself
}

// dir walks the directory base, which is "" or ends with a slash. In an
// ignored directory only what is included or tracked counts.
func (w *walk) dir(ctx context.Context, base string, here sight) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	d, err := w.root.OpenFile("./"+strings.TrimSuffix(base, "/"), os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return w.skip(base, err)
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return w.skip(base, err)
	}
	if slices.Contains(names, ".gitignore") {
		if content, err := readRegular(w.root, base+".gitignore", maxIgnoreFile); err == nil {
			here.now = here.now.with(parseRules(base, content))
		}
	}
	if w.then != nil {
		here.then = w.then.in(base, here.then)
	}
	for _, name := range names {
		if err := w.entry(ctx, d, base, name, here); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entry(ctx context.Context, d *os.File, base, name string, here sight) error {
	path := base + name
	if strings.EqualFold(name, ".git") {
		if name != ".git" {
			w.leaveOut(path, "git can't keep this name")
		}
		return nil
	}
	var st unix.Stat_t
	stat := func() error { return unix.Fstatat(int(d.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) }
	if err := w.root.Again(stat, strings.TrimSuffix("./"+base, "/")); err != nil {
		return w.skip(path, err)
	}
	dir := st.Mode&unix.S_IFMT == unix.S_IFDIR
	if among(w.include, path) || w.globs.match(path) {
		here.ignored, here.wasIgnored = false, false
	} else {
		here.ignored = here.ignored || here.now.match(path, dir)
		here.wasIgnored = w.then == nil || here.wasIgnored || here.then.match(path, dir)
	}
	ignored := here.ignored && here.wasIgnored
	if dir {
		if ignored && !w.wanted(path+"/") {
			return nil
		}
		return w.dir(ctx, path+"/", here)
	}
	if ignored && !w.isTracked(path) {
		return nil
	}
	f := found{path: path, stamp: newStamp(&st)}
	if f.stamp.gitMode() == 0 {
		w.leaveOut(path, notAFile)
		return nil
	}
	w.files = append(w.files, f)
	return nil
}

// wanted says whether something below an ignored directory counts.
func (w *walk) wanted(dir string) bool {
	if w.globs.below(dir) || slices.ContainsFunc(w.include, func(name string) bool { return strings.HasPrefix(name, dir) }) {
		return true
	}
	i, _ := slices.BinarySearch(w.tracked, dir)
	return i < len(w.tracked) && strings.HasPrefix(w.tracked[i], dir)
}

func (w *walk) isTracked(path string) bool {
	_, ok := slices.BinarySearch(w.tracked, path)
	return ok
}

// skip leaves path out because of err. Only the project's own directory must
// be readable.
func (w *walk) skip(path string, err error) error {
	if path == "" {
		return fmt.Errorf("cannot read the project: %w", err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		w.leaveOut(strings.TrimSuffix(path, "/"), reason(err))
	}
	return nil
}

func (w *walk) leaveOut(path, why string) {
	w.leftOut = append(w.leftOut, LeftOut{Path: path, Why: why})
}

var (
	errLarge = errors.New("larger than a checkpoint holds")
	errMuch  = errors.New("together with other large files more than a checkpoint holds")
)

// bound leaves out files that are larger than one, and the largest of those
// that are not small and together larger than all.
func (w *walk) bound(one, all int64) {
	var large []found
	for _, f := range w.files {
		if f.stamp.Size > inMemory {
			large = append(large, f)
		}
	}
	slices.SortStableFunc(large, func(a, b found) int { return cmp.Compare(a.stamp.Size, b.stamp.Size) })
	out := map[string]bool{}
	for _, f := range large {
		all -= f.stamp.Size
		switch {
		case f.stamp.Size > one:
			w.leaveOut(f.path, errLarge.Error())
		case all < 0:
			w.leaveOut(f.path, errMuch.Error())
		default:
			continue
		}
		out[f.path] = true
	}
	if len(out) > 0 {
		w.files = slices.DeleteFunc(w.files, func(f found) bool { return out[f.path] })
	}
}

// reason is what the operating system said, without the path.
func reason(err error) string {
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		return no.Error()
	}
	return err.Error()
}

// notAFile is why sockets, devices and the like are in no checkpoint.
const notAFile = "neither a file nor a directory nor a link"

var errNotRegular = errors.New("not a regular file")

// opener is a root, or one that gives us the owner's bits where we need them.
type opener interface {
	Lstat(name string) (fs.FileInfo, error)
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
}

// openRegular opens a regular file. It neither follows a link at the end of
// path nor waits for the other side of a FIFO.
func openRegular(root opener, path string) (*os.File, error) {
	before, err := root.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, errNotRegular
	}
	f, err := root.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// readRegular reads a regular file of at most limit bytes.
func readRegular(root opener, path string, limit int64) ([]byte, error) {
	f, err := openRegular(root, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = fmt.Errorf("cannot read %s: it is longer than %d bytes", path, limit)
	}
	return content, err
}
