package claudecode

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autosession/autosession"
)

// TestSlowEmit has an Emit that does not return: what waits for it is bounded,
// and so are flush and the end.
func TestSlowEmit(t *testing.T) {
	for name, raw := range map[string]json.RawMessage{"many": nil, "huge": make(json.RawMessage, 1<<20)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				got := 0
				o := newOutbox(func(autosession.Event) error { <-release; got++; return nil })
				put := 0
				full := make(chan struct{})
				go func() {
					defer close(full)
					for range 3 * outboxEvents {
						o.put(autosession.Event{Raw: raw})
						put++
					}
				}()
				synctest.Wait()
				// Once as much is in Emit's hands.
				if put > 2*outboxEvents+2 || raw != nil && put > 2*outboxBytes/len(raw)+2 {
					t.Errorf("%d events wait", put)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				o.flush(ctx)
				if ctx.Err() == nil {
					t.Error("flushed although nothing was taken")
				}
				close(release)
				<-full
				o.flush(t.Context())
				if got != 3*outboxEvents {
					t.Errorf("%d events arrived, want %d", got, 3*outboxEvents)
				}
				o.close()
				<-o.done
				o.put(autosession.Event{})
			})
		})
	}
}

func TestEmitFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		o := newOutbox(func(autosession.Event) error { calls++; return errors.New("full") })
		for range 3 * outboxEvents {
			o.put(autosession.Event{})
		}
		o.flush(t.Context())
		<-o.failed
		if calls != 1 || o.err == nil {
			t.Errorf("Emit was called %d times, %v", calls, o.err)
		}
		o.close()
		<-o.done
	})
}
