// Package autosessiontest holds what tests of autosession need again and
// again: one suite per interface of the root package, that every
// implementation passes, and implementations that live in memory.
//
// It is for tests. Nothing in it belongs into a program.
package autosessiontest
