package fakemodel

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// problem is one thing that is wrong in a scenario.
type problem struct {
	line int
	text string
}

// problems is the error that names everything that is wrong in a scenario.
type problems struct {
	file string // "" when it was not read from a file
	list []problem
}

func (p *problems) add(line int, format string, args ...any) {
	p.list = append(p.list, problem{line, fmt.Sprintf(format, args...)})
}

// err returns nil when there are none.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	return p
}

// Error is one line for each problem, in the order of the file.
func (p *problems) Error() string {
	var b strings.Builder
	b.WriteString("cannot play the scenario")
	if p.file != "" {
		b.WriteString(" " + p.file)
	}
	b.WriteString(":")
	for _, q := range p.list {
		fmt.Fprintf(&b, "\n  line %d: %s", q.line, q.text)
	}
	return b.String()
}
