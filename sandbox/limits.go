package sandbox

import "fmt"

// Limits bounds what one confined tree may use. 0 is the default, a negative
// value is no limit. How long it may run is for its caller, see
// [autosession.Process].Stop.
type Limits struct {
	// Processes is how many processes and threads it may have at a time: one
	// more fails with EAGAIN. Default: 4096.
	Processes int64
	// Memory is how many bytes all of it may use, its temporary directory
	// included: what would use more is killed. Default, and most: three
	// quarters of the machine's.
	Memory int64
	// FileSize is how many bytes one file may have: a longer write is ended by
	// SIGXFSZ. Default: 16 GiB.
	FileSize int64
	// OpenFiles is how many descriptors one process may have. Default: 65536.
	OpenFiles int64
	// Temp is how many bytes its private temporary directory may hold, which
	// lies in memory as far as it is used. Default: 2 GiB.
	Temp int64
	// Reserve is how many bytes stay free on the file systems of the project
	// and of our state: where there are less the tree is ended. Default:
	// 1 GiB, or 2 % of a file system that is small.
	Reserve int64
}

// checked returns l with its defaults, but for Reserve, which depends on the
// file system.
func (l Limits) checked() Limits {
	for _, one := range []struct {
		limit    *int64
		standard int64
	}{{&l.Processes, 4096}, {&l.Memory, machineMemory() / 4 * 3}, {&l.FileSize, 16 << 30}, {&l.OpenFiles, 1 << 16}, {&l.Temp, 2 << 30}} {
		if *one.limit == 0 {
			*one.limit = one.standard
		}
	}
	l.Memory = min(l.Memory, machineMemory()/4*3)
	return l
}

// spareProcesses is what a warden, which the kernel counts too, may need
// beside its tree.
const spareProcesses = 32

// size is a number of bytes for people.
func size(bytes uint64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	value, unit := float64(bytes), 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.4g %s", value, units[unit])
}
