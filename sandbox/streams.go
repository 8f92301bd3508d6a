package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/autosession/autosession"
)

// drainTime bounds how long output is read after the tree is gone. Only a
// descriptor that left the tree, or a writer that blocks, can use it up.
const drainTime = 5 * time.Second

// streams is the input and output of one program. A terminal, a pipe, a socket
// and the null device are handed to it as they are. Any other file, reader or
// writer gets a pipe and a goroutine that copies: who holds a file can open it
// again by its name in /proc, for writing what it was given for reading. So a
// program that does not read its input to the end may leave less of it in a
// file than it took.
type streams struct {
	files   [3]*os.File // of the program
	theirs  []*os.File  // of files, those that we opened: closed when the program has them
	input   *os.File    // our end of the input's pipe, or nil
	feed    func()      // copies the input, or nil
	outputs []*os.File  // our ends of the outputs' pipes
	copies  []func() error
	copied  chan error // one value for each output that is being copied
	copying int
}

// connect makes the streams of c. Nothing is copied before pump.
func connect(c autosession.Command) (*streams, error) {
	s := &streams{}
	err := s.open(c)
	if err != nil {
		s.close()
		return nil, fmt.Errorf("cannot connect the input and output of %s: %v", c.Path, err)
	}
	s.copied = make(chan error, len(s.copies))
	return s, nil
}

func (s *streams) open(c autosession.Command) (err error) {
	if s.files[0], err = s.reader(c.Stdin); err != nil {
		return err
	}
	if s.files[1], err = s.writer(c.Stdout); err != nil {
		return err
	}
	if c.Stderr != nil && same(c.Stdout, c.Stderr) {
		s.files[2] = s.files[1]
		return nil
	}
	s.files[2], err = s.writer(c.Stderr)
	return err
}

func (s *streams) reader(from io.Reader) (*os.File, error) {
	if from == nil {
		return s.null(os.O_RDONLY)
	}
	if file, ok := from.(*os.File); ok {
		if harmless, err := handed(file); harmless || err != nil {
			return file, err
		}
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.theirs, s.input = append(s.theirs, theirs), ours
	s.feed = func() {
		// A program that does not read to the end is no error. A reader that
		// blocks keeps this goroutine until it returns.
		io.Copy(ours, from)
		ours.Close()
	}
	return theirs, nil
}

func (s *streams) writer(to io.Writer) (*os.File, error) {
	if to == nil {
		return s.null(os.O_WRONLY)
	}
	if file, ok := to.(*os.File); ok {
		if harmless, err := handed(file); harmless || err != nil {
			return file, err
		}
	}
	ours, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.theirs, s.outputs = append(s.theirs, theirs), append(s.outputs, ours)
	s.copies = append(s.copies, func() error {
		_, err := io.Copy(to, ours)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			// Whoever writes must not block because nobody wants to read.
			io.Copy(io.Discard, ours)
		}
		return err
	})
	return theirs, nil
}

// handed says whether a file can be handed to a program as it is. A directory
// can be nobody's input or output.
func handed(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil {
		return false, fmt.Errorf("cannot look at %s: %v", file.Name(), bare(err))
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return false, fmt.Errorf("%s is a directory", file.Name())
	case mode.Type()&(fs.ModeNamedPipe|fs.ModeSocket) != 0 || mode&fs.ModeCharDevice != 0 && term.IsTerminal(int(file.Fd())):
		return true, nil
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null), nil
}

func (s *streams) null(flag int) (*os.File, error) {
	file, err := os.OpenFile(os.DevNull, flag, 0)
	if err == nil {
		s.theirs = append(s.theirs, file)
	}
	return file, err
}

// same says whether both are the same writer, or the same file, so that what is
// written to both keeps its order. Writers of some types cannot be compared;
// these are two.
func same(a, b io.Writer) (equal bool) {
	if one, ok := a.(*os.File); ok {
		if other, ok := b.(*os.File); ok {
			info, err1 := one.Stat()
			second, err2 := other.Stat()
			return one == other || err1 == nil && err2 == nil && info.Mode().IsRegular() && os.SameFile(info, second)
		}
	}
	defer func() {
		if recover() != nil {
			equal = false
		}
	}()
	return a == b
}

// pump copies from now on. The program has its ends.
func (s *streams) pump() {
	s.release()
	if s.feed != nil {
		go s.feed()
	}
	for _, copy := range s.copies {
		go func() { s.copied <- copy() }()
	}
	s.copying = len(s.copies)
}

// release closes our copies of the program's ends.
func (s *streams) release() {
	for _, file := range s.theirs {
		file.Close()
	}
	s.theirs = nil
}

// drain waits until the output of a tree that is gone is written, and closes
// the streams.
func (s *streams) drain() error {
	defer s.close()
	deadline := time.Now().Add(drainTime)
	for _, file := range s.outputs {
		file.SetReadDeadline(deadline)
	}
	late := time.NewTimer(drainTime + time.Second)
	defer late.Stop()
	var problems []error
	for range s.copying {
		select {
		case err := <-s.copied:
			problems = append(problems, err)
		case <-late.C:
			return fmt.Errorf("cannot write the output of a program that has ended: the writer still blocks after %v", drainTime)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("cannot write all output of a program: %v", err)
	}
	return nil
}

// close lets go of everything.
func (s *streams) close() {
	s.release()
	if s.input != nil {
		s.input.Close()
	}
	for _, file := range s.outputs {
		file.Close()
	}
}
