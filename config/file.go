package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/autosession/autosession/internal/atomicfile"
)

// FileName is the name of a project's own configuration file, in its root.
const FileName = "autosession.toml"

// MaxFileSize is how large a configuration file may be, in bytes.
const MaxFileSize = 1 << 20

// readProjectFile reads the file in the root of dir. Whoever made the project
// made this file, so no link is followed and nothing but a regular file is
// opened. It returns nil when there is none.
func readProjectFile(dir string) ([]byte, *Problem) {
	path := filepath.Join(dir, FileName)
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer root.Close()
	data, err := atomicfile.Read(root, FileName, MaxFileSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if wrong, ok := errors.AsType[*atomicfile.TypeError](err); ok {
		return nil, notRegular(path, wrong.Mode)
	}
	if _, ok := errors.AsType[*atomicfile.SizeError](err); ok {
		return nil, oversized(path)
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	return data, nil
}

// readUserFile reads the person's own file, which may be a link. It returns
// nil when there is none.
func readUserFile(path string) ([]byte, *Problem) {
	// Without O_NONBLOCK a FIFO in its place would hang us.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	return readAll(path, f)
}

// readAll reads a regular file of bounded size. An empty file is not nil.
func readAll(path string, f *os.File) ([]byte, *Problem) {
	info, err := f.Stat()
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(path, info.Mode())
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(data) > MaxFileSize {
		return nil, oversized(path)
	}
	return data, nil
}

func oversized(path string) *Problem {
	return &Problem{
		Source: path,
		Text:   fmt.Sprintf("the file is larger than %d bytes", MaxFileSize),
		Fix:    "a configuration is a few lines: look at what this file is",
	}
}

func unreadable(path string, err error) *Problem {
	text := err.Error()
	if cause, ok := errors.AsType[syscall.Errno](err); ok {
		text = cause.Error()
	}
	return &Problem{Source: path, Text: "cannot be read: " + text, Fix: "give yourself the right to read it, or remove it"}
}

func notRegular(path string, mode fs.FileMode) *Problem {
	what := "not a regular file"
	switch {
	case mode.IsDir():
		what = "a directory"
	case mode&fs.ModeSymlink != 0:
		what = "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		what = "a FIFO"
	}
	return &Problem{Source: path, Text: "is " + what, Fix: "put a regular file in its place, or remove it"}
}
