package autosession

import "time"

// Tokens counts what a model read and wrote.
type Tokens struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`
}

// Total is the sum of all four counts.
func (t Tokens) Total() int64 { return t.Input + t.Output + t.CacheRead + t.CacheWrite }

// Add returns the sum of t and u.
func (t Tokens) Add(u Tokens) Tokens {
	return Tokens{
		Input:      t.Input + u.Input,
		Output:     t.Output + u.Output,
		CacheRead:  t.CacheRead + u.CacheRead,
		CacheWrite: t.CacheWrite + u.CacheWrite,
	}
}

// Usage is what one session spent. In events it is cumulative from the
// conversation's start, so that the last one that was saved is the truth when
// a process dies.
type Usage struct {
	Turns   int     `json:"turns"` // round trips to the model
	Tokens  Tokens  `json:"tokens"`
	CostUSD float64 `json:"cost_usd"` // an estimate from list prices
}

// Spent is the sum over several sessions.
type Spent struct {
	Sessions int           `json:"sessions"` // that were prompted; resumed ones count
	CostUSD  float64       `json:"cost_usd"`
	Tokens   int64         `json:"tokens"` // all four kinds
	Active   time.Duration `json:"active"` // inside sessions and their checks, without waits
}

// Add returns s with one more session of usage u that took active.
func (s Spent) Add(u Usage, active time.Duration) Spent {
	return Spent{
		Sessions: s.Sessions + 1,
		CostUSD:  s.CostUSD + u.CostUSD,
		Tokens:   s.Tokens + u.Tokens.Total(),
		Active:   s.Active + active,
	}
}

// Limits is what may be spent. A zero field is unlimited.
type Limits struct {
	Sessions int           `json:"sessions,omitempty"`
	CostUSD  float64       `json:"cost_usd,omitempty"`
	Tokens   int64         `json:"tokens,omitempty"`
	Active   time.Duration `json:"active,omitempty"`
}

// Reached names the first limit that s reaches: "iterations", "cost",
// "tokens", "duration", or "" when all of them leave room.
func (l Limits) Reached(s Spent) string {
	switch {
	case l.Sessions > 0 && s.Sessions >= l.Sessions:
		return "iterations"
	case l.CostUSD > 0 && s.CostUSD >= l.CostUSD:
		return "cost"
	case l.Tokens > 0 && s.Tokens >= l.Tokens:
		return "tokens"
	case l.Active > 0 && s.Active >= l.Active:
		return "duration"
	}
	return ""
}
