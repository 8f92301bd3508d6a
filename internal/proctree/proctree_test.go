package proctree

import (
	"testing"

	"pgregory.net/rapid"
)

// Below finds exactly those from which a way of parents leads to the root,
// whatever the table looks like.
func TestBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parents := rapid.SliceOfN(rapid.IntRange(0, 8), 9, 9).Draw(t, "parents")
		var list []Process
		for pid, parent := range parents {
			list = append(list, Process{PID: pid, Parent: parent})
		}
		found := map[int]bool{}
		for _, p := range Below(list, 0) {
			if found[p.PID] {
				t.Fatalf("%d is found twice", p.PID)
			}
			found[p.PID] = true
		}
		for pid := 1; pid < len(parents); pid++ {
			at := pid
			for range parents {
				if at != 0 {
					at = parents[at]
				}
			}
			if found[pid] != (at == 0) {
				t.Fatalf("%d: %v", pid, found[pid])
			}
		}
	})
}
