package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"github.com/autosession/autosession/sqlite"
)

func TestStore(t *testing.T) {
	autosessiontest.TestStore(t, func(t testing.TB) (autosession.Store, func() autosession.Store) {
		path := filepath.Join(t.TempDir(), "state.db")
		return open(t, path), func() autosession.Store { return open(t, path) }
	})
}

// open opens a store until the end of the test.
func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open(%s): %v", path, err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}
