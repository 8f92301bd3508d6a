// Package layout holds tests alone: of how the packages of this module may
// import each other, and of what the documents say about the code. It is no
// place for the tests of what a package does.
package layout
