package claudecode

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/autosession/autosession"
)

// OldestVersion is the oldest version of the program that this package is
// known to drive.
const OldestVersion = "2.1.0"

// checkVersion refuses a version that is too old. One that cannot be read is
// taken for a new one.
func checkVersion(version string) error {
	have, ok := numbers(version)
	oldest, _ := numbers(OldestVersion)
	if !ok {
		return nil
	}
	for i := range oldest {
		switch {
		case have[i] > oldest[i]:
			return nil
		case have[i] < oldest[i]:
			return blocked(autosession.BlockAgent, fmt.Sprintf(
				"Claude Code %s is too old: %s or newer is needed; run `claude update`", plainVersion(version), OldestVersion))
		}
	}
	return nil
}

// probe runs the program to tell its version, "" where it does not.
func probe(ctx context.Context, path string, t autosession.Task) string {
	ctx, cancel := context.WithTimeout(ctx, detailLimit)
	defer cancel()
	var said tail
	p, err := t.Start(ctx, autosession.Command{Path: path, Args: []string{"--version"}, Dir: t.Dir, Stdout: &said})
	if err != nil {
		return ""
	}
	defer context.AfterFunc(ctx, func() { _ = p.Stop(0) })()
	_, _ = p.Wait() // what it said is all that counts
	return said.String()
}

func numbers(version string) (n [3]int, ok bool) {
	number, _, _ := strings.Cut(plainVersion(version), "-")
	parts := strings.Split(number, ".")
	if len(parts) != len(n) {
		return n, false
	}
	for i, p := range parts {
		var err error
		if n[i], err = strconv.Atoi(p); err != nil {
			return n, false
		}
	}
	return n, true
}

// plainVersion leaves out the name that --version adds.
func plainVersion(version string) string {
	version, _, _ = strings.Cut(strings.TrimSpace(version), " ")
	return version
}
