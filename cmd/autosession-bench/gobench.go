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
		samples := scale(got[fmt.Sprintf("%d ns/op", c.features)], 1e-6)
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

// verdict runs the Go benchmarks of the policy over its sample.
func verdict(ctx context.Context, _ *lab) ([]figure, error) {
	var took [2][]float64
	for i, name := range []string{"BenchmarkVerdict", "BenchmarkParseOnly"} {
		got, err := goBench(ctx, module+"/policy", name, "-count=5", "-benchtime=300ms")
		if err != nil {
			return nil, err
		}
		took[i] = scale(got[" ns/op"], 1e-3)
	}
	return []figure{
		newFigure("a verdict of the policy, mean over the sample", "us", 15, took[0]).against("parsing alone", took[1]),
		newFigure("the same, against parsing alone", "times", 6, each(took[0], took[1], over)),
	}, nil
}

// canaries runs the Go benchmark of a run's canaries.
func canaries(ctx context.Context, _ *lab) ([]figure, error) {
	got, err := goBench(ctx, module+"/sandbox", "BenchmarkCheck", "-count=5", "-benchtime=1x")
	if err != nil {
		return nil, err
	}
	return []figure{newFigure("the canaries of a run, bubblewrap", "s", 1, scale(got["bubblewrap ns/op"], 1e-9))}, nil
}

// throughput runs the Go benchmark of the gateway.
func throughput(ctx context.Context, _ *lab) ([]figure, error) {
	got, err := goBench(ctx, module+"/gateway", "BenchmarkThroughput", "-count=3", "-benchtime=300ms")
	if err != nil {
		return nil, err
	}
	var out []figure
	for _, c := range []struct{ key, direct, what string }{
		{"endpoint", "direct", "through the gateway to a model without TLS"},
		{"tls/endpoint", "tls/direct", "through the gateway to a model with TLS"},
		{"tls/tunnel", "tls/direct", "through the gateway's proxy by name, TLS"},
	} {
		through, direct := got[c.key+" MB/s"], got[c.direct+" MB/s"]
		out = append(out,
			newFigure(c.what, "MB/s", 0, through).against("a direct connection", direct),
			newFigure("the same, against a direct connection", "times", 0.5, each(through, direct, over)).atLeast())
	}
	return out, nil
}

func scale(samples []float64, by float64) []float64 {
	return each(samples, samples, func(v, _ float64) float64 { return v * by })
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
