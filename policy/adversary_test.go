package policy

import "testing"

// TestAdversary judges what agents send by the thousand: ordinary work, and in
// each class of the sample what a hostile one would try in its place. The
// cases were written from the policy's page alone.
func TestAdversary(t *testing.T) {
	p := testPolicy(t)
	for _, c := range readCases(t, "adversary.jsonl") {
		checkCase(t, p, c.ID, c.Command, c.Expect == "allow")
	}
}
