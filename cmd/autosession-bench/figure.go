package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// figure is one line of the table.
type figure struct {
	Row    string  `json:"row"`
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	P90    float64 `json:"p90"`
	N      int     `json:"n"` // samples
	Aim    float64 `json:"aim,omitempty"`
	Least  bool    `json:"least,omitempty"` // the aim is what it should reach, not what it may cost
	Met    *bool   `json:"met,omitempty"`   // by the median; absent without an aim

	// Yardstick is what was measured in the same run to compare with.
	Yardstick string  `json:"yardstick,omitempty"`
	Against   float64 `json:"against,omitempty"` // the yardstick's median
	Ratio     float64 `json:"ratio,omitempty"`   // of the median to it

	Missing string `json:"missing,omitempty"` // why it could not be measured here
}

// newFigure sums samples up. An aim of 0 is none.
func newFigure(what, unit string, aim float64, samples []float64) figure {
	s := slices.Sorted(slices.Values(samples))
	f := figure{What: what, Unit: unit, Aim: aim, N: len(s)}
	if len(s) == 0 {
		return f
	}
	f.Min, f.Median, f.P90 = s[0], s[len(s)/2], s[len(s)*9/10]
	if aim > 0 {
		met := f.Median <= aim
		f.Met = &met
	}
	return f
}

// atLeast turns the aim round: more is better.
func (f figure) atLeast() figure {
	met := f.Median >= f.Aim
	f.Least, f.Met = true, &met
	return f
}

// notMeasured is the line of what this machine lacks something for.
func notMeasured(what, why string) figure { return figure{What: what, Missing: why} }

// against names a yardstick.
func (f figure) against(name string, samples []float64) figure {
	f.Yardstick, f.Against = name, newFigure("", "", 0, samples).Median
	if f.Against != 0 {
		f.Ratio = f.Median / f.Against
	}
	return f
}

// ms turns durations into milliseconds.
func ms(samples []time.Duration) []float64 {
	out := make([]float64, len(samples))
	for i, d := range samples {
		out[i] = float64(d) / float64(time.Millisecond)
	}
	return out
}

// each joins two lists of samples that were taken in the same order.
func each(a, b []float64, join func(a, b float64) float64) []float64 {
	out := make([]float64, min(len(a), len(b)))
	for i := range out {
		out[i] = join(a[i], b[i])
	}
	return out
}

func minus(a, b float64) float64 { return a - b }
func over(a, b float64) float64  { return a / b }

// table prints figures for people.
func table(w io.Writer, figures []figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROW\tWHAT\tMEDIAN\tMIN\tP90\tN\tAIM\tMET\tYARDSTICK")
	for _, f := range figures {
		if f.Missing != "" {
			fmt.Fprintf(t, "%s\t%s\tnot measured\t-\t-\t0\t-\t-\t%s\n", f.Row, f.What, f.Missing)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", f.Row, f.What,
			number(f.Median)+" "+f.Unit, number(f.Min), number(f.P90), f.N, f.aim(), f.met(), f.yardstick())
	}
	return t.Flush()
}

func (f figure) aim() string {
	switch {
	case f.Met == nil:
		return "-"
	case f.Least:
		return ">= " + number(f.Aim)
	}
	return number(f.Aim)
}

func (f figure) met() string {
	switch {
	case f.Met == nil:
		return "-"
	case *f.Met:
		return "yes"
	}
	return "no"
}

func (f figure) yardstick() string {
	if f.Yardstick == "" {
		return ""
	}
	return fmt.Sprintf("%.2f x %s (%s)", f.Ratio, f.Yardstick, number(f.Against))
}

// number prints three digits, or all before the point.
func number(v float64) string {
	decimals := 2
	for _, limit := range []float64{10, 100} {
		if v >= limit || v <= -limit {
			decimals--
		}
	}
	return fmt.Sprintf("%.*f", cmp.Or(decimals, 0), v)
}
