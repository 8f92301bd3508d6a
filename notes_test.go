package autosession

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSplitNotes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"a line\n", "\n", "## Session\n", "ü", strings.Repeat("x", 5000), strings.Repeat("long line ", 300) + "\n"})
		text := strings.Repeat(strings.Join(rapid.SliceOfN(piece, 1, 20).Draw(t, "pieces"), ""), rapid.SampledFrom([]int{1, 10, 3000}).Draw(t, "times"))
		if len(text) > 1<<20 {
			text = text[:1<<20]
			for !utf8.ValidString(text) {
				text = text[:len(text)-1]
			}
		}
		old, recent := splitNotes(text)
		switch {
		case old+recent != text:
			t.Fatal("something is lost")
		case len(text) <= maxNotes && old != "":
			t.Fatal("short notes are cut")
		case len(text) > maxNotes && (len(recent) > keptNotes || len(recent) < keptNotes/2):
			t.Fatalf("of %d bytes %d stay", len(text), len(recent))
		case !utf8.ValidString(recent):
			t.Fatal("a letter is cut")
		}
	})
	old, recent := splitNotes(strings.Repeat("x\n", 30_000) + "## Session 9\n" + strings.Repeat("y\n", 10_000))
	if !strings.HasPrefix(recent, "## Session 9\n") || !strings.HasSuffix(old, "x\n") {
		t.Errorf("it is not cut at the entry: %.20q", recent)
	}
}
