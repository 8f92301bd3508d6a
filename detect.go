package autosession

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/autosession/autosession/internal/atomicfile"
)

// Kind is what a session is for.
type Kind string

// The kinds of sessions.
const (
	Init     Kind = "init"     // make the feature list
	Continue Kind = "continue" // work on it
)

// Detection is the kind of a project's next session, and why.
type Detection struct {
	Kind   Kind   `json:"kind"`
	Reason string `json:"reason"` // for people
	// Restore says that the list in the project is gone or broken and that
	// the ledger's is written back before the session.
	Restore bool `json:"-"`
	// Problem is set when there is a list that cannot be used and no ledger
	// to restore it from. No session opens until a person has looked.
	Problem error `json:"-"`
}

// Detect tells the kind of the next session in the project dir. ledger is what
// we know of the project: nil for one that was never seen. The error means
// that dir itself cannot be looked at.
//
// A list that is gone or broken never makes a known project new again: with a
// ledger the kind is continue, and the list is restored.
func Detect(dir string, ledger *Ledger) (Detection, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Detection{}, fmt.Errorf("cannot look at the project: %w", err)
	}
	defer root.Close()
	return detect(lookForList(root, found{}), ledger), nil
}

// found is what lies in the place of the feature list.
type found struct {
	data    []byte
	list    FeatureList
	missing bool
	wrong   error // why it is not a sound list; nil when it is one
	garbled bool  // wrong, and list holds nothing that could be used
}

// lookForList reads the project's list without following links. What was found
// before, and holds the same, is not parsed again.
func lookForList(root *os.Root, before found) found {
	data, err := atomicfile.Read(root, ListFile, MaxListSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found{missing: true}
	case err != nil:
		return found{wrong: err, garbled: true}
	case before.data != nil && bytes.Equal(data, before.data):
		return before
	}
	return parseFound(data)
}

// emptied says that a sound list holds nothing, and the ledger does.
func (f found) emptied(l Ledger) bool {
	return !f.missing && f.wrong == nil && len(f.list.Features) == 0 && len(l.Entries) > 0
}

// sum is a hash of what lies there, or "" for nothing that could be read.
func (f found) sum() string {
	if f.data == nil {
		return ""
	}
	sum := sha256.Sum256(f.data)
	return hex.EncodeToString(sum[:])
}

func parseFound(data []byte) found {
	list, err := ParseFeatureList(data)
	return found{data: data, list: list, wrong: err, garbled: err != nil && list.Features == nil}
}

// detect is the pure part of Detect.
func detect(f found, ledger *Ledger) Detection {
	switch {
	case ledger != nil && len(ledger.Entries) > 0:
		return detectKnown(f, ledger)
	case f.missing:
		return Detection{Kind: Init, Reason: "there is no " + ListFile}
	case ledger == nil:
		return detectNew(f)
	case f.wrong != nil:
		return Detection{Kind: Init, Reason: "the list that an init session left is not sound: " + f.wrong.Error()}
	}
	if ledger.Unfinished != "" && ledger.Unfinished == f.sum() {
		return Detection{Kind: Init, Reason: fmt.Sprintf("the session that made %s died half-way, with %d features in it", ListFile, len(f.list.Features))}
	}
	if unsound := f.list.Sound(1); unsound != "" {
		return Detection{Kind: Init, Reason: ListFile + " is not sound: " + unsound}
	}
	return Detection{Kind: Continue, Reason: fmt.Sprintf("%s holds %d features", ListFile, len(f.list.Features))}
}

func detectKnown(f found, ledger *Ledger) Detection {
	// What a person changed counts from the next start on.
	t := ledger.reconcile(f, author{name: "person"}).ledger.Tally()
	switch {
	case f.missing:
		return Detection{Kind: Continue, Restore: true, Reason: fmt.Sprintf("%s is gone; it is written again from the ledger, which holds its %d features", ListFile, t.Total)}
	case f.wrong != nil:
		return Detection{Kind: Continue, Restore: true, Reason: fmt.Sprintf("%v; it is kept aside and written again from the ledger, which holds its %d features", f.wrong, t.Total)}
	}
	if f.emptied(*ledger) {
		return Detection{Kind: Continue, Restore: true, Reason: fmt.Sprintf("%s holds no features; it is kept aside and written again from the ledger, which holds its %d features (autosession features reset starts over)", ListFile, t.Total)}
	}
	return Detection{Kind: Continue, Reason: fmt.Sprintf("%d of %d features are open", t.Open, t.Total)}
}

// detectNew judges a list that was made by hand or by another tool.
func detectNew(f found) Detection {
	if f.wrong != nil {
		return Detection{
			Kind:    Continue,
			Reason:  fmt.Sprintf("%v; nothing starts until it is mended, or removed for a new beginning", f.wrong),
			Problem: f.wrong,
		}
	}
	if len(f.list.Features) == 0 {
		return Detection{Kind: Init, Reason: ListFile + " holds no features"}
	}
	open := 0
	for _, feature := range f.list.Features {
		if !feature.Passes {
			open++
		}
	}
	return Detection{Kind: Continue, Reason: fmt.Sprintf("%s was there before; %d of its %d features are open", ListFile, open, len(f.list.Features))}
}
