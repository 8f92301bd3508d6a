package sandbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filter of system calls is the layer below namespaces: it takes away what
// no build, test or server needs and what the kernel has had most of its holes
// in, or what namespaces do not cover (keys, sockets to a hypervisor).

// noCalls fail with EPERM.
var noCalls = []uintptr{
	// Keys belong to a user, not to a namespace.
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	// Wide and seldom needed ways into the kernel.
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	// What only one who owns the machine does.
	unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_SYSLOG,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_OPEN_BY_HANDLE_AT,
	// What changes the view of the files.
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_SETNS, unix.SYS_UNSHARE,
}

// socketFamilies are the only ones that can be made. A network namespace keeps
// in those of the Internet; it knows nothing of, say, a hypervisor's.
var socketFamilies = []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}

// terminalCalls put characters into a terminal's input.
var terminalCalls = []uint32{unix.TIOCSTI, unix.TIOCLINUX}

// fileCalls set aside room of a disk in no time, so that it is full before
// anybody can look. Who is refused them writes instead.
var fileCalls = []uint32{fsReserve, fsReserve64, fsZeroRange}

const (
	fsReserve   = 0x40305828 // FS_IOC_RESVSP
	fsReserve64 = 0x4030582a // FS_IOC_RESVSP64
	fsZeroRange = 0x40305839 // FS_IOC_ZERO_RANGE
)

// freeing are the modes of fallocate that take up no room.
var freeing = []uint32{unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE, unix.FALLOC_FL_COLLAPSE_RANGE}

// Where the parts of a call are, for the filter. Of arguments it looks at the
// low half, as the kernel does with those in question.
const (
	numberOffset = 0
	archOffset   = 4
	firstOffset  = 16
	secondOffset = 24
)

// Where there are no namespaces the filter also takes away what they would
// keep in.

// sharedCalls reach what all processes of a user share. They fail with EPERM.
var sharedCalls = []uintptr{
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SEMGET, unix.SYS_MSGGET, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD,
}

// localFamilies can be made where there is no network namespace.
var localFamilies = []uint32{unix.AF_NETLINK}

// pairTypes are the types that a pair of sockets can have there: those that
// lead to each other alone. A socket for datagrams, though one of a pair, sends
// them to any path.
var pairTypes = []uint32{unix.SOCK_STREAM, unix.SOCK_SEQPACKET}

// typeMask leaves of a socket's type what is not a flag.
const typeMask = 0xf

// filter is a program for the kernel that judges each system call.
func filter() ([]byte, error) {
	machine, err := architecture()
	if err != nil {
		return nil, err
	}
	var code bytes.Buffer
	err = binary.Write(&code, binary.NativeEndian, []unix.SockFilter(calls(machine)))
	return code.Bytes(), err
}

// filterSelf applies the filter of a tree without namespaces to this thread
// and what it starts.
func filterSelf() error {
	machine, err := architecture()
	if err != nil {
		return err
	}
	code := lonelyCalls(machine)
	filter := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&filter))); errno != 0 {
		return fmt.Errorf("cannot filter system calls: %v", errno)
	}
	return nil
}

func architecture() (uint32, error) {
	machines := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}
	machine, known := machines[runtime.GOARCH]
	if !known {
		return 0, fmt.Errorf("cannot filter system calls on %s", runtime.GOARCH)
	}
	return machine, nil
}

// lonelyCalls is the filter for a tree without namespaces.
func lonelyCalls(machine uint32) program {
	p := judged(machine)
	for _, call := range sharedCalls {
		p.when(unix.BPF_JEQ, uint32(call), unix.EPERM)
	}
	// Its flags cannot be seen; who gets this takes the old call.
	p.when(unix.BPF_JEQ, unix.SYS_CLONE3, unix.ENOSYS)
	p.flags(unix.SYS_CLONE, firstOffset, unix.CLONE_NEWUSER, unix.EPERM)
	p.rule(unix.SYS_PRLIMIT64, firstOffset, []uint32{0}, false, unix.EPERM) // of others
	p.rule(unix.SYS_SOCKET, firstOffset, localFamilies, false, unix.EAFNOSUPPORT)
	p.masked(unix.SYS_SOCKETPAIR, secondOffset, typeMask, pairTypes, false, unix.ESOCKTNOSUPPORT)
	return p.ended()
}

// calls is the filter for a tree in namespaces.
func calls(machine uint32) program {
	p := judged(machine)
	p.rule(unix.SYS_SOCKET, firstOffset, socketFamilies, false, unix.EAFNOSUPPORT)
	return p.ended()
}

// judged begins the filter for one machine. Calls by another one's numbers,
// which it could not tell, fail. The number of the call is left loaded.
func judged(machine uint32) program {
	const highest = 0x3fffffff // above are those of a 32-bit variant
	var p program
	p.load(archOffset)
	p.unless(unix.BPF_JEQ, machine, unix.ENOSYS)
	p.load(numberOffset)
	p.when(unix.BPF_JGT, highest, unix.ENOSYS)
	for _, call := range noCalls {
		p.when(unix.BPF_JEQ, uint32(call), unix.EPERM)
	}
	p.rule(unix.SYS_IOCTL, secondOffset, terminalCalls, true, unix.EPERM)
	p.rule(unix.SYS_IOCTL, secondOffset, fileCalls, true, unix.EOPNOTSUPP)
	p.rule(unix.SYS_FALLOCATE, secondOffset, freeing, false, unix.EOPNOTSUPP)
	return p
}

// ended allows what was not judged before.
func (p program) ended() program {
	p.add(unix.BPF_RET|unix.BPF_K, 0, 0, unix.SECCOMP_RET_ALLOW)
	return p
}

// program is a filter that is being written.
type program []unix.SockFilter

func (p *program) add(code uint16, yes, no int, k uint32) {
	*p = append(*p, unix.SockFilter{Code: code, Jt: uint8(yes), Jf: uint8(no), K: k})
}

func (p *program) load(offset uint32) { p.add(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, 0, 0, offset) }

func (p *program) fail(with unix.Errno) {
	p.add(unix.BPF_RET|unix.BPF_K, 0, 0, unix.SECCOMP_RET_ERRNO|uint32(with))
}

// when fails the call if what is loaded compares so with k.
func (p *program) when(compare uint16, k uint32, with unix.Errno) {
	p.add(unix.BPF_JMP|unix.BPF_K|compare, 0, 1, k)
	p.fail(with)
}

// unless fails the call if it does not.
func (p *program) unless(compare uint16, k uint32, with unix.Errno) {
	p.add(unix.BPF_JMP|unix.BPF_K|compare, 1, 0, k)
	p.fail(with)
}

// rule fails one call when its argument is among values, or is not among
// them. The number of the call is loaded, before and after.
func (p *program) rule(call uintptr, argument uint32, values []uint32, among bool, with unix.Errno) {
	p.masked(call, argument, 0xffffffff, values, among, with)
}

// masked is a rule that looks at some bits of the argument alone.
func (p *program) masked(call uintptr, argument, mask uint32, values []uint32, among bool, with unix.Errno) {
	var body program
	body.load(argument)
	body.add(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, 0, 0, mask)
	for i, value := range values {
		// A match goes on behind the first instruction that follows the last
		// comparison.
		body.add(unix.BPF_JMP|unix.BPF_K|unix.BPF_JEQ, len(values)-i, 0, value)
	}
	if among {
		body.add(unix.BPF_JMP|unix.BPF_K|unix.BPF_JA, 0, 0, 1)
	}
	body.fail(with)
	body.load(numberOffset)
	p.add(unix.BPF_JMP|unix.BPF_K|unix.BPF_JEQ, 0, len(body), uint32(call))
	*p = append(*p, body...)
}

// flags fails one call when its argument has one of these bits. The number of
// the call is loaded, before and after.
func (p *program) flags(call uintptr, argument, bits uint32, with unix.Errno) {
	var body program
	body.load(argument)
	body.when(unix.BPF_JSET, bits, with)
	body.load(numberOffset)
	p.add(unix.BPF_JMP|unix.BPF_K|unix.BPF_JEQ, 0, len(body), uint32(call))
	*p = append(*p, body...)
}

// filterFile is the filter in a file without a name, as bubblewrap reads it.
func filterFile() (*os.File, error) {
	code, err := filter()
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("filter", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("cannot make a file for the filter of system calls: %v", err)
	}
	file := os.NewFile(uintptr(fd), "filter")
	if _, err = file.Write(code); err == nil {
		_, err = file.Seek(0, 0)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("cannot write the filter of system calls: %v", err)
	}
	return file, nil
}
