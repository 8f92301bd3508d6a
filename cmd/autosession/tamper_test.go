package main

import (
	"database/sql"
	"errors"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // registers the driver
)

// tamper changes the records of the only project of a script behind the
// program's back.
func tamper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tamper SQL")
	}
	files, err := filepath.Glob(filepath.Join(of(ts).work, "state", "*", "state.db"))
	ts.Check(err)
	if len(files) != 1 {
		ts.Fatalf("there must be one project with records, and there are %d", len(files))
	}
	db, err := sql.Open("sqlite", files[0])
	ts.Check(err)
	done, err := db.Exec(args[0])
	if err == nil {
		var n int64
		if n, err = done.RowsAffected(); n == 0 && err == nil {
			err = errors.New("the statement changes nothing")
		}
	}
	ts.Check(errors.Join(err, db.Close()))
}
