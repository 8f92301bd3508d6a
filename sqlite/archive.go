package sqlite

import (
	"context"

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
