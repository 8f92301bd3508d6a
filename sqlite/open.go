package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/autosession/autosession"
)

var (
	_ autosession.Store    = (*Store)(nil)
	_ autosession.Archive  = (*Store)(nil)
	_ autosession.Rewinder = (*Store)(nil)
)

// readers is how many reads may go on at once.
const readers = 4

// Store is an open database. Many goroutines may use it at once; writes queue
// behind each other.
type Store struct {
	path  string
	write *sql.DB // one connection; nil when opened to read
	read  *sql.DB
}

// Open opens the database at path to write, and makes it, and its directory,
// when they are missing: mode 0600 and 0700. The caller holds the lock of the
// project. A file that cannot serve is left as it is and reported as a
// [FileError].
func Open(ctx context.Context, path string) (*Store, error) {
	if err := prepareFile(path); err != nil {
		return nil, err
	}
	s := &Store{path: path, write: connect(path, writing), read: connect(path, reading)}
	s.write.SetMaxOpenConns(1)
	s.read.SetMaxOpenConns(readers)
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// begin brings the file to the present schema and sees that the connections
// are as safe as they were asked to be.
func (s *Store) begin(ctx context.Context) error {
	marked, err := s.identify(ctx)
	if err != nil {
		return err
	}
	if !marked {
		if err := s.mark(ctx); err != nil {
			return err
		}
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.confirm(ctx, s.write); err != nil {
		return err
	}
	return s.confirm(ctx, s.read)
}

// OpenReadOnly opens the database at path to read, also while another process
// writes. It makes nothing. When there are no records yet the error is
// [fs.ErrNotExist]. Apply and Append fail.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	if err := lookAtFile(path); err != nil {
		return nil, err
	}
	s := &Store{path: path, read: connect(path, reading)}
	s.read.SetMaxOpenConns(readers)
	if err := s.beginReading(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) beginReading(ctx context.Context) error {
	if _, err := s.identify(ctx); err != nil {
		return err
	}
	version, err := s.version(ctx)
	if err != nil {
		return err
	}
	if version == 0 { // another process is about to make it
		return fmt.Errorf("cannot read records in %s: %w", s.path, fs.ErrNotExist)
	}
	return s.compatible(version)
}

// Close ends all connections. It may be called twice.
func (s *Store) Close() error {
	err := s.read.Close()
	if s.write != nil {
		err = errors.Join(err, s.write.Close()) // last, so that it folds the log into the file
	}
	if err != nil {
		return fmt.Errorf("cannot close %s: %w", s.path, err)
	}
	return nil
}

// Settings of a connection. They hold for one connection and not for the file,
// so they stand in the name that each new connection is made from.
const (
	writing = "_txlock=immediate" +
		"&_pragma=busy_timeout(10000)" +
		"&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)" +
		"&_pragma=fullfsync(1)" + // macOS alone: its fsync does not reach the disk
		"&_pragma=foreign_keys(1)"
	reading = "mode=ro" +
		"&_pragma=busy_timeout(10000)" +
		"&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)"
)

// connect returns a pool. It does not touch the file.
func connect(path, settings string) *sql.DB {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	name := url.URL{Scheme: "file", Path: path}
	db, err := sql.Open("sqlite", "file:"+name.EscapedPath()+"?"+settings)
	if err != nil {
		panic("sqlite: the driver is not registered: " + err.Error())
	}
	return db
}

// confirm reads back what decides over durability: a file system may refuse.
func (s *Store) confirm(ctx context.Context, db *sql.DB) error {
	const query = `SELECT (SELECT journal_mode FROM pragma_journal_mode),
		(SELECT synchronous FROM pragma_synchronous),
		(SELECT foreign_keys FROM pragma_foreign_keys)`
	var mode string
	var synchronous, foreignKeys int
	if err := db.QueryRowContext(ctx, query).Scan(&mode, &synchronous, &foreignKeys); err != nil {
		return s.explain("open", err)
	}
	const full = 2
	if mode != "wal" || synchronous != full || foreignKeys != 1 {
		return &FileError{
			Path: s.path,
			Problem: fmt.Sprintf("is on a file system that cannot keep it safely (journal %s, synchronous %d, foreign keys %d)",
				mode, synchronous, foreignKeys),
			Advice: "put the state on a local disk with --state",
		}
	}
	return nil
}

// prepareFile makes the directory and the file, private, or takes what is
// there.
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("cannot make the directory of the records: %w", err)
	}
	err := lookAtFile(path)
	if err == nil {
		if err := os.Chmod(path, 0o600); err != nil {
			return fmt.Errorf("cannot make the records private: %w", err)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// SQLite gives the files that it makes beside this one the same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("cannot make the file of the records: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("cannot make the file of the records: %w", err)
	}
	return syncDir(filepath.Dir(path))
}
