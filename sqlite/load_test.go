package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/autosession/autosession/autosessiontest"
)

// The two must be about the same: Load does not grow with what was recorded.
func BenchmarkLoad10(b *testing.B)    { benchmarkLoad(b, 10) }
func BenchmarkLoad10000(b *testing.B) { benchmarkLoad(b, 10_000) }

func benchmarkLoad(b *testing.B, sessions int) {
	store := open(b, filepath.Join(b.TempDir(), "state.db"))
	if err := autosessiontest.Seed(b.Context(), store, sessions); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := store.Load(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestSeed(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "state.db"))
	const n = 60
	if err := autosessiontest.Seed(t.Context(), store, n); err != nil {
		t.Fatal(err)
	}
	got, err := store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Counted != n || got.Spent.Sessions != n || len(got.Pending) != 0 || len(got.Ledger.Entries) == 0 {
		t.Errorf("counted %d, spent on %d, %d pending", got.Counted, got.Spent.Sessions, len(got.Pending))
	}
}
