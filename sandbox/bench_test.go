package sandbox

import (
	"path/filepath"
	"testing"

	"github.com/autosession/autosession"
)

// What a sandbox adds to the start of a session is the difference between the
// two; the aim is 30 ms.
func BenchmarkStart(b *testing.B) {
	for kind, open := range kinds {
		b.Run(kind, func(b *testing.B) {
			base := b.TempDir()
			box, err := open(Options{State: filepath.Join(base, "state")})
			if err != nil {
				b.Fatal(err)
			}
			scope := autosession.Scope{Session: "bench", Dir: b.TempDir(), Home: filepath.Join(base, "home")}
			for b.Loop() {
				p, err := box.Start(b.Context(), scope, autosession.Command{Path: "/bin/true"})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := p.Wait(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The aim is one second.
func BenchmarkCheck(b *testing.B) {
	for kind, open := range kinds {
		b.Run(kind, func(b *testing.B) {
			box, err := open(Options{State: b.TempDir(), Pass: []string{"GORACE"}})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				for _, c := range box.Check(b.Context()) {
					if !c.Holds {
						b.Fatal(c)
					}
				}
			}
		})
	}
}
