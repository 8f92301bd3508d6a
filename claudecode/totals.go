package claudecode

import (
	"context"
	"encoding/json"
	"time"
)

// The program is asked for its totals at most this often. For a subscription
// it asks its vendor in turn, so that it is asked rarely.
const (
	askEvery             = 10 * time.Second
	askEverySubscription = 5 * time.Minute
	askLimit             = 30 * time.Second
)

// sessionUsage is the program's answer to get_usage.
type sessionUsage struct {
	Session struct {
		Cost   float64               `json:"total_cost_usd"`
		Models map[string]modelUsage `json:"model_usage"`
	} `json:"session"`
}

// askTotals asks the program what was spent, if it is time to, so that a cost
// is known before the turn's result. It is called with mu held.
func (c *conversation) askTotals(ctx context.Context, now time.Time) {
	every := askEvery
	if c.info.Lane == laneSubscription {
		every = askEverySubscription
	}
	if c.mute || now.Sub(c.asked) < every {
		return
	}
	c.asked = now
	c.ask(ctx, controlSubtype{"get_usage"}, func(raw json.RawMessage, err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.mute = err != nil
		if err == nil {
			c.totals(raw)
		}
	})
}

// totals takes the program's answer. It is called with mu held.
func (c *conversation) totals(raw json.RawMessage) {
	var u sessionUsage
	if json.Unmarshal(raw, &u) == nil {
		c.meter.total(u.Session.Cost, u.Session.Models)
	}
}

// ask sends a control request and does not wait: then runs on a goroutine of
// its own. Without a live program nothing happens.
func (c *conversation) ask(ctx context.Context, request any, then func(json.RawMessage, error)) {
	if c.wire.begin() != nil {
		return
	}
	go func() {
		defer c.wire.work.Done()
		ctx, cancel := context.WithTimeout(ctx, askLimit)
		defer cancel()
		then(c.wire.request(ctx, request))
	}()
}
