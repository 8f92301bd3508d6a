package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

// output is one of our streams. It remembers that something could not be
// written: whoever relies on what we print must be told.
type output struct {
	io.Writer // the stream itself

	mu     sync.Mutex
	err    error // the first
	spared bool
}

// Write writes to the stream.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// dispensable says that what could not be written is no error: all of it is
// kept in the records.
func (o *output) dispensable() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.spared = true
}

// lost is the error that something could not be written. A reader that went
// away knows, and is not told.
func (o *output) lost() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err == nil, o.spared:
		return nil
	case errors.Is(o.err, syscall.EPIPE):
		return exitError(exitUnexpected)
	}
	return fmt.Errorf("cannot print: %w", o.err)
}
