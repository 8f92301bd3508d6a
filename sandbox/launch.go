package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/autosession/autosession"
)

// run starts the program, after what must run beside it, and lets go of the
// input and output that the warden was given for it.
func (l *launch) run() (pid int, err error) {
	var files []*os.File
	for _, fd := range []uintptr{stdinFD, stdoutFD, stderrFD} {
		file := os.NewFile(fd, "")
		defer file.Close()
		files = append(files, file)
	}
	if l.Limits != nil {
		if err := l.Limits.bound(); err != nil {
			return 0, err
		}
	}
	if l.Readable != nil {
		if err := renounce(); err != nil {
			return 0, err
		}
	}
	if l.Writable != nil && l.Readable == nil {
		if err := restrict(l.Writable, nil, files); err != nil {
			return 0, err
		}
	}
	if l.Beside != nil {
		if err := l.Beside.ready(); err != nil {
			return 0, err
		}
	}
	return l.start(files)
}

// start starts one program with these files as its input and output.
func (l *launch) start(files []*os.File) (pid int, err error) {
	var path string
	args := l.Args
	if l.Reexec != "" {
		path, args, err = ourCommand(l.Reexec, l.Args...)
	} else {
		path, err = find(l.Path, lookup(l.Env, "PATH"), l.Dir)
	}
	if err != nil {
		return 0, err
	}
	if _, err := os.ReadDir(l.Dir); err != nil {
		return 0, fmt.Errorf("cannot work in %s: %v", l.Dir, bare(err))
	}
	attributes := os.ProcAttr{Dir: l.Dir, Env: l.Env, Files: files, Sys: childAttributes()}
	if l.Readable != nil {
		return l.startRestricted(path, args, attributes)
	}
	process, err := os.StartProcess(path, append([]string{path}, args...), &attributes)
	if err != nil {
		return 0, unfit(path, bare(err).Error())
	}
	defer process.Release()
	return process.Pid, nil
}

// unfit says that a program cannot be executed. An interpreter that is missing
// is no program that is.
func unfit(path, reason string) error {
	return &autosession.ProgramError{Program: path, Missing: !exists(path), Reason: reason}
}

// ready starts a program and returns when it has written a line. What else it
// writes goes to the warden's own output.
func (l *launch) ready() error {
	input, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer input.Close()
	ours, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ours.Close()
	defer theirs.Close()
	if _, err := l.start([]*os.File{input, theirs, os.Stderr}); err != nil {
		return err
	}
	theirs.Close()
	for c := make([]byte, 1); c[0] != '\n'; {
		if _, err := ours.Read(c); err != nil {
			return fmt.Errorf("cannot start %s: it ended before it was ready", l.name())
		}
	}
	return nil
}

// name is the program, for messages.
func (l *launch) name() string {
	if l.Reexec != "" {
		return "our own " + l.Reexec
	}
	return l.Path
}

// find returns the program that a name means: a path as it is, or the first
// executable file of that name in the directories of path.
func find(name, path, dir string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return name, nil
	}
	for _, d := range filepath.SplitList(path) {
		file := filepath.Join(d, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", &autosession.ProgramError{Program: name, Missing: true, Reason: "it is not in " + path}
}

// bare takes the operation and the path off an error that names them itself.
func bare(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}
