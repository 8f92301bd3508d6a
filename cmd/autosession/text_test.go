package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

func TestHarmless(t *testing.T) {
	for _, tt := range []struct{ text, want, lines string }{
		{"as it is: é 漢 \\", "as it is: é 漢 \\", "as it is: é 漢 \\"},
		{"one\nproven   F2", `one\u000aproven   F2`, "one\n  proven   F2"},
		{"one\r\ntwo", `one\u000d\u000atwo`, "one\\u000d\n  two"},
		{"a\tb", "a b", "a b"},
		{"\x1b[31mred\x00\x07\u0085", `\u001b[31mred\u0000\u0007\u0085`, `\u001b[31mred\u0000\u0007\u0085`},
		{"\u2028\u2029\u202e\u200b", `\u2028\u2029\u202e\u200b`, `\u2028\u2029\u202e\u200b`},
		{"\xff", "\ufffd", "\ufffd"},
	} {
		if got := harmless(tt.text); got != tt.want {
			t.Errorf("harmless(%q) = %q, want %q", tt.text, got, tt.want)
		}
		if got := harmlessLines(tt.text, "  "); got != tt.lines {
			t.Errorf("harmlessLines(%q) = %q, want %q", tt.text, got, tt.lines)
		}
	}
}

// TestOneLineEach prints features and events whose texts hold a line that looks
// like another one.
func TestOneLineEach(t *testing.T) {
	const forged = "\nproven   F2       the real thing"
	var out bytes.Buffer
	a := &app{stdout: &output{Writer: &out}}
	proof := autosession.CheckRun{Passed: true, Command: "true" + forged}
	l := autosession.Ledger{Entries: []autosession.LedgerEntry{
		{State: autosession.FeatureOpen, Feature: autosession.Feature{ID: "F1" + forged, Description: "does nothing" + forged}},
		{State: autosession.FeatureProven, Feature: autosession.Feature{ID: "F3", Description: "d"}, Proof: &proof},
	}}
	if err := a.printLedger(l); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 2 {
		t.Errorf("2 features are printed in %d lines:\n%s", lines, &out)
	}
	s := a.screen(autosession.Config{})
	for _, kind := range []autosession.EventType{
		autosession.EventClaim, autosession.EventProven, autosession.EventDisproved, autosession.EventBroken, autosession.EventViolation, autosession.EventText,
	} {
		if line := s.line(autosession.Event{Type: kind, Feature: "F1" + forged, Text: "text" + forged}); strings.Contains(line, "\n") {
			t.Errorf("%s is printed as %q", kind, line)
		}
	}
	if line := s.line(autosession.Event{Type: autosession.EventWarning, Text: "text\n  proven    F2"}); strings.Contains(line, "\n  proven") {
		t.Errorf("a warning is printed as %q", line)
	}
}
