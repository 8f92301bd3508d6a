package sqlite_test

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

// BenchmarkAppend saves events in batches as a busy session brings them.
func BenchmarkAppend(b *testing.B) {
	const batch = 2000
	store := open(b, filepath.Join(b.TempDir(), "state.db"))
	events := make([]autosession.Event, batch)
	for i := range events {
		events[i] = autosession.Event{
			Time: time.Now(), Type: autosession.EventToolCall, Session: 3,
			Call:  &autosession.ToolCall{ID: "toolu_17", Tool: "Bash", Input: json.RawMessage(`{"command":"go test ./...","description":"Run the tests"}`)},
			Usage: autosession.Usage{Turns: i, Tokens: autosession.Tokens{Input: int64(i), Output: 7}},
		}
	}
	for b.Loop() {
		if err := store.Append(b.Context(), "5e551011-0000-4000-8000-000000000000", events); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/event")
}
