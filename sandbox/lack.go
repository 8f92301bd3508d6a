package sandbox

import (
	"strings"

	"github.com/autosession/autosession"
)

// lack is something that a sandbox would hold, and cannot on this machine.
type lack struct {
	what string
	help string // what to do about it
}

// named adds what is lacking to a sandbox's name.
func named(name string, lacks []lack) string {
	if len(lacks) == 0 {
		return name
	}
	var what []string
	for _, l := range lacks {
		what = append(what, l.what)
	}
	return name + " (without: " + strings.Join(what, ", ") + ")"
}

// known shows what is lacking among the canaries. They hold: nothing is other
// than the sandbox's name says.
func known(lacks []lack) []autosession.Canary {
	var all []autosession.Canary
	for _, l := range lacks {
		all = append(all, autosession.Canary{Name: "not held here", Holds: true, Missing: l.what, Detail: l.help})
	}
	return all
}

// helpGroups says how to get control groups.
const helpGroups = "there is no control group that we may divide: start it in one of its own (systemd-run --user --scope), or as root"

// lacks names the limits that need a group where there is none.
func (g groups) lacks(l Limits, root bool) []lack {
	var all []lack
	if l.Processes >= 0 && !g.processes && root {
		all = append(all, lack{"a limit on processes", helpGroups})
	}
	if l.Memory >= 0 && !g.memory {
		all = append(all, lack{"a limit on memory", helpGroups})
	}
	return all
}
