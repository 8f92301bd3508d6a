package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/sqlite"
)

// execute changes a database behind the store's back.
func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// seeded makes a store with some records, closes it, and returns its path.
func seeded(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(autosessiontest.Seed(t.Context(), store, 20), store.Close(), store.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFilesThatCannotServe(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want string // part of the error
	}{
		{"text", func(t *testing.T, path string) { write(t, path, "hello, this is a letter and no database") }, "is not a database"},
		{"short", func(t *testing.T, path string) { write(t, path, "SQLite") }, "is not a database"},
		{"header alone", func(t *testing.T, path string) {
			write(t, path, "SQLite format 3\x00"+strings.Repeat("\xff", 5000))
		}, "is damaged"},
		{"overwritten", func(t *testing.T, path string) { overwrite(t, seededAt(t, path), 100, 4000) }, "is damaged"},
		{"directory", func(t *testing.T, path string) { check(t, os.Mkdir(path, 0o700)) }, "is not a regular file"},
		{"FIFO", func(t *testing.T, path string) { check(t, unix.Mkfifo(path, 0o600)) }, "is not a regular file"},
		{"another program's", func(t *testing.T, path string) {
			execute(t, path, `CREATE TABLE bookmark (url TEXT)`)
		}, "is the database of another program"},
		{"newer", func(t *testing.T, path string) {
			execute(t, seededAt(t, path), `INSERT INTO schema_version (version_id, is_applied) VALUES (29991231000000, 1)`)
		}, "was written by a newer autosession"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			test.make(t, path)
			before := content(path)
			for name, open := range map[string]func(context.Context, string) (*sqlite.Store, error){
				"Open": sqlite.Open, "OpenReadOnly": sqlite.OpenReadOnly,
			} {
				_, err := open(t.Context(), path)
				refused, ok := errors.AsType[*sqlite.FileError](err)
				if !ok || refused.Path != path || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: %v\nwant a FileError with %q", name, err, test.want)
				}
			}
			if content(path) != before {
				t.Error("the file was changed")
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	check(t, os.WriteFile(path, []byte(text), 0o600))
}

func seededAt(t *testing.T, path string) string {
	t.Helper()
	check(t, os.Rename(seeded(t), path))
	return path
}

// overwrite spoils n bytes of a file.
func overwrite(t *testing.T, path string, offset int64, n int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	check(t, err)
	_, err = f.WriteAt([]byte(strings.Repeat("\xa5", n)), offset)
	check(t, errors.Join(err, f.Close()))
}

// content is the file as text; "" for what is no file.
func content(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func TestDamageInTheMiddleIsNamed(t *testing.T) {
	path := seeded(t)
	info, err := os.Stat(path)
	check(t, err)
	const header = 8192 // of the file and the schema's first page
	overwrite(t, path, header, int(info.Size())-header)
	store, err := sqlite.Open(t.Context(), path)
	if err == nil {
		defer store.Close()
		_, err = store.Load(t.Context())
	}
	if _, ok := errors.AsType[*sqlite.FileError](err); !ok {
		t.Errorf("a damaged file gives %v", err)
	}
}

func TestRecordThatDoesNotParseIsNamed(t *testing.T) {
	path := seeded(t)
	execute(t, path, `UPDATE session SET record = substr(record, 1, 40) WHERE number = 20`,
		`UPDATE event SET record = '{"time":7}' WHERE session = 'seed-session-1' AND seq = 3`)
	store := open(t, path)
	_, err := store.Load(t.Context())
	if _, ok := errors.AsType[*sqlite.FileError](err); !ok {
		t.Errorf("Load: %v", err)
	}
	if _, found, err := store.Session(t.Context(), 19); err != nil || !found {
		t.Errorf("the other records are lost too: %v", err)
	}
	for _, err = range store.Events(t.Context(), "seed-session-1", 0) {
	}
	if _, ok := errors.AsType[*sqlite.FileError](err); !ok {
		t.Errorf("Events: %v", err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	path := seeded(t)
	store := open(t, path)
	check(t, store.Check(t.Context()))
	execute(t, path, `PRAGMA writable_schema = 1`, // an index that does not know its table
		`UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'history_feature') WHERE name = 'check_run_feature'`)
	damaged := open(t, path)
	if _, ok := errors.AsType[*sqlite.FileError](damaged.Check(t.Context())); !ok {
		t.Error("Check finds nothing in a damaged file")
	}
}

func TestReadOnlyWithoutRecords(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.db")
	write(t, empty, "")
	for _, path := range []string{filepath.Join(dir, "nothing.db"), filepath.Join(dir, "no", "dir.db"), empty} {
		if _, err := sqlite.OpenReadOnly(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("OpenReadOnly(%s): %v", path, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("OpenReadOnly made something: %v, %v", entries, err)
	}
}

func TestReaderFollowsWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	writer := open(t, path)
	reader, err := sqlite.OpenReadOnly(t.Context(), path)
	check(t, err)
	defer reader.Close()
	check(t, autosessiontest.Seed(t.Context(), writer, 3))
	got, err := reader.Load(t.Context())
	if err != nil || got.Counted != 3 {
		t.Errorf("the reader counts %d, %v", got.Counted, err)
	}
	if err := reader.Apply(t.Context(), autosession.Change{ID: "x", Project: &autosession.ProjectRecord{}}); err == nil {
		t.Error("a reader can write")
	}
	if err := reader.Append(t.Context(), "s", []autosession.Event{{}}); err == nil {
		t.Error("a reader can append")
	}
}

func TestReaderOpensWhatNobodyHolds(t *testing.T) {
	reader, err := sqlite.OpenReadOnly(t.Context(), seeded(t))
	check(t, err)
	defer reader.Close()
	if got, err := reader.Load(t.Context()); err != nil || got.Counted != 20 {
		t.Errorf("the reader counts %d, %v", got.Counted, err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	dir := filepath.Join(t.TempDir(), "a", "b")
	store := open(t, filepath.Join(dir, "state.db"))
	check(t, autosessiontest.Seed(t.Context(), store, 1))
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%v, %v; want the file, its log and the log's index", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestOddPaths(t *testing.T) {
	for _, name := range []string{"a b", "what?", "100%25", "#1", "a&mode=ro", "é", "file:x"} {
		path := filepath.Join(t.TempDir(), name, name+".db")
		store := open(t, path)
		check(t, autosessiontest.Seed(t.Context(), store, 1))
		if info, err := os.Stat(path); err != nil || info.Size() == 0 && content(path+"-wal") == "" {
			t.Errorf("%s: %v", path, err)
		}
		reader, err := sqlite.OpenReadOnly(t.Context(), path)
		check(t, err)
		check(t, reader.Close())
	}
}

func TestSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if acknowledged, err := lives(t, "die", path, 1000); err != nil || acknowledged != len(script()) {
		t.Fatal(acknowledged, err) // it leaves a log behind, with all that it wrote
	}
	now := time.Now()
	aside, err := sqlite.SetAside(path, now)
	check(t, err)
	holdsPrefix(t, aside, len(script()))
	snapshot, err := open(t, path).Load(t.Context())
	if err != nil || snapshot.Counted != 0 {
		t.Errorf("the new store counts %d, %v", snapshot.Counted, err)
	}
	if _, err := sqlite.SetAside(path, now); !errors.Is(err, fs.ErrExist) {
		t.Errorf("setting aside over what was set aside: %v", err)
	}
}
