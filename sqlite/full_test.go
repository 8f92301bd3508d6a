package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

// TestFullDisk bounds the file as a full disk does, and frees it again.
func TestFullDisk(t *testing.T) {
	store, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	limit := func(pages string) {
		if _, err := store.write.ExecContext(t.Context(), `PRAGMA max_page_count = `+pages); err != nil {
			t.Fatal(err)
		}
	}
	batch := []autosession.Event{{Type: autosession.EventText, Text: strings.Repeat("x", 100_000)}}
	limit("60")
	saved := 0
	for err == nil {
		if err = store.Append(t.Context(), "s", append(batch, batch...)); err == nil {
			saved += 2
		}
	}
	if saved > 4 || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("after %d events: %v", saved, err)
	}
	if _, err := store.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	limit("100000")
	if err := store.Append(t.Context(), "s", batch); err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	for e, err := range store.Events(t.Context(), "s", 0) {
		if err != nil || e.Seq != last+1 {
			t.Fatalf("event %d follows %d, %v", e.Seq, last, err)
		}
		last = e.Seq
	}
	if last != int64(saved+1) {
		t.Errorf("%d events, want %d", last, saved+1)
	}
	if err := store.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
