package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/autosession/autosession"
)

// Apply makes one change in one transaction, or none of it. A change that was
// applied before is not applied again. The change and the records in it must
// have ids, and no two sessions the same number.
func (s *Store) Apply(ctx context.Context, c autosession.Change) error {
	if c.ID == "" {
		return errors.New("cannot apply a change without an id")
	}
	return s.transact(ctx, "apply change "+c.ID, func(tx *sql.Tx) error {
		fresh, err := remember(ctx, tx, c)
		if err != nil || !fresh {
			return err
		}
		return change(ctx, tx, c)
	})
}

// transact runs do in a transaction of the writer.
func (s *Store) transact(ctx context.Context, what string, do func(tx *sql.Tx) error) error {
	if s.write == nil {
		return fmt.Errorf("cannot %s in %s: it is open to read only", what, s.path)
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(what, err)
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := do(tx); err != nil {
		return s.explain(what, err)
	}
	if err := tx.Commit(); err != nil {
		return s.explain(what, err)
	}
	return nil
}

// remember notes the change's id and says whether it is new.
func remember(ctx context.Context, tx *sql.Tx, c autosession.Change) (bool, error) {
	const query = `INSERT INTO change (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING`
	result, err := tx.ExecContext(ctx, query, c.ID, moment(c.At))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// change writes each part of c.
func change(ctx context.Context, tx *sql.Tx, c autosession.Change) error {
	if c.Project != nil {
		if err := saveProject(ctx, tx, *c.Project); err != nil {
			return err
		}
	}
	if c.Run != nil {
		if err := saveRun(ctx, tx, *c.Run); err != nil {
			return err
		}
	}
	if c.Session != nil {
		if err := saveSession(ctx, tx, *c.Session); err != nil {
			return err
		}
	}
	if err := saveCheckpoints(ctx, tx, c.Checkpoints); err != nil {
		return err
	}
	if c.Ledger != nil {
		if err := saveLedger(ctx, tx, c.At, *c.Ledger); err != nil {
			return err
		}
	}
	for _, position := range slices.Sorted(maps.Keys(c.Entries)) {
		if err := replaceEntry(ctx, tx, c.At, position, c.Entries[position]); err != nil {
			return err
		}
	}
	return add(ctx, tx, c)
}

// add writes the parts of c that are only ever added.
func add(ctx context.Context, tx *sql.Tx, c autosession.Change) error {
	for _, h := range c.History {
		if err := addHistory(ctx, tx, h); err != nil {
			return err
		}
	}
	for _, run := range c.Checks {
		if err := addCheck(ctx, tx, run); err != nil {
			return err
		}
	}
	if c.Decision != nil {
		return addDecision(ctx, tx, c.At, *c.Decision)
	}
	return nil
}

func saveProject(ctx context.Context, tx *sql.Tx, p autosession.ProjectRecord) error {
	const query = `UPDATE project SET record = ?`
	return insert(ctx, tx, query, p)
}

func saveRun(ctx context.Context, tx *sql.Tx, r autosession.RunRecord) error {
	const query = `INSERT INTO run (id, started, ended, record) VALUES (?2, ?3, ?4, ?1)
		ON CONFLICT (id) DO UPDATE SET started = excluded.started, ended = excluded.ended, record = excluded.record`
	if r.ID == "" {
		return errors.New("cannot save a run without an id")
	}
	return insert(ctx, tx, query, r, r.ID, moment(r.Started), moment(r.Ended))
}

func saveSession(ctx context.Context, tx *sql.Tx, r autosession.SessionRecord) error {
	const query = `INSERT INTO session (id, run, number, kind, phase, outcome, tokens, cost_usd, active, started, ended, record)
		VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?1)
		ON CONFLICT (id) DO UPDATE SET run = excluded.run, number = excluded.number, kind = excluded.kind,
			phase = excluded.phase, outcome = excluded.outcome, tokens = excluded.tokens, cost_usd = excluded.cost_usd,
			active = excluded.active, started = excluded.started, ended = excluded.ended, record = excluded.record`
	if r.ID == "" {
		return errors.New("cannot save a session without an id")
	}
	return insert(ctx, tx, query, r, r.ID, r.Run, r.Number, string(r.Kind), string(r.Phase), string(r.Outcome.Class),
		r.Usage.Tokens.Total(), r.Usage.CostUSD, r.Active, moment(r.Started), moment(r.Ended))
}

// saveLedger replaces the whole ledger.
func saveLedger(ctx context.Context, tx *sql.Tx, at time.Time, l autosession.Ledger) error {
	const (
		empty = `DELETE FROM ledger_entry`
		frame = `UPDATE project SET ledger = ?`
		entry = `INSERT INTO ledger_entry (position, state, record) VALUES (?, ?, ?)`
	)
	if _, err := tx.ExecContext(ctx, empty); err != nil {
		return err
	}
	entries := l.Entries
	l.Entries = nil
	if err := keep(ctx, tx, at, nil, l, func(record string) error {
		_, err := tx.ExecContext(ctx, frame, record)
		return err
	}); err != nil {
		return err
	}
	for position, e := range entries {
		if err := keep(ctx, tx, at, position, e, func(record string) error {
			_, err := tx.ExecContext(ctx, entry, position, string(e.State), record)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// replaceEntry replaces one entry that is there.
func replaceEntry(ctx context.Context, tx *sql.Tx, at time.Time, position int, e autosession.LedgerEntry) error {
	const query = `UPDATE ledger_entry SET state = ?, record = ? WHERE position = ?`
	return keep(ctx, tx, at, position, e, func(record string) error {
		result, err := tx.ExecContext(ctx, query, string(e.State), record, position)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fmt.Errorf("the ledger has no entry at position %d", position)
	})
}

func addHistory(ctx context.Context, tx *sql.Tx, h autosession.HistoryEntry) error {
	const query = `INSERT INTO history (at, feature, author, session, what, record) VALUES (?2, ?3, ?4, ?5, ?6, ?1)`
	return insert(ctx, tx, query, h, moment(h.At), h.Feature, h.By, h.Session, h.What)
}

func addCheck(ctx context.Context, tx *sql.Tx, r autosession.CheckRun) error {
	const query = `INSERT INTO check_run (at, feature, session, passed, record) VALUES (?2, ?3, ?4, ?5, ?1)`
	return insert(ctx, tx, query, r, moment(r.At), r.Feature, r.Session, r.Passed)
}

func addDecision(ctx context.Context, tx *sql.Tx, at time.Time, d autosession.Decision) error {
	const query = `INSERT INTO decision (at, action, reason, record) VALUES (?2, ?3, ?4, ?1)`
	return insert(ctx, tx, query, d, moment(at), string(d.Action), d.Reason)
}

// insert runs query with the encoded record as its first argument.
func insert(ctx context.Context, tx *sql.Tx, query string, record any, columns ...any) error {
	text, err := encode(record)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, query, append([]any{text}, columns...)...)
	return err
}
