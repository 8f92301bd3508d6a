package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations are named by the time they were written and are only ever added.
//
//go:embed migrations/*.sql
var migrations embed.FS

// versions is the table that says which migrations a file has seen.
const versions = "schema_version"

// migrate brings the schema up to date, each migration in its own transaction.
func (s *Store) migrate(ctx context.Context) error {
	version, err := s.version(ctx)
	if err != nil {
		return err
	}
	provider, err := steps(s.write)
	if err != nil {
		return err
	}
	switch newest := newest(provider); {
	case version > newest:
		return s.tooNew(version, newest)
	case version == newest:
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return s.explain("update the tables", err)
	}
	return nil
}

// compatible says whether a reader may trust its queries on this version.
func (s *Store) compatible(version int64) error {
	provider, err := steps(s.read)
	if err != nil {
		return err
	}
	switch newest := newest(provider); {
	case version > newest:
		return s.tooNew(version, newest)
	case version < newest:
		return &FileError{
			Path:    s.path,
			Problem: fmt.Sprintf("was written by an older autosession (tables %d, here %d)", version, newest),
			Advice:  "the next run brings it up to date",
		}
	}
	return nil
}

func (s *Store) tooNew(version, newest int64) error {
	return &FileError{
		Path:    s.path,
		Problem: fmt.Sprintf("was written by a newer autosession (tables %d, here %d)", version, newest),
		Advice:  "use that version or a newer one",
	}
}

// version is the newest migration that the file has seen, 0 for none.
func (s *Store) version(ctx context.Context) (int64, error) {
	const exists = `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '` + versions + `'`
	var tables int
	if err := s.read.QueryRowContext(ctx, exists).Scan(&tables); err != nil {
		return 0, s.explain("read the version", err)
	}
	if tables == 0 {
		return 0, nil
	}
	const newest = `SELECT coalesce(max(version_id), 0) FROM ` + versions + ` WHERE is_applied`
	var version int64
	if err := s.read.QueryRowContext(ctx, newest).Scan(&version); err != nil {
		return 0, s.explain("read the version", err)
	}
	return version, nil
}

func steps(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("cannot read the embedded migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir,
		goose.WithTableName(versions), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("cannot read the embedded migrations: %w", err)
	}
	return provider, nil
}

func newest(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}
