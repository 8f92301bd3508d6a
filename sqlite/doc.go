// Package sqlite keeps the records of one project in one SQLite file: it is
// an [autosession.Store], an [autosession.Archive] and an
// [autosession.Rewinder].
//
// One process writes; any number of others may read at the same time. A write
// is on the disk when it returns. Nothing needs a clean end to be correct: the
// next Open finds what was acknowledged, whatever killed the process.
//
// It is not a general database layer, it takes no lock of the project, and it
// never repairs or overwrites a file that it does not understand: it names the
// file, and a person decides ([SetAside]).
//
// Where to look: open.go opens, file.go looks at the file, migrate.go and
// migrations/ hold the tables, apply.go writes records, load.go reads them
// back, event.go does events, archive.go what Load leaves out,
// past.go what the ledger was.
package sqlite
