package autosessiontest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/autosession/autosession"
)

// testManyAtOnce lets writers and readers meet. Run it with -race.
func testManyAtOnce(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	const writers, batches, size = 4, 10, 3
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		writing.Go(func() { writeSome(t, store, w, batches, size) })
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					lookAround(t, store)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	store = reopen()
	contiguous(t, events(t, store, "shared", 0), 1, writers*batches*size)
	if got := load(t, store); got.Counted != writers*batches || got.Spent.Sessions != got.Counted {
		t.Errorf("counted %d, spent on %d, want %d", got.Counted, got.Spent.Sessions, writers*batches)
	}
}

// writeSome appends to a session that others append to as well, and records
// sessions of its own.
func writeSome(t *testing.T, store autosession.Store, writer, batches, size int) {
	for b := range batches {
		e := said(size)
		for i := range e {
			e[i].Text, e[i].N = fmt.Sprint("writer ", writer), int64(b)
		}
		if err := store.Append(t.Context(), "shared", e); err != nil {
			t.Errorf("Append: %v", err)
			return
		}
		r := session(writer*batches+b+1, autosession.PhaseEnded)
		if err := store.Apply(t.Context(), autosession.Change{ID: r.ID, Session: &r}); err != nil {
			t.Errorf("Apply: %v", err)
			return
		}
	}
}

// lookAround sees that what is visible is whole: sums that belong to the
// sessions, events without a gap and in whole batches.
func lookAround(t *testing.T, store autosession.Store) {
	snapshot, err := store.Load(t.Context())
	if err != nil {
		t.Errorf("Load: %v", err)
		return
	}
	if n := min(snapshot.Spent.Sessions, autosession.RecentSessions); n != len(snapshot.Sessions) {
		t.Errorf("a snapshot has %d sessions and spent on %d", len(snapshot.Sessions), snapshot.Spent.Sessions)
	}
	seq, last := int64(0), autosession.Event{}
	for e, err := range store.Events(t.Context(), "shared", 0) {
		if err != nil {
			t.Errorf("Events: %v", err)
			return
		}
		if e.Seq != seq+1 {
			t.Errorf("event %d follows %d", e.Seq, seq)
		}
		if seq%3 != 0 && (e.Text != last.Text || e.N != last.N) {
			t.Errorf("event %d of one batch lies in the middle of another", e.Seq)
		}
		seq, last = e.Seq, e
	}
	if seq%3 != 0 {
		t.Errorf("%d events are visible, and batches have 3", seq)
	}
}
