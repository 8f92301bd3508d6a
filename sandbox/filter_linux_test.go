package sandbox

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// judge runs a filter as the kernel does.
func judge(t interface{ Fatalf(string, ...any) }, p []unix.SockFilter, machine, number uint32, arguments [6]uint64) uint32 {
	data := make([]uint32, 16)
	data[0], data[1] = number, machine
	for i, a := range arguments {
		data[4+2*i], data[5+2*i] = uint32(a), uint32(a>>32)
	}
	var loaded uint32
	for at := 0; at < len(p); at++ {
		i := p[at]
		jump := map[bool]int{true: int(i.Jt), false: int(i.Jf)}
		switch i.Code {
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			loaded &= i.K
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			loaded = data[i.K/4]
		case unix.BPF_JMP | unix.BPF_K | unix.BPF_JEQ:
			at += jump[loaded == i.K]
		case unix.BPF_JMP | unix.BPF_K | unix.BPF_JSET:
			at += jump[loaded&i.K != 0]
		case unix.BPF_JMP | unix.BPF_K | unix.BPF_JGT:
			at += jump[loaded > i.K]
		case unix.BPF_JMP | unix.BPF_K | unix.BPF_JA:
			at += int(i.K)
		case unix.BPF_RET | unix.BPF_K:
			return i.K
		default:
			t.Fatalf("no such instruction: %+v", i)
		}
	}
	t.Fatalf("the filter has no end")
	return 0
}

func TestFilterJudges(t *testing.T) {
	program := calls(unix.AUDIT_ARCH_X86_64)
	rapid.Check(t, func(t *rapid.T) {
		machine := rapid.SampledFrom([]uint32{unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_I386}).Draw(t, "machine")
		number := rapid.OneOf(rapid.Uint32Range(0, 500), rapid.Uint32(), rapid.SampledFrom([]uint32{unix.SYS_SOCKET, unix.SYS_IOCTL, unix.SYS_KEYCTL, unix.SYS_FALLOCATE})).Draw(t, "number")
		argument := rapid.OneOf(rapid.Uint64Range(0, 50), rapid.Uint64(), rapid.SampledFrom([]uint64{unix.TIOCSTI, unix.TIOCSTI | 1<<40, fsReserve})).Draw(t, "argument")
		want := uint32(unix.SECCOMP_RET_ALLOW)
		fails := func(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
		switch low := uint32(argument); {
		case machine != unix.AUDIT_ARCH_X86_64 || number > 0x3fffffff:
			want = fails(unix.ENOSYS)
		case slices.Contains(noCalls, uintptr(number)):
			want = fails(unix.EPERM)
		case number == unix.SYS_SOCKET && !slices.Contains(socketFamilies, low):
			want = fails(unix.EAFNOSUPPORT)
		case number == unix.SYS_IOCTL && slices.Contains(terminalCalls, low):
			want = fails(unix.EPERM)
		case number == unix.SYS_IOCTL && slices.Contains(fileCalls, low),
			number == unix.SYS_FALLOCATE && !slices.Contains(freeing, low):
			want = fails(unix.EOPNOTSUPP)
		}
		if got := judge(t, program, machine, number, [6]uint64{argument, argument}); got != want {
			t.Fatalf("%#x, want %#x", got, want)
		}
	})
}

func TestFilterHolds(t *testing.T) {
	h := newHouse(t)
	for call, want := range map[string]unix.Errno{
		fmt.Sprint(unix.SYS_KEYCTL, " 0"):                      unix.EPERM,
		fmt.Sprint(unix.SYS_ADD_KEY):                           unix.EPERM,
		fmt.Sprint(unix.SYS_IO_URING_SETUP, " 1"):              unix.EPERM,
		fmt.Sprint(unix.SYS_PERF_EVENT_OPEN):                   unix.EPERM,
		fmt.Sprint(unix.SYS_UNSHARE, " 0"):                     unix.EPERM,
		fmt.Sprint(unix.SYS_SOCKET, " ", unix.AF_PACKET):       unix.EAFNOSUPPORT,
		fmt.Sprint(unix.SYS_SOCKET, " ", unix.AF_VSOCK):        unix.EAFNOSUPPORT,
		fmt.Sprint(unix.SYS_GETPID | 0x40000000):               unix.ENOSYS,
		fmt.Sprint(unix.SYS_FALLOCATE, " 1 0 0"):               unix.EOPNOTSUPP,
		fmt.Sprint(unix.SYS_FALLOCATE, " 1 16 0"):              unix.EOPNOTSUPP,
		fmt.Sprint(unix.SYS_FALLOCATE, " 99 3 0"):              unix.EBADF, // it takes up no room
		fmt.Sprint(unix.SYS_IOCTL, " 1 ", fsReserve):           unix.EOPNOTSUPP,
		fmt.Sprint(unix.SYS_GETPID):                            0,
		fmt.Sprint(unix.SYS_SOCKET, " ", unix.AF_UNIX|(1<<40)): unix.ESOCKTNOSUPPORT, // the family is let through, as the kernel reads it
	} {
		if exit, output := h.run(t, "$PROBE call "+call); !exit.OK() || output != fmt.Sprint(int(want)) {
			t.Errorf("call %s ended with %s, want %d", call, output, want)
		}
	}
}
