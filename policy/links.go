package policy

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// FileLinks resolves links as they are in the file system at this moment. Who
// may change links meanwhile is kept in by the sandbox.
type FileLinks struct{}

var _ Links = FileLinks{}

// maxLinks is how many links may stand in one path, as in the kernel.
const maxLinks = 40

// Real implements [Links]. A link whose target is missing is followed too:
// writing through it would make the target.
func (FileLinks) Real(name string) (real string, ok bool) {
	rest := strings.Split(strings.Trim(name, "/"), "/")
	real = "/"
	links := 0
	for len(rest) > 0 {
		c := rest[0]
		rest = rest[1:]
		switch c {
		case "", ".":
			continue
		case "..":
			real = path.Dir(real)
			continue
		}
		next := path.Join(real, c)
		info, err := os.Lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
			return path.Join(append([]string{next}, rest...)...), true
		case err != nil:
			return "", false
		case info.Mode()&fs.ModeSymlink == 0:
			real = next
			continue
		}
		to, err := os.Readlink(next)
		if links++; err != nil || links > maxLinks {
			return "", false
		}
		if path.IsAbs(to) {
			real = "/"
		}
		rest = append(strings.Split(strings.Trim(to, "/"), "/"), rest...)
	}
	return real, true
}
