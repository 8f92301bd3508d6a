package autosession

import (
	"fmt"
	"testing"
)

// The aims are 1 ms with 200 features and 50 ms with 10,000.
func BenchmarkReconcile(b *testing.B) {
	for _, n := range []int{200, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var list FeatureList
			for i := range n {
				list.Features = append(list.Features, Feature{
					ID: fmt.Sprintf("F%05d", i), Category: "functional",
					Description: fmt.Sprintf("The program does what paragraph %d of the spec asks for", i),
					Steps:       []string{"Start the program", "Use it", "See that it did"},
				})
			}
			data, err := list.Format()
			if err != nil {
				b.Fatal(err)
			}
			l := newLedger(parseFound(data).list, 1)
			left := parseFound(data)
			left.list.Features[n/2].Passes = true
			b.ReportAllocs()
			for b.Loop() {
				if r := l.reconcile(left, author{name: "agent", session: 2}); len(r.claims) != 1 {
					b.Fatal("the claim was not seen")
				}
			}
		})
	}
}
