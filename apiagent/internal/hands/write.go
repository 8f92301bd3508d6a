package hands

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

func writeTool() Tool {
	return Tool{
		Name:  "Write",
		About: "Writes a whole file, in place of what it held. Missing directories are made. To change a part of a file use Edit.",
		Params: []Param{
			{Name: "file_path", Type: "string", About: "the file, absolute or from the project directory", Required: true},
			{Name: "content", Type: "string", About: "all that the file shall hold", Required: true},
		},
		run: runWrite,
	}
}

type writeInput struct {
	Path    string `json:"file_path"`
	Content string `json:"content"`
}

func runWrite(_ context.Context, w *workspace, input json.RawMessage) (Result, error) {
	var in writeInput
	if err := parse(writeTool(), input, &in); err != nil {
		return Result{}, err
	}
	p, err := w.resolve(in.Path)
	if err != nil {
		return Result{}, err
	}
	created, err := p.write([]byte(in.Content))
	if err != nil {
		return Result{}, err
	}
	verb := "Wrote"
	if created {
		verb = "Created"
	}
	return textResult(fmt.Sprintf("%s %s (%d bytes).", verb, in.Path, len(in.Content))), nil
}

// write puts data at p as one step: a reader sees the old file or the new one.
// It keeps the mode of a file that is there, and writes through links.
func (p place) write(data []byte) (created bool, err error) {
	p, err = p.follow()
	if err != nil {
		return false, err
	}
	mode := fs.FileMode(0)
	switch info, err := p.root.Stat(p.name); {
	case errors.Is(err, fs.ErrNotExist):
		created = true
		if err := p.root.MkdirAll(filepath.Dir(p.name), 0o777); err != nil {
			return false, p.explain("make the directory of", err)
		}
	case err != nil:
		return false, p.explain("write", err)
	case info.Mode().IsRegular() && info.Mode().Perm()&0o200 == 0:
		return false, fmt.Errorf("%s is read-only (mode %s)", p.path, info.Mode().Perm())
	case !info.Mode().IsRegular():
		return false, p.check(info)
	default:
		mode = info.Mode().Perm()
	}
	temporary := filepath.Join(filepath.Dir(p.name), ".write-"+rand.Text())
	if err := p.fill(temporary, data, mode); err != nil {
		_ = p.root.Remove(temporary)
		return false, p.explain("write", err)
	}
	if err := p.root.Rename(temporary, p.name); err != nil {
		_ = p.root.Remove(temporary)
		return false, p.explain("write", err)
	}
	return created, nil
}

// fill writes a new file. Mode 0 is what a new file usually has.
func (p place) fill(name string, data []byte, mode fs.FileMode) (err error) {
	f, err := p.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if mode != 0 {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// follow returns where the link at p leads, if p is one.
func (p place) follow() (place, error) {
	for range 16 {
		info, err := p.root.Lstat(p.name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return p, nil // the caller finds out
		}
		if err != nil {
			return p, p.explain("write", err)
		}
		if info.Mode().Type() != fs.ModeSymlink {
			return p, nil
		}
		target, err := p.root.Readlink(p.name)
		if err != nil {
			return p, p.explain("write", err)
		}
		next := filepath.Join(filepath.Dir(p.name), target)
		if filepath.IsAbs(target) || !filepath.IsLocal(next) {
			return p, fmt.Errorf("%s leads outside the project by a link: use a path inside it", p.path)
		}
		p.name = next
	}
	return p, fmt.Errorf("%s is a link that leads nowhere", p.path)
}
