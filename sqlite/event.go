package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/autosession/autosession"
)

// Append adds events to a session in one transaction and numbers them. Raw is
// not saved. The session needs no record yet.
func (s *Store) Append(ctx context.Context, session string, e []autosession.Event) error {
	if session == "" {
		return errors.New("cannot save events without the id of their session")
	}
	if len(e) == 0 {
		return nil
	}
	return s.transact(ctx, "save events of session "+session, func(tx *sql.Tx) error {
		return appendEvents(ctx, tx, session, e)
	})
}

// rows is how many events one statement adds: the cost of a statement is then
// shared, and more would gain nothing.
const rows = 64

func appendEvents(ctx context.Context, tx *sql.Tx, session string, events []autosession.Event) error {
	const last = `SELECT coalesce(max(seq), 0) FROM event WHERE session = ?`
	var seq int64
	if err := tx.QueryRowContext(ctx, last, session).Scan(&seq); err != nil {
		return err
	}
	whole, err := tx.PrepareContext(ctx, addRows(rows))
	if err != nil {
		return err
	}
	defer whole.Close()
	for part := range slices.Chunk(events, rows) {
		args, err := columns(session, seq, part)
		if err != nil {
			return err
		}
		if len(part) == rows {
			_, err = whole.ExecContext(ctx, args...)
		} else {
			_, err = tx.ExecContext(ctx, addRows(len(part)), args...)
		}
		if err != nil {
			return err
		}
		seq += int64(len(part))
	}
	return nil
}

// addRows is a statement that adds n events of one session.
func addRows(n int) string {
	const row = `(?1, ?, ?, ?, ?)`
	return `INSERT INTO event (session, seq, at, type, record) VALUES ` + row + strings.Repeat(`, `+row, n-1)
}

// columns are the arguments of addRows for events that follow on seq.
func columns(session string, seq int64, events []autosession.Event) ([]any, error) {
	args := []any{session}
	for _, e := range events {
		e.Seq = 0 // the column holds it
		record, err := encode(e)
		if err != nil {
			return nil, err
		}
		seq++
		args = append(args, seq, moment(e.Time), string(e.Type), record)
	}
	return args, nil
}

// Events yields the events of a session whose Seq is at least from, also those
// that are appended meanwhile. It holds no connection while the caller looks
// at an event, so a slow caller keeps nobody waiting.
func (s *Store) Events(ctx context.Context, session string, from int64) iter.Seq2[autosession.Event, error] {
	return func(yield func(autosession.Event, error) bool) {
		next := from
		for {
			page, err := s.page(ctx, session, next)
			if err != nil {
				yield(autosession.Event{}, s.explain("read events of session "+session, err))
				return
			}
			if len(page) == 0 {
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			next = page[len(page)-1].Seq + 1
		}
	}
}

// A page of events is bounded in number and in size: one event may be large.
const (
	pageEvents = 256
	pageBytes  = 1 << 20
)

// page reads the next events.
func (s *Store) page(ctx context.Context, session string, from int64) ([]autosession.Event, error) {
	const query = `SELECT seq, record FROM event WHERE session = ? AND seq >= ? ORDER BY seq LIMIT ?`
	found, err := s.read.QueryContext(ctx, query, session, from, pageEvents)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var page []autosession.Event
	for size := 0; size < pageBytes && found.Next(); {
		var seq int64
		var text string
		if err := found.Scan(&seq, &text); err != nil {
			return nil, err
		}
		e, err := decode[autosession.Event](text)
		if err != nil {
			return nil, err
		}
		e.Seq = seq
		size += len(text)
		page = append(page, e)
	}
	return page, found.Err()
}
