package autosessiontest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/autosession/autosession"
)

var (
	_ autosession.Store    = (*Memory)(nil)
	_ autosession.Archive  = (*Memory)(nil)
	_ autosession.Rewinder = (*Memory)(nil)
)

// Memory is an [autosession.Store] with all that is optional. It keeps
// everything in memory. Records go in and out as copies, by way of JSON, as
// they do in a real store.
type Memory struct {
	mu   sync.Mutex
	kept state
}

// state is all that a Memory knows. Apply works on a copy, so that a change
// that fails half-way leaves nothing behind.
type state struct {
	applied   map[string]bool
	project   autosession.ProjectRecord
	ledger    *autosession.Ledger
	sessions  []autosession.SessionRecord // as they were prepared
	runs      []autosession.RunRecord
	decisions []autosession.Decision
	history   []autosession.HistoryEntry
	checks    []autosession.CheckRun
	events    map[string][]autosession.Event
	past      []past         // what the ledger was, oldest first
	saved     map[string]int // how many of past there were when a checkpoint was saved, by id
}

// past is the ledger from a change on.
type past struct {
	at     time.Time
	ledger *autosession.Ledger
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{kept: state{applied: map[string]bool{}, events: map[string][]autosession.Event{}, saved: map[string]int{}}}
}

// Load returns what a start needs.
func (m *Memory) Load(ctx context.Context) (autosession.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return autosession.Snapshot{}, fmt.Errorf("cannot load: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return clone(m.kept.snapshot())
}

func (s state) snapshot() autosession.Snapshot {
	out := autosession.Snapshot{Project: s.project, Ledger: s.ledger}
	for _, r := range s.sessions {
		out.Counted = max(out.Counted, r.Number)
		switch r.Phase {
		case autosession.PhasePrepared, autosession.PhaseRunning, autosession.PhaseClosing:
			if e := s.events[r.ID]; len(e) > 0 && r.Phase == autosession.PhaseRunning {
				r.Usage = e[len(e)-1].Usage
			}
			out.Pending = append(out.Pending, r)
		case autosession.PhaseEnded:
			if r.Number > 0 {
				out.Sessions = append(out.Sessions, r)
				out.Spent = out.Spent.Add(r.Usage, r.Active)
			}
		}
	}
	slices.SortFunc(out.Sessions, func(a, b autosession.SessionRecord) int { return a.Number - b.Number })
	out.Sessions = out.Sessions[max(0, len(out.Sessions)-autosession.RecentSessions):]
	if n := len(s.runs); n > 0 {
		out.Run = &s.runs[n-1]
	}
	if n := len(s.decisions); n > 0 {
		out.Decision = &s.decisions[n-1]
	}
	return out
}

// Apply makes one change, or none of it.
func (m *Memory) Apply(ctx context.Context, c autosession.Change) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("cannot apply change %s: %w", c.ID, err)
	}
	if c.ID == "" {
		return errors.New("cannot apply a change without an id")
	}
	c, err := clone(c)
	if err != nil {
		return fmt.Errorf("cannot apply change %s: %w", c.ID, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept.applied[c.ID] {
		return nil
	}
	next, err := m.kept.with(c)
	if err != nil {
		return fmt.Errorf("cannot apply change %s: %w", c.ID, err)
	}
	next.applied[c.ID] = true
	m.kept = next
	return nil
}

// with returns s with one more change. What s holds is not touched.
func (s state) with(c autosession.Change) (state, error) {
	if c.Project != nil {
		s.project = *c.Project
	}
	var err error
	if c.Run != nil {
		if s.runs, err = put(s.runs, *c.Run, runID); err != nil {
			return s, err
		}
	}
	if c.Session != nil {
		if err := s.refuseNumber(*c.Session); err != nil {
			return s, err
		}
		if s.sessions, err = put(s.sessions, *c.Session, sessionID); err != nil {
			return s, err
		}
	}
	s.saved = maps.Clone(s.saved)
	for _, id := range c.Checkpoints {
		s.saved[id] = len(s.past)
	}
	if c.Ledger != nil {
		s.ledger = c.Ledger
	}
	if s.ledger, err = withEntries(s.ledger, c.Entries); err != nil {
		return s, err
	}
	if c.Ledger != nil || len(c.Entries) > 0 {
		s.past = append(slices.Clip(s.past), past{c.At, s.ledger})
	}
	s.history = append(slices.Clip(s.history), c.History...)
	s.checks = append(slices.Clip(s.checks), c.Checks...)
	if c.Decision != nil {
		s.decisions = append(slices.Clip(s.decisions), *c.Decision)
	}
	return s, nil
}

func runID(r autosession.RunRecord) string         { return r.ID }
func sessionID(r autosession.SessionRecord) string { return r.ID }

// put returns list with r in the place of the record that has its id, or at
// the end.
func put[T any](list []T, r T, id func(T) string) ([]T, error) {
	if id(r) == "" {
		return nil, fmt.Errorf("%T has no id", r)
	}
	list = slices.Clone(list)
	i := slices.IndexFunc(list, func(known T) bool { return id(known) == id(r) })
	if i < 0 {
		return append(list, r), nil
	}
	list[i] = r
	return list, nil
}

// refuseNumber refuses a number that another session has.
func (s state) refuseNumber(r autosession.SessionRecord) error {
	for _, known := range s.sessions {
		if r.Number > 0 && known.Number == r.Number && known.ID != r.ID {
			return fmt.Errorf("number %d belongs to session %s", r.Number, known.ID)
		}
	}
	return nil
}

func withEntries(l *autosession.Ledger, entries map[int]autosession.LedgerEntry) (*autosession.Ledger, error) {
	if len(entries) == 0 {
		return l, nil
	}
	if l == nil {
		return nil, errors.New("there is no ledger yet")
	}
	next := *l
	next.Entries = slices.Clone(l.Entries)
	for position, e := range entries {
		if position < 0 || position >= len(next.Entries) {
			return nil, fmt.Errorf("the ledger has no entry at position %d", position)
		}
		next.Entries[position] = e
	}
	return &next, nil
}

// Append adds events to a session and numbers them.
func (m *Memory) Append(ctx context.Context, session string, e []autosession.Event) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("cannot save events of session %s: %w", session, err)
	}
	if session == "" {
		return errors.New("cannot save events without the id of their session")
	}
	e, err := clone(e)
	if err != nil {
		return fmt.Errorf("cannot save events of session %s: %w", session, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.kept.events[session]
	for i := range e {
		e[i].Seq = int64(len(known) + i + 1)
	}
	m.kept.events[session] = append(known, e...)
	return nil
}

// Events yields the events of a session whose Seq is at least from, as they
// are when the first one is asked for.
func (m *Memory) Events(ctx context.Context, session string, from int64) iter.Seq2[autosession.Event, error] {
	return func(yield func(autosession.Event, error) bool) {
		m.mu.Lock()
		events := m.kept.events[session]
		m.mu.Unlock()
		for _, e := range events[min(max(0, from-1), int64(len(events))):] {
			err := ctx.Err()
			if err == nil {
				e, err = clone(e)
			}
			if err != nil {
				yield(autosession.Event{}, fmt.Errorf("cannot read events of session %s: %w", session, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// clone copies a value by way of JSON, as a store does that writes it down.
func clone[T any](v T) (T, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	var copied T
	if err := enc.Encode(v); err != nil {
		return copied, err
	}
	return copied, json.Unmarshal(b.Bytes(), &copied)
}
