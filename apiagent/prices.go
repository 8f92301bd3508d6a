package apiagent

import (
	"strings"

	"github.com/autosession/autosession"
)

// price is what a model costs, in USD per million tokens. Writes are those to
// the cache that lasts five minutes.
type price struct {
	model  string // how its name begins
	over   int64  // for requests with more prompt tokens than this
	input  float64
	output float64
	write  float64
	read   float64
}

// prices is the vendor's list as of November 2026.
func prices() []price {
	return []price{
		{"claude-fable-5-1", 0, 10, 50, 12.50, 0.25},
		{"claude-mythos-5-1", 0, 10, 50, 12.50, 0.25},
		{"claude-fable-5", 0, 10, 50, 12.50, 1},
		{"claude-mythos-5", 0, 10, 50, 12.50, 1},
		{"claude-opus-5-5", 0, 4, 20, 5, 0.20},
		{"claude-opus-5", 0, 5, 25, 6.25, 0.50},
		{"claude-opus-4-8", 0, 5, 25, 6.25, 0.50},
		{"claude-opus-4-7", 0, 5, 25, 6.25, 0.50},
		{"claude-opus-4-6", 0, 5, 25, 6.25, 0.50},
		{"claude-opus-4-5", 0, 5, 25, 6.25, 0.50},
		{"claude-opus-4", 0, 15, 75, 18.75, 1.50},
		{"claude-sonnet-5-5", 0, 2, 10, 2.50, 0.10},
		{"claude-sonnet-5", 0, 2, 10, 2.50, 0.20},
		{"claude-sonnet-4", 0, 3, 15, 3.75, 0.30},
		{"claude-haiku-5-5", 0, 0.10, 0.50, 0.125, 0.01},
		{"claude-haiku-5-5", 100_000, 0.50, 2.50, 0.625, 0.05},
		{"claude-haiku-4-5", 0, 1, 5, 1.25, 0.10},
	}
}

// priceOf returns the price of a request to model with so many prompt tokens:
// the row with the longest name that model begins with. For a model that is
// not in the list it is the dearest price and false.
func priceOf(model string, prompt int64) (price, bool) {
	model = baseName(model)
	var best, dearest price
	for _, p := range prices() {
		if p.output > dearest.output {
			dearest = p
		}
		if !strings.HasPrefix(model, p.model) || prompt < p.over || p.over > 0 && prompt == p.over {
			continue
		}
		if len(p.model) > len(best.model) || len(p.model) == len(best.model) && p.over > best.over {
			best = p
		}
	}
	if best.model == "" {
		return dearest, false
	}
	return best, true
}

// baseName is a model's name without what a gateway puts before it.
func baseName(model string) string {
	if i := strings.Index(model, "claude-"); i > 0 {
		return model[i:]
	}
	return model
}

// cost is what one reply cost, in USD. served is the model that the API names,
// asked the one that was asked for.
func cost(served, asked string, t autosession.Tokens) float64 {
	prompt := t.Input + t.CacheRead + t.CacheWrite
	p, known := priceOf(served, prompt)
	if !known {
		p, _ = priceOf(asked, prompt)
	}
	return (float64(t.Input)*p.input + float64(t.Output)*p.output +
		float64(t.CacheWrite)*p.write + float64(t.CacheRead)*p.read) / 1e6
}
