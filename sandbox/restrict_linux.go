package sandbox

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The Landlock rights, and the first ABI that knows what is not in all. Only
// writing is handled: what can be read is a matter of the view.
const (
	fileRights = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	treeRights = fileRights | unix.LANDLOCK_ACCESS_FS_REFER | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SYM
	deviceRights = unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK // granted nowhere

	referABI    = 2
	truncateABI = 3
)

// restrict is the layer below the view, for when that has a hole: what this
// thread starts from now on can write only below these paths and to these
// files. A kernel without Landlock restricts nothing, one with an old one less.
func restrict(writable []string, files []*os.File) error {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return nil
	}
	rights := uint64(treeRights)
	if abi < referABI {
		rights &^= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi < truncateABI {
		rights &^= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	attributes := unix.LandlockRulesetAttr{Handled_access_fs: rights | deviceRights}
	rules, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attributes)), unsafe.Sizeof(attributes.Handled_access_fs), 0)
	if errno != 0 {
		return fmt.Errorf("cannot make Landlock rules: %v", errno)
	}
	defer unix.Close(int(rules))
	var problems []error
	for _, path := range writable {
		problems = append(problems, allowPath(rules, path, rights))
	}
	for _, f := range files {
		// What it was given it may open again by its name in /dev/fd. Pipes
		// need no rule and take none.
		if err := allow(rules, int(f.Fd()), rights); err != nil && err != unix.EBADFD {
			problems = append(problems, fmt.Errorf("cannot allow a descriptor: %v", err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0); errno != 0 {
		return fmt.Errorf("cannot apply Landlock rules: %v", errno)
	}
	return nil
}

// allowPath allows to write a file, or all below a directory.
func allowPath(rules uintptr, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot open %s to allow it: %v", path, err)
	}
	defer unix.Close(fd)
	if err := allow(rules, fd, rights); err != nil {
		return fmt.Errorf("cannot allow %s: %v", path, err)
	}
	return nil
}

func allow(rules uintptr, fd int, rights uint64) error {
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= fileRights
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, rules, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
