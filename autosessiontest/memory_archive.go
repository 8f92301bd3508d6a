package autosessiontest

import (
	"context"
	"iter"
	"slices"

	"github.com/autosession/autosession"
)

// Session returns the session that was given this number.
func (m *Memory) Session(_ context.Context, number int) (autosession.SessionRecord, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.kept.sessions {
		if number > 0 && r.Number == number {
			r, err := clone(r)
			return r, err == nil, err
		}
	}
	return autosession.SessionRecord{}, false, nil
}

// Checks returns the last n runs of a feature's check, newest first.
func (m *Memory) Checks(_ context.Context, feature string, n int) ([]autosession.CheckRun, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return newest(m.kept.checks, n, func(r autosession.CheckRun) bool { return r.Feature == feature })
}

// History returns the last n changes of a feature, newest first.
func (m *Memory) History(_ context.Context, feature string, n int) ([]autosession.HistoryEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return newest(m.kept.history, n, func(h autosession.HistoryEntry) bool { return h.Feature == feature })
}

// Chain yields all changes of all features, oldest first.
func (m *Memory) Chain(context.Context) iter.Seq2[autosession.HistoryEntry, error] {
	return func(yield func(autosession.HistoryEntry, error) bool) {
		m.mu.Lock()
		all, err := clone(m.kept.history)
		m.mu.Unlock()
		if err != nil {
			yield(autosession.HistoryEntry{}, err)
			return
		}
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// LedgerAt returns what the ledger was when a checkpoint was saved.
func (m *Memory) LedgerAt(_ context.Context, c autosession.Checkpoint) (*autosession.Ledger, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, known := m.kept.saved[c.ID]
	if !known {
		for i, p := range m.kept.past {
			if !p.at.IsZero() && !p.at.After(c.At) {
				n, known = i+1, true
			}
		}
	}
	if n == 0 {
		return nil, known, nil
	}
	l, err := clone(m.kept.past[n-1].ledger)
	return l, err == nil, err
}

// newest returns copies of the last n values that match, the newest first.
func newest[T any](all []T, n int, match func(T) bool) ([]T, error) {
	var out []T
	for _, v := range slices.Backward(all) {
		if len(out) >= n {
			break
		}
		if match(v) {
			out = append(out, v)
		}
	}
	return clone(out)
}
