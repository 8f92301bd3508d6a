package sqlite_test

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
)

// TestLedgerOfAnOlderVersion opens records that were written before the past
// of the ledger was kept: it is known from then on, and what was before is not.
func TestLedgerOfAnOlderVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	store := open(t, path)
	check(t, autosessiontest.Seed(t.Context(), store, 3))
	want, err := store.Load(t.Context())
	check(t, err)
	check(t, store.Close())
	execute(t, path, `DROP TABLE ledger_past`, `DROP TABLE checkpoint`, `DELETE FROM schema_version WHERE version_id > 20261123045500`)
	store = open(t, path)
	e := want.Ledger.Entries[1]
	e.State = autosession.FeatureProven
	check(t, store.Apply(t.Context(), autosession.Change{ID: "new", At: time.Now(), Checkpoints: []string{"new"}, Entries: map[int]autosession.LedgerEntry{1: e}}))
	got, known, err := store.LedgerAt(t.Context(), autosession.Checkpoint{ID: "new"})
	if err != nil || !known || !reflect.DeepEqual(got, want.Ledger) {
		t.Errorf("the ledger was %+v (%v, %v), want %+v", got, known, err, want.Ledger)
	}
	got, known, err = store.LedgerAt(t.Context(), autosession.Checkpoint{ID: "old", At: time.Now().Add(-time.Hour)})
	if err != nil || known {
		t.Errorf("what is not known is %+v, %v", got, err)
	}
	now, known, err := store.LedgerAt(t.Context(), autosession.Checkpoint{ID: "now", At: time.Now()})
	if err != nil || !known || now.Entries[1].State != autosession.FeatureProven {
		t.Errorf("now the ledger is %+v (%v, %v)", now, known, err)
	}
}
