package git_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession/git"
)

// BenchmarkSave compares Save with a plain git add and git commit on the same
// tree of 20,000 files: the first time, with 10 files changed, and with none.
// The metrics x-first, x-changed are our time over that of git; aim at 1.2.
func BenchmarkSave(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		plain, copied := filepath.Join(dir, "plain"), filepath.Join(dir, "ours")
		makeLarge(b, plain)
		makeLarge(b, copied)
		runGit(b, plain, "init", "-q")
		runGit(b, plain, "config", "gc.auto", "0") // it would go on after its commit
		runGit(b, plain, "config", "maintenance.auto", "false")
		r, err := git.Open(git.Options{Dir: copied, Store: filepath.Join(dir, "store")})
		if err != nil {
			b.Fatal(err)
		}
		commit := func() {
			runGit(b, plain, "add", "-A")
			runGit(b, plain, "commit", "-q", "--allow-empty", "-m", "x")
		}
		save := func() {
			if _, err := r.Save(context.Background(), "x"); err != nil {
				b.Fatal(err)
			}
		}
		compare(b, "first", commit, save)
		for round := range 3 {
			changeSome(b, plain, round)
			changeSome(b, copied, round)
			compare(b, "changed", commit, save)
		}
		compare(b, "none", commit, save)
		r.Close()
	}
}

func compare(b *testing.B, what string, theirs, ours func()) {
	start := time.Now()
	theirs()
	middle := time.Now()
	ours()
	b.ReportMetric(float64(time.Since(middle).Milliseconds()), "ms-"+what)
	b.ReportMetric(float64(time.Since(middle))/float64(middle.Sub(start)), "x-"+what)
}

func makeLarge(b *testing.B, dir string) {
	b.Helper()
	for i := range 20_000 {
		path := filepath.Join(dir, fmt.Sprintf("pkg%03d/sub%d/file%05d.go", i/100, i%5, i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		text := strings.Repeat(fmt.Sprintf("line of file %d\n", i), 1+i%200)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

func changeSome(b *testing.B, dir string, round int) {
	b.Helper()
	for i := range 10 {
		n := i * 1987
		path := filepath.Join(dir, fmt.Sprintf("pkg%03d/sub%d/file%05d.go", n/100, n%5, n))
		if err := os.WriteFile(path, fmt.Appendf(nil, "round %d of %d\n", round, i), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}
