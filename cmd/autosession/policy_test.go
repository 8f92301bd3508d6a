package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/policy"
)

// TestPermitsAreSettings compares the exceptions that the configuration knows
// with those of the policy.
func TestPermitsAreSettings(t *testing.T) {
	i := slices.IndexFunc(config.Settings(), func(s config.Setting) bool { return s.Name == "permit" })
	got, want := config.Settings()[i].Choices, slices.Sorted(maps.Keys(policy.Permits()))
	if !slices.Equal(got, want) {
		t.Errorf("the configuration knows %q, the policy %q", got, want)
	}
}
