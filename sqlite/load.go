package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/autosession/autosession"
)

// Load returns what a start needs, all of one moment.
func (s *Store) Load(ctx context.Context) (autosession.Snapshot, error) {
	var snapshot autosession.Snapshot
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return snapshot, s.explain("load", err)
	}
	defer tx.Rollback() // nothing was written
	for _, load := range []func(context.Context, *sql.Tx, *autosession.Snapshot) error{
		loadProject, loadLedger, loadSessions, loadRun, loadDecision,
	} {
		if err := load(ctx, tx, &snapshot); err != nil {
			return autosession.Snapshot{}, s.explain("load", err)
		}
	}
	return snapshot, nil
}

// loadProject reads the project's one row, and the frame of its ledger.
func loadProject(ctx context.Context, tx *sql.Tx, snapshot *autosession.Snapshot) error {
	const query = `SELECT record, ledger, sessions, cost_usd, tokens, active,
		(SELECT coalesce(max(number), 0) FROM session WHERE number > 0) FROM project`
	var record, ledger sql.NullString
	spent := &snapshot.Spent
	err := tx.QueryRowContext(ctx, query).Scan(&record, &ledger,
		&spent.Sessions, &spent.CostUSD, &spent.Tokens, &spent.Active, &snapshot.Counted)
	if err != nil {
		return err
	}
	if record.Valid {
		if snapshot.Project, err = decode[autosession.ProjectRecord](record.String); err != nil {
			return err
		}
	}
	if ledger.Valid {
		frame, err := decode[autosession.Ledger](ledger.String)
		if err != nil {
			return err
		}
		snapshot.Ledger = &frame
	}
	return nil
}

func loadLedger(ctx context.Context, tx *sql.Tx, snapshot *autosession.Snapshot) (err error) {
	const query = `SELECT record FROM ledger_entry ORDER BY position`
	if snapshot.Ledger == nil {
		return nil
	}
	snapshot.Ledger.Entries, err = records[autosession.LedgerEntry](ctx, tx, query)
	return err
}

func loadSessions(ctx context.Context, tx *sql.Tx, snapshot *autosession.Snapshot) (err error) {
	const (
		ended   = `SELECT record FROM session WHERE counts ORDER BY number DESC LIMIT ?`
		pending = `SELECT record FROM session WHERE phase IN ('prepared', 'running', 'closing') ORDER BY n`
	)
	snapshot.Sessions, err = records[autosession.SessionRecord](ctx, tx, ended, autosession.RecentSessions)
	if err != nil {
		return err
	}
	slices.Reverse(snapshot.Sessions)
	snapshot.Pending, err = records[autosession.SessionRecord](ctx, tx, pending)
	if err != nil {
		return err
	}
	return loadUsage(ctx, tx, snapshot.Pending)
}

// loadUsage takes what a running session has used from its last event: its
// record says so only when it ends.
func loadUsage(ctx context.Context, tx *sql.Tx, pending []autosession.SessionRecord) error {
	const query = `SELECT record FROM event WHERE session = ? ORDER BY seq DESC LIMIT 1`
	for i := range pending {
		r := &pending[i]
		if r.Phase != autosession.PhaseRunning {
			continue
		}
		e, err := last[autosession.Event](ctx, tx, query, r.ID)
		if err != nil {
			return err
		}
		if e != nil {
			r.Usage = e.Usage
		}
	}
	return nil
}

func loadRun(ctx context.Context, tx *sql.Tx, snapshot *autosession.Snapshot) (err error) {
	const query = `SELECT record FROM run ORDER BY n DESC LIMIT 1`
	snapshot.Run, err = last[autosession.RunRecord](ctx, tx, query)
	return err
}

func loadDecision(ctx context.Context, tx *sql.Tx, snapshot *autosession.Snapshot) (err error) {
	const query = `SELECT record FROM decision ORDER BY n DESC LIMIT 1`
	snapshot.Decision, err = last[autosession.Decision](ctx, tx, query)
	return err
}

// querier is a transaction, or a pool where one statement is enough.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// records returns all records that a query selects.
func records[T any](ctx context.Context, q querier, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		record, err := decode[T](text)
		if err != nil {
			return nil, err
		}
		out = append(out, record)
	}
	return out, rows.Err()
}

// last returns the one record that a query selects, or nil.
func last[T any](ctx context.Context, q querier, query string, args ...any) (*T, error) {
	var text string
	err := q.QueryRowContext(ctx, query, args...).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	record, err := decode[T](text)
	return &record, err
}
