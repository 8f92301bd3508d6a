package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// FileError says that a file is there and cannot serve as the records of a
// project: it is damaged, or something else, or of a newer version. Nothing
// was changed in it. A person has to decide.
type FileError struct {
	Path    string
	Problem string // goes on from the path: "is damaged"
	Advice  string // what a person can do
	Err     error  // the cause, or nil
}

// Error returns one line: the file, what is wrong with it, what to do.
func (e *FileError) Error() string {
	text := "cannot use " + e.Path + ": it " + e.Problem
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text + "; " + e.Advice
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

const moveAside = "move it aside to start over, or put a copy of it back"

// magic begins every SQLite database.
const magic = "SQLite format 3\x00"

// lookAtFile refuses what is no database before SQLite opens it. An empty file
// is a database that was never written. The error is [os.ErrNotExist] when
// nothing is there.
func lookAtFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("cannot find the records: %w", err)
	}
	if !info.Mode().IsRegular() {
		return &FileError{Path: path, Problem: "is not a regular file", Advice: moveAside}
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot open the records: %w", err)
	}
	defer f.Close()
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	switch {
	case n == 0 && err == io.EOF:
		return nil
	case err != nil && err != io.ErrUnexpectedEOF:
		return fmt.Errorf("cannot read the records: %w", err)
	case string(head[:n]) != magic:
		return &FileError{Path: path, Problem: "is not a database", Advice: moveAside}
	}
	return nil
}

// application marks our databases in the header of the file: "auts".
const application = 0x61757473

// identify refuses a database that is not ours, and says whether it is marked
// as ours already. It only reads: a connection that writes changes the header
// of whatever it opens.
func (s *Store) identify(ctx context.Context) (marked bool, err error) {
	const query = `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT count(*) FROM sqlite_master)`
	var id, tables int
	if err := s.read.QueryRowContext(ctx, query).Scan(&id, &tables); err != nil {
		return false, s.explain("open", err)
	}
	if id != application && (tables > 0 || id != 0) {
		return false, &FileError{Path: s.path, Problem: "is the database of another program", Advice: moveAside}
	}
	return id == application, nil
}

// mark makes a database ours.
func (s *Store) mark(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, application)); err != nil {
		return s.explain("open", err)
	}
	return nil
}

// explain turns an error of SQLite into one that says what could not be done,
// and into a FileError when the file is damaged or holds what does not parse.
func (s *Store) explain(what string, err error) error {
	if _, ok := errors.AsType[recordError](err); ok {
		return &FileError{Path: s.path, Problem: "holds a record that cannot be read", Advice: moveAside, Err: err}
	}
	if failed, ok := errors.AsType[*driver.Error](err); ok {
		switch failed.Code() & 0xff {
		case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
			return &FileError{Path: s.path, Problem: "is damaged", Advice: moveAside, Err: err}
		case codes.SQLITE_FULL:
			return fmt.Errorf("cannot %s in %s: the disk is full; what was saved before is intact: %w", what, s.path, err)
		}
	}
	return fmt.Errorf("cannot %s in %s: %w", what, s.path, err)
}

// Check reads the whole file and reports the first damage as a [FileError]. It
// takes time in proportion to the file.
func (s *Store) Check(ctx context.Context) error {
	var found string
	if err := s.read.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return s.explain("check the records", err)
	}
	if found != "ok" {
		return &FileError{Path: s.path, Problem: "is damaged", Advice: moveAside, Err: errors.New(found)}
	}
	return nil
}
