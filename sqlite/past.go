package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/autosession/autosession"
)

// saveCheckpoints notes that the ledger is what it was when these were saved.
func saveCheckpoints(ctx context.Context, tx *sql.Tx, ids []string) error {
	const query = `INSERT INTO checkpoint (id, ledger) VALUES (?, (SELECT coalesce(max(n), 0) FROM ledger_past))
		ON CONFLICT (id) DO UPDATE SET ledger = excluded.ledger`
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, query, id); err != nil {
			return err
		}
	}
	return nil
}

// keep writes one row of the ledger where it is now, and where it stays. The
// position is nil for the ledger's frame.
func keep(ctx context.Context, tx *sql.Tx, at time.Time, position, record any, write func(record string) error) error {
	const query = `INSERT INTO ledger_past (at, position, record) VALUES (?, ?, ?)`
	text, err := encode(record)
	if err != nil {
		return err
	}
	if err := write(text); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query, moment(at), position, text)
	return err
}

// LedgerAt returns what the ledger was when a checkpoint was saved. Of one that
// no change named it is what the ledger was at that time.
func (s *Store) LedgerAt(ctx context.Context, c autosession.Checkpoint) (*autosession.Ledger, bool, error) {
	const what = "read what the ledger was"
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, false, s.explain(what, err)
	}
	defer tx.Rollback() // nothing was written
	last, known, err := pastAt(ctx, tx, c)
	if err != nil {
		return nil, false, s.explain(what, err)
	}
	l, err := past(ctx, tx, last)
	if err != nil {
		return nil, false, s.explain(what, err)
	}
	return l, known, nil
}

// pastAt is the last row of ledger_past that a checkpoint goes back to.
func pastAt(ctx context.Context, tx *sql.Tx, c autosession.Checkpoint) (last int64, known bool, err error) {
	const named = `SELECT ledger FROM checkpoint WHERE id = ?`
	err = tx.QueryRowContext(ctx, named, c.ID).Scan(&last)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return last, err == nil, err
	}
	const then = `SELECT coalesce(max(n), 0) FROM ledger_past WHERE at <= ?`
	err = tx.QueryRowContext(ctx, then, moment(c.At)).Scan(&last)
	return last, err == nil && last > 0, err
}

// past puts together the ledger that ends with a row of ledger_past, or nil for
// none.
func past(ctx context.Context, tx *sql.Tx, last int64) (*autosession.Ledger, error) {
	const query = `SELECT position, record FROM ledger_past
		WHERE n BETWEEN (SELECT max(n) FROM ledger_past WHERE position IS NULL AND n <= ?1) AND ?1 ORDER BY n`
	rows, err := tx.QueryContext(ctx, query, last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var l *autosession.Ledger
	var entries []string
	for rows.Next() {
		var position sql.NullInt64
		var record string
		if err := rows.Scan(&position, &record); err != nil {
			return nil, err
		}
		switch n := int(position.Int64); {
		case !position.Valid:
			frame, err := decode[autosession.Ledger](record)
			if err != nil {
				return nil, err
			}
			l = &frame
		case n == len(entries):
			entries = append(entries, record)
		case n < 0 || n > len(entries):
			return nil, recordError{fmt.Errorf("an entry at position %d follows %d", n, len(entries))}
		default:
			entries[n] = record
		}
	}
	if err := rows.Err(); err != nil || l == nil {
		return nil, err
	}
	for _, record := range entries {
		e, err := decode[autosession.LedgerEntry](record)
		if err != nil {
			return nil, err
		}
		l.Entries = append(l.Entries, e)
	}
	return l, nil
}
