package policy

import "testing"

// caseFiles hold all cases that are not written in Go.
var caseFiles = []string{"sample.jsonl", "adversary.jsonl", "spellings.jsonl"}

// TestAdversary judges what agents send by the thousand: ordinary work, and in
// each class of the sample what a hostile one would try in its place. The
// cases were written from the policy's page alone.
func TestAdversary(t *testing.T) {
	p := testPolicy(t)
	for _, c := range readCases(t, "adversary.jsonl") {
		checkCase(t, p, c.ID, c.Command, c.Expect == "allow")
	}
}

// TestSpellings judges the ways in which programs let one thing be written:
// abbreviations, clusters, values and paths that make or become another. Each
// has neighbours that look alike and do no harm. Most were tried with the real
// program.
func TestSpellings(t *testing.T) {
	p := testPolicy(t)
	for _, c := range readCases(t, "spellings.jsonl") {
		checkCase(t, p, c.ID, c.Command, c.Expect == "allow")
	}
}
