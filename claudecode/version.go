package claudecode

import (
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
				"Claude Code %s is too old: %s or newer is needed; run `claude update`", version, OldestVersion))
		}
	}
	return nil
}

func numbers(version string) (n [3]int, ok bool) {
	version, _, _ = strings.Cut(strings.TrimSpace(version), " ")
	version, _, _ = strings.Cut(version, "-")
	parts := strings.Split(version, ".")
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
