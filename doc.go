// Package autosession runs a coding agent in sessions, one after another, on
// one project directory, until the project's feature list is done.
package autosession
