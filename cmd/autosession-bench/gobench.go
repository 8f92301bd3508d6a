package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// module is where the Go benchmarks are.
const module = "github.com/autosession/autosession"

// reconcile runs the Go benchmark of the ledger's comparison with the list.
func reconcile(ctx context.Context, _ *lab) ([]figure, error) {
	got, err := goBench(ctx, module, "BenchmarkReconcile", "-count=10", "-benchtime=20x")
	if err != nil {
		return nil, err
	}
	var out []figure
	for _, c := range []struct {
		features int
		aim      float64
	}{{200, 1}, {10_000, 50}} {
		samples := got[fmt.Sprintf("%d ns/op", c.features)]
		for i := range samples {
			samples[i] /= 1e6
		}
		out = append(out, newFigure(fmt.Sprintf("reconcile alone, %d features", c.features), "ms", c.aim, samples))
	}
	return out, nil
}

// checkpoint runs the Go benchmark of checkpoints of 20,000 files.
func checkpoint(ctx context.Context, _ *lab) ([]figure, error) {
	got, err := goBench(ctx, module+"/git", "BenchmarkSave", "-benchtime=1x", "-count=3")
	if err != nil {
		return nil, err
	}
	var out []figure
	for _, c := range []struct{ key, what string }{
		{"first", "first checkpoint of 20,000 files"},
		{"changed", "checkpoint with 10 of 20,000 files changed"},
		{"none", "checkpoint with none of 20,000 files changed"},
	} {
		out = append(out,
			newFigure(c.what, "ms", 0, got[" ms-"+c.key]),
			newFigure("the same, against git add -A && git commit", "times", 1.2, got[" x-"+c.key]))
	}
	return out, nil
}

// goBench runs a Go benchmark and returns its samples by the last part of the
// benchmark's name and the unit.
func goBench(ctx context.Context, pkg, name string, flags ...string) (map[string][]float64, error) {
	args := append([]string{"test", "-run=^$", "-bench=^" + name + "$"}, flags...)
	text, err := output(exec.CommandContext(ctx, "go", append(args, pkg)...))
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	got := map[string][]float64{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], name) {
			continue
		}
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("cannot read what %s printed: %w\n%s", name, err, text)
			}
			key := variant(fields[0]) + " " + fields[i+1]
			got[key] = append(got[key], v)
		}
	}
	if len(got) == 0 {
		return nil, fmt.Errorf("cannot find %s in %s", name, pkg)
	}
	return got, nil
}

// variant is what follows the slash of a benchmark's name, without the number
// of processors.
func variant(name string) string {
	_, variant, _ := strings.Cut(name, "/")
	if i := strings.LastIndexByte(variant, '-'); i >= 0 {
		variant = variant[:i]
	}
	return variant
}
