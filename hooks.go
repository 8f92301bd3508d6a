package autosession

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"
)

// hooks stands between an agent and its tools: the gate judges each call, and
// the feature list is looked at after each call that could have written it.
type hooks struct {
	s *Session

	// An agent may run several tools at once; the list is looked at by one
	// call after the other.
	mu sync.Mutex

	// What the list looked like when it was last seen.
	size    int64
	changed time.Time

	// The list with the agent's claims, from when it could last be read: a
	// list that is gone or broken is written again from it.
	claims *FeatureList
}

// Before asks the gate. No gate, a panic of the gate and a cancelled context
// deny.
func (h *hooks) Before(ctx context.Context, c ToolCall) (v Verdict) {
	c.Session, c.Kind, c.Granted = h.s.rec.ID, h.s.rec.Kind, h.s.p.record.Grants
	defer func() {
		if failure := recover(); failure != nil {
			v = Verdict{Rule: "gate", Reason: fmt.Sprintf("the gate failed (%v); nothing is allowed until it is mended", failure)}
		}
		if !v.Allow {
			h.denied(c, v)
		}
	}()
	switch {
	case ctx.Err() != nil:
		return Verdict{Rule: "ended", Reason: "the session is ending; no more tools are run"}
	case h.s.p.cfg.Gate == nil:
		return Verdict{Rule: "gate", Reason: "there is no gate, and without one nothing is allowed"}
	}
	return h.s.p.cfg.Gate.Judge(ctx, c)
}

func (h *hooks) denied(c ToolCall, v Verdict) {
	// A failure of the store ends the session by the agent's next event.
	_ = h.s.events.emit(Event{Type: EventDenied, Call: &c, Text: v.Reason})
}

// After looks at the feature list when it changed, and undoes at once what an
// agent may not do to it, so that the agent learns of it.
func (h *hooks) After(ctx context.Context, c ToolCall, r ToolResult) (note string) {
	p := h.s.p
	if h.s.rec.Kind == Init || p.ledger == nil || ctx.Err() != nil {
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	info, err := p.root.Lstat(ListFile)
	if err == nil && h.seen(info) {
		return ""
	}
	f := p.lookForList()
	rec := p.ledger.reconcile(f, author{name: "agent", session: h.s.rec.Number})
	if !f.missing && !f.garbled || h.claims == nil {
		claimed := rec.ledger.claimed()
		h.claims = &claimed
	}
	if len(rec.violations) > 0 {
		note = h.undo(ctx, c, f, rec)
	}
	if info, err = p.root.Lstat(ListFile); err == nil {
		h.seen(info)
	}
	return note
}

// seen remembers what the list looks like and says whether it did so before.
func (h *hooks) seen(info fs.FileInfo) bool {
	same := info.Size() == h.size && info.ModTime().Equal(h.changed) && info.Mode().IsRegular()
	h.size, h.changed = info.Size(), info.ModTime()
	return same
}

// undo writes the list back as it was, with the agent's claims in it.
func (h *hooks) undo(ctx context.Context, c ToolCall, f found, rec reconciled) string {
	p := h.s.p
	aside, err := p.keepAside(ctx, f, "")
	if err == nil {
		err = p.writeList(*h.claims)
	}
	if err != nil {
		_ = h.s.events.emit(Event{Type: EventWarning, Text: err.Error()})
		return ""
	}
	for _, entry := range rec.history {
		if entry.What == "restored" { // claims and reports are taken at CLOSE
			h.s.undone = append(h.s.undone, entry)
			_ = h.s.events.emit(Event{Type: EventViolation, Feature: entry.Feature, Text: entry.Detail, Call: &ToolCall{ID: c.ID, Tool: c.Tool}})
		}
	}
	h.s.kept = append(h.s.kept, aside)
	return "In " + ListFile + " you may only change \"passes\". This was undone: " + clip(strings.Join(rec.violations, "; "), 1000) + "."
}

// claimed is the list with pending claims shown as passing, as the agent who
// made them wants to see it.
func (l Ledger) claimed() FeatureList {
	list := l.List()
	for i, e := range l.Entries {
		list.Features[i].Passes = e.State != FeatureOpen
	}
	return list
}
