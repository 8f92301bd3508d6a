package sqlite

import (
	"context"
	"iter"

	"github.com/autosession/autosession"
)

// Session returns the session that was given this number.
func (s *Store) Session(ctx context.Context, number int) (autosession.SessionRecord, bool, error) {
	const query = `SELECT record FROM session WHERE number = ? AND number > 0`
	record, err := last[autosession.SessionRecord](ctx, s.read, query, number)
	if err != nil {
		return autosession.SessionRecord{}, false, s.explain("read a session", err)
	}
	if record == nil {
		return autosession.SessionRecord{}, false, nil
	}
	return *record, true, nil
}

// Checks returns the last n runs of a feature's check, newest first.
func (s *Store) Checks(ctx context.Context, feature string, n int) ([]autosession.CheckRun, error) {
	const query = `SELECT record FROM check_run WHERE feature = ? ORDER BY n DESC LIMIT ?`
	runs, err := records[autosession.CheckRun](ctx, s.read, query, feature, max(0, n))
	if err != nil {
		return nil, s.explain("read the checks of "+feature, err)
	}
	return runs, nil
}

// History returns the last n changes of a feature, newest first.
func (s *Store) History(ctx context.Context, feature string, n int) ([]autosession.HistoryEntry, error) {
	const query = `SELECT record FROM history WHERE feature = ? ORDER BY n DESC LIMIT ?`
	entries, err := records[autosession.HistoryEntry](ctx, s.read, query, feature, max(0, n))
	if err != nil {
		return nil, s.explain("read the history of "+feature, err)
	}
	return entries, nil
}

// Chain yields all changes of all features, oldest first.
func (s *Store) Chain(ctx context.Context) iter.Seq2[autosession.HistoryEntry, error] {
	const query = `SELECT record FROM history WHERE n > ? ORDER BY n LIMIT ?`
	return func(yield func(autosession.HistoryEntry, error) bool) {
		for after := int64(0); ; after += pageEvents {
			page, err := records[autosession.HistoryEntry](ctx, s.read, query, after, pageEvents)
			if err != nil {
				yield(autosession.HistoryEntry{}, s.explain("read the history", err))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if len(page) < pageEvents {
				return
			}
		}
	}
}
