package autosession

import (
	"context"
	"encoding/json"
	"iter"
	"testing"
	"time"
)

// written is an Archive whose history was written down and is read again.
type written struct {
	Archive
	lines [][]byte
}

func write(t *testing.T, entries []HistoryEntry) written {
	var w written
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		w.lines = append(w.lines, line)
	}
	return w
}

func (w written) Chain(context.Context) iter.Seq2[HistoryEntry, error] {
	return func(yield func(HistoryEntry, error) bool) {
		for _, line := range w.lines {
			var e HistoryEntry
			err := json.Unmarshal(line, &e)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// FuzzHistory writes any history down. It is believed as it was written, and
// not with any part of it changed, left out, doubled or moved.
func FuzzHistory(f *testing.F) {
	f.Add("F1", "agent", "claimed", "", int64(0), 1)
	f.Add("", "check", "proven", "test -f hello, exit 0", int64(1_700_000_000_123_456_789), 7)
	f.Add("\xff", "<person>", "a\u2028b", "\x00\xed\xa0\x80", int64(-5), -1)
	f.Fuzz(func(t *testing.T, feature, by, what, detail string, at int64, session int) {
		entries := []HistoryEntry{
			{Feature: feature, By: by, What: what, Detail: detail, Session: session, At: time.Unix(0, at)},
			{Feature: "F2", By: "person", What: "reset", At: time.Unix(0, at).UTC()},
			{Feature: by, By: feature, What: detail, Detail: what, At: time.Unix(0, at+1).UTC()},
		}
		first := chain(Link{}, entries[:1]) // in two changes, as they come
		head := chain(first, entries[1:])
		if n, err := VerifyHistory(t.Context(), write(t, entries), head); err != nil || n != 3 {
			t.Fatalf("%d entries: %v", n, err)
		}
		other := func(change func(e []HistoryEntry) []HistoryEntry) []HistoryEntry {
			return change(append([]HistoryEntry{}, entries...))
		}
		for name, forged := range map[string][]HistoryEntry{
			"detail":   other(func(e []HistoryEntry) []HistoryEntry { e[0].Detail += "x"; return e }),
			"feature":  other(func(e []HistoryEntry) []HistoryEntry { e[0].Feature = "x" + e[0].Feature; return e }),
			"author":   other(func(e []HistoryEntry) []HistoryEntry { e[1].By = "agent"; return e }),
			"what":     other(func(e []HistoryEntry) []HistoryEntry { e[1].What = "proven"; return e }),
			"session":  other(func(e []HistoryEntry) []HistoryEntry { e[2].Session++; return e }),
			"moment":   other(func(e []HistoryEntry) []HistoryEntry { e[2].At = e[2].At.Add(1); return e }),
			"number":   other(func(e []HistoryEntry) []HistoryEntry { e[1].N++; return e }),
			"left out": other(func(e []HistoryEntry) []HistoryEntry { return append(e[:1], e[2]) }),
			"cut":      other(func(e []HistoryEntry) []HistoryEntry { return e[:2] }),
			"doubled":  other(func(e []HistoryEntry) []HistoryEntry { return append(e, e[2]) }),
			"moved":    other(func(e []HistoryEntry) []HistoryEntry { e[1], e[2] = e[2], e[1]; return e }),
			"begun":    other(func(e []HistoryEntry) []HistoryEntry { return e[1:] }),
		} {
			if _, err := VerifyHistory(t.Context(), write(t, forged), head); err == nil {
				t.Errorf("%s: a forged history is believed", name)
			}
		}
	})
}
