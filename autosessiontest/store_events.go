package autosessiontest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

// said makes n events.
func said(n int) []autosession.Event {
	out := make([]autosession.Event, n)
	for i := range out {
		out[i] = autosession.Event{Time: noon, Type: autosession.EventText, Text: fmt.Sprint("word ", i)}
	}
	return out
}

// appendTo appends what must be saved.
func appendTo(t testing.TB, store autosession.Store, session string, e ...autosession.Event) {
	t.Helper()
	if err := store.Append(t.Context(), session, e); err != nil {
		t.Fatalf("Append(%s, %d events): %v", session, len(e), err)
	}
}

// contiguous fails the test when the events do not count up from first.
func contiguous(t testing.TB, e []autosession.Event, first int64, n int) {
	t.Helper()
	if len(e) != n {
		t.Fatalf("%d events, want %d", len(e), n)
	}
	for i := range e {
		if want := first + int64(i); e[i].Seq != want {
			t.Fatalf("event %d has Seq %d, want %d", i, e[i].Seq, want)
		}
	}
}

func testEventsNumbered(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	batch := said(3)
	batch[1].Seq = 77 // the store's to set
	appendTo(t, store, "a", batch...)
	if batch[0].Seq != 0 || batch[1].Seq != 77 {
		t.Error("Append writes to the caller's events")
	}
	appendTo(t, store, "b", said(2)...)
	appendTo(t, store, "a")
	store = reopen()
	appendTo(t, store, "a", said(4)...)
	contiguous(t, events(t, store, "a", 1), 1, 7)
	contiguous(t, events(t, store, "b", 0), 1, 2)
}

func testRunningUsage(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	rec := autosession.SessionRecord{ID: "s", Number: 1, Kind: autosession.Init, Phase: autosession.PhaseRunning}
	apply(t, store, autosession.Change{ID: "c", At: noon, Session: &rec})
	batch := said(3)
	for i := range batch {
		batch[i].Usage = autosession.Usage{Turns: i, CostUSD: 0.25 * float64(i), Tokens: autosession.Tokens{Input: int64(100 * i)}}
	}
	appendTo(t, store, "s", batch...)
	appendTo(t, store, "another", said(1)...)
	if got := load(t, reopen()).Pending; len(got) != 1 || got[0].Usage != batch[2].Usage {
		t.Errorf("pending = %+v, want the usage of the last event, %+v", got, batch[2].Usage)
	}
	rec.Phase, rec.Usage = autosession.PhaseClosing, autosession.Usage{Turns: 9}
	apply(t, store, autosession.Change{ID: "d", At: noon, Session: &rec})
	if got := load(t, store).Pending; len(got) != 1 || got[0].Usage != rec.Usage {
		t.Errorf("pending = %+v, want what the record says when it closes", got)
	}
}

func testEventsAtomic(t *testing.T, open OpenStore) {
	store, _ := open(t)
	appendTo(t, store, "s", said(2)...)
	batch := said(5)
	batch[4].Call = &autosession.ToolCall{Tool: "Bash", Input: json.RawMessage(`{"cut`)}
	if err := store.Append(t.Context(), "s", batch); err == nil {
		t.Fatal("Append takes an event that is no JSON")
	}
	contiguous(t, events(t, store, "s", 0), 1, 2)
	appendTo(t, store, "s", said(1)...)
	contiguous(t, events(t, store, "s", 0), 1, 3)
}

func testEventsFrom(t *testing.T, open OpenStore) {
	store, _ := open(t)
	const n = 600 // more than one page of a store that pages
	appendTo(t, store, "s", said(n)...)
	for _, from := range []int64{-5, 0, 1, 2, 255, 256, 257, 258, n, n + 1, n + 1000} {
		first := max(1, from)
		contiguous(t, events(t, store, "s", from), first, int(max(0, n-first+1)))
	}
}

func testEventsStop(t *testing.T, open OpenStore) {
	store, _ := open(t)
	appendTo(t, store, "s", said(20)...)
	for range 50 { // what is not released would be used up
		for e, err := range store.Events(t.Context(), "s", 0) {
			if err != nil {
				t.Fatal(err)
			}
			// A caller may use the store while it looks at an event.
			load(t, store)
			if e.Seq == 3 {
				break
			}
		}
	}
	appendTo(t, store, "s", said(1)...)
	seq := store.Events(t.Context(), "s", 20)
	for range 2 { // an iterator can be used twice
		n := 0
		for _, err := range seq {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 2 {
			t.Errorf("%d events from 20, want 2", n)
		}
	}
}

func testEventsLarge(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	large := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	batch := said(4)
	for i := range batch {
		batch[i].Text = large
	}
	appendTo(t, store, "s", batch...)
	appendTo(t, store, "s", said(3)...)
	got := events(t, reopen(), "s", 0)
	contiguous(t, got, 1, 7)
	for _, e := range got[:4] {
		if e.Text != large {
			t.Fatalf("event %d has %d bytes of text, want %d", e.Seq, len(e.Text), len(large))
		}
	}
}

func testEventFields(t *testing.T, open OpenStore) {
	store, reopen := open(t)
	e := autosession.Event{
		Time: noon, Type: autosession.EventToolResult, Session: 3, Kind: autosession.Init, Text: "<a> & \x00 b", N: 9,
		Feature: "f", Call: &autosession.ToolCall{ID: "c", Tool: "Bash", Input: json.RawMessage(`{"command":"a < b && c"}`)},
		Result: &autosession.ToolResult{IsError: true, Text: "no", Bytes: 2, Duration: time.Second}, Until: noon,
		Usage: autosession.Usage{Turns: 1, Tokens: autosession.Tokens{Input: 5}, CostUSD: 0.5}, Context: 0.25,
		Outcome:  &autosession.Outcome{Class: autosession.OutcomeDone},
		Decision: &autosession.Decision{Action: autosession.ActionStart, Reason: "continue"},
		Raw:      json.RawMessage(`{"secret":true}`),
	}
	appendTo(t, store, "s", e)
	got := events(t, reopen(), "s", 0)
	if len(got) != 1 || got[0].Raw != nil {
		t.Fatalf("%d events, raw %s; the raw frame goes to the transcript", len(got), got[0].Raw)
	}
	if string(got[0].Call.Input) != string(e.Call.Input) {
		t.Errorf("the tool's input comes back as %s", got[0].Call.Input)
	}
	e.Seq = 1
	same(t, "the event", got[0], e)
}

func testEventsContext(t *testing.T, open OpenStore) {
	store, _ := open(t)
	appendTo(t, store, "s", said(3)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs []error
	for _, err := range store.Events(ctx, "s", 0) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("Events with an ended context yields the errors %v, want one and no event", errs)
	}
}
