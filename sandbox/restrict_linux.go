package sandbox

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The Landlock rights, and the first ABI that knows what is not in all.
const (
	fileRights = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	treeRights = fileRights | unix.LANDLOCK_ACCESS_FS_REFER | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SYM
	deviceRights   = unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK // granted nowhere
	readFileRights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE
	readRights     = readFileRights | unix.LANDLOCK_ACCESS_FS_READ_DIR

	// Sockets of others, by their paths; those of the tree's own it never is
	// about. Granted for the gateway alone.
	socketRights = unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX

	referABI    = 2
	truncateABI = 3
	scopeABI    = 6
	socketABI   = 9
)

// landlockABI is the version of Landlock that the kernel has, or 0.
func landlockABI() int {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(abi)
}

// restrict is the layer below the view, for when that has a hole: what this
// thread starts from now on can write only below these paths and to these
// files. A kernel without Landlock restricts nothing, one with an old one less.
//
// Where there is no view it is the layer: if readable is not nil it can also
// read only there, and where it can write.
func restrict(writable, readable []string, files []*os.File) error {
	abi := landlockABI()
	if abi == 0 && readable == nil {
		return nil
	}
	rights := uint64(treeRights)
	if abi < referABI {
		rights &^= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi < truncateABI {
		rights &^= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	attributes := unix.LandlockRulesetAttr{}
	length := unsafe.Sizeof(attributes.Handled_access_fs)
	if readable != nil {
		rights |= readRights
		if abi >= scopeABI {
			attributes.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
			length = unsafe.Offsetof(attributes.Quiet_access_fs)
		}
	}
	attributes.Handled_access_fs = rights | deviceRights
	if abi >= socketABI {
		attributes.Handled_access_fs |= socketRights
	}
	rules, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attributes)), length, 0)
	if errno != 0 {
		return fmt.Errorf("cannot make Landlock rules: %v", errno)
	}
	defer unix.Close(int(rules))
	if err := allowAll(rules, rights, writable, readable, files); err != nil {
		return err
	}
	if abi >= socketABI {
		if err := allowPath(rules, GatewaySocket, socketRights); err != nil {
			return err
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0); errno != 0 {
		return fmt.Errorf("cannot apply Landlock rules: %v", errno)
	}
	return nil
}

// allowAll adds the rules.
func allowAll(rules uintptr, rights uint64, writable, readable []string, files []*os.File) error {
	var problems []error
	for _, path := range writable {
		problems = append(problems, allowPath(rules, path, rights))
	}
	for _, path := range readable {
		problems = append(problems, allowPath(rules, path, readRights))
	}
	for _, f := range files {
		// What it was given it may open again by its name in /dev/fd. Pipes
		// need no rule and take none.
		if err := allow(rules, int(f.Fd()), rights); err != nil && err != unix.EBADFD {
			problems = append(problems, fmt.Errorf("cannot allow a descriptor: %v", err))
		}
	}
	return errors.Join(problems...)
}

// renounce takes from this thread, and what it starts, all that root can do
// more than others, and every way to get it back.
func renounce() error {
	for capability := uintptr(0); ; capability++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if err == unix.EINVAL || err == unix.EPERM && os.Getuid() != 0 {
			break // there is no such one, or we have none
		}
		if err != nil {
			return fmt.Errorf("cannot drop capability %d: %v", capability, err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("cannot drop capabilities: %v", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot renounce new privileges: %v", err)
	}
	return nil
}

// allowPath allows to write a file, or all below a directory.
func allowPath(rules uintptr, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT || err == unix.EACCES { // what we cannot reach it cannot either
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
		rights &= fileRights | readFileRights | socketRights
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, rules, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
