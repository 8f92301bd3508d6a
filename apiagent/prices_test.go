package apiagent

import (
	"math"
	"testing"

	"github.com/autosession/autosession"
)

func TestPriceOf(t *testing.T) {
	for _, test := range []struct {
		model  string
		prompt int64
		output float64
		known  bool
	}{
		{"claude-sonnet-4-5-20250929", 0, 15, true},
		{"claude-sonnet-4-6", 500_000, 15, true},
		{"claude-opus-4-20250514", 0, 75, true},
		{"claude-opus-4-1-20250805", 0, 75, true},
		{"claude-opus-4-5-20251101", 0, 25, true},
		{"claude-opus-5-5", 0, 20, true},
		{"claude-opus-5", 0, 25, true},
		{"anthropic/claude-haiku-4-5", 0, 5, true},
		{"claude-haiku-5-5", 100_000, 0.5, true},
		{"claude-haiku-5-5", 100_001, 2.5, true},
		{"claude-next", 0, 75, false},
		{"", 0, 75, false},
	} {
		p, known := priceOf(test.model, test.prompt)
		if p.output != test.output || known != test.known {
			t.Errorf("%s: %v USD, %v", test.model, p.output, known)
		}
	}
}

func TestCost(t *testing.T) {
	used := autosession.Tokens{Input: 1e6, Output: 1e6, CacheRead: 1e6, CacheWrite: 1e6}
	if got := cost("claude-sonnet-4-5", "", used); math.Abs(got-22.05) > 1e-9 {
		t.Errorf("the cost is %v", got)
	}
	if got := cost("", "claude-haiku-4-5", autosession.Tokens{Output: 1e6}); math.Abs(got-5) > 1e-9 {
		t.Errorf("the cost is %v", got)
	}
}

func TestPricesAreSound(t *testing.T) {
	for _, p := range prices() {
		if !(0 < p.read && p.read < p.input && p.input < p.write && p.write < p.output) {
			t.Errorf("the price of %s makes no sense: %+v", p.model, p)
		}
		if got, known := priceOf(p.model, p.over+1); !known || got.model != p.model {
			t.Errorf("%s is priced as %s", p.model, got.model)
		}
	}
}

func TestWindowOf(t *testing.T) {
	for model, want := range map[string]int64{
		"claude-sonnet-4-5-20250929": 200_000, "claude-opus-4-1": 200_000, "claude-opus-4-6": 1_000_000,
		"claude-sonnet-5-5": 1_000_000, "unknown": 200_000,
	} {
		if got := windowOf(model); got != want {
			t.Errorf("%s has %d", model, got)
		}
	}
}
