package sandbox

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/autosessiontest"
	"golang.org/x/sys/unix"
)

func TestLandlock(t *testing.T) {
	autosessiontest.TestSandbox(t, func(t *testing.T, state string) autosession.Sandbox {
		l, err := NewLandlock(Options{State: state, Pass: []string{"GORACE"}})
		if err != nil {
			t.Fatal(err)
		}
		return l
	})
}

// landlocked is a house without bubblewrap.
func landlocked(t *testing.T) (*house, *Landlock) {
	t.Helper()
	h := newHouse(t)
	l, err := NewLandlock(h.options)
	if err != nil {
		t.Fatal(err)
	}
	if l.abi < scopeABI {
		t.Fatalf("the kernel's Landlock is of version %d; its tests need version %d, of Linux 6.12", l.abi, scopeABI)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h.env = append(h.env, "PROBE="+self+" __autosession:test-probe")
	return h, l
}

// What is impossible in bubblewrap is so by Landlock, but for what its name
// says.
func TestLandlockImpossible(t *testing.T) {
	h, l := landlocked(t)
	for _, test := range impossible {
		lacking := test.guarantee == "G8" || test.guarantee == "G9" ||
			strings.Contains(test.script, "/proc/net/dev") || strings.Contains(test.script, "kill -9 1") || strings.Contains(test.script, "$s 1")
		if !lacking {
			h.cannot(t, l, test.guarantee, test.script)
		}
	}
	for _, test := range []struct{ guarantee, script string }{
		{"G1", `echo x > /tmp/autosession-x`},
		{"G1", `echo x > /dev/shm/autosession-x`},
		{"G1", `: > $O/file`},
		{"G1", `truncate -s 0 $O/file`},
		{"G1", `mv $O/file $P/l`},
		{"G5", `cat /proc/$MANAGER/environ`},
		{"G5", `ls -l /proc/$MANAGER/fd/0`},
		{"G7", `head -c 1 /dev/kmsg || head -c 1 /dev/vda || head -c 1 /dev/sda || head -c 1 /dev/nvme0n1 || ls /dev`},
		{"G11", `cat /home/*/* /root/.*rc`},
		{"G18", fmt.Sprintf(`$PROBE pair-send %d $O/run/dgram`, unix.SOCK_DGRAM)},
		{"G18", fmt.Sprintf(`$PROBE pair-send %d $O/run/dgram`, unix.SOCK_RAW)},
		{"G15", `$PROBE serve tcp 127.0.0.1:0`},
		{"G19", `kill -TERM $MANAGER`},
		{"G19", `kill -0 $PPID`},
		{"G19", `for t in /proc/$PPID/task/*; do kill -0 ${t##*/} && exit 0; done; exit 1`},
		{"G19", `cat /proc/$PPID/environ || readlink /proc/$PPID/fd/*`},
	} {
		h.cannot(t, l, test.guarantee, test.script)
	}
}

func TestLandlockPossible(t *testing.T) {
	h, l := landlocked(t)
	for _, script := range []string{
		"cat > $P/a <<'E'\ntext $X\nE\ngrep -q 'text $X' $P/a && rm $P/a",
		`echo x > "$TMPDIR/y" && echo x > "$HOME/z" && rm "$HOME/z" && mv "$TMPDIR/y" . && rm y`,
		`echo x > /dev/null && head -c 1 /dev/urandom >/dev/null`,
		`mkdir -p src/a && echo x > src/a/b && mv src src2 && rm -r src2`,
		`grep -q '^NoNewPrivs:.1' /proc/self/status && grep -q '^CapEff:.0000000000000000' /proc/self/status`,
		`git add -A -- ':!sock' && git commit -qm x && test "$(git log --format='%an %ae %cn')" = "autosession autosession@localhost autosession"`,
		`git checkout -q -b y && echo x > f && git stash -q -u && git stash pop -q && git gc -q && git fsck`,
		`! env | grep -i -e secret -e SSH_AUTH`,
		`test -z "$(ls /proc/self/fd | grep -v -x -e 0 -e 1 -e 2 -e 3)"`,
		`cat /etc/passwd >/dev/null && ls /usr/bin >/dev/null`,
		`echo by name > /dev/stdout`,
		`sh -c 'sleep 600 & echo $! > pid'; kill $(cat pid) && rm pid`,
	} {
		if exit, output := h.runIn(t, l, script); !exit.OK() {
			t.Errorf("this ended with %+v: %s\n%s", exit, script, output)
		}
	}
}

// What is not held is said, and what was asked for and cannot be is refused.
func TestLandlockSays(t *testing.T) {
	h, l := landlocked(t)
	for _, what := range []string{"landlock ", "without: ", "protected paths", "hidden processes"} {
		if !strings.Contains(l.Name(), what) {
			t.Errorf("%q is not in %s", what, l.Name())
		}
	}
	old := &Landlock{options: h.options, abi: 1}
	for _, what := range []string{"cut off", "signals", "a limit on memory", "processes that hide"} {
		if !strings.Contains(old.Name(), what) {
			t.Errorf("%q is not in %s", what, old.Name())
		}
	}
	h.scope.Network.Hosts = []string{"example.com"}
	if _, err := l.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"}); err == nil || !strings.Contains(err.Error(), "install bubblewrap") {
		t.Errorf("%v", err)
	}
	h.scope.Network, h.scope.Dir = autosession.Network{}, h.base[:strings.LastIndexByte(h.base, '/')]
	if strings.HasPrefix(h.scope.Dir, "/var") {
		h.scope.Dir = "/var"
	}
	h.scope.ReadOnly = nil
	if os.Getuid() != 0 {
		return
	}
	if _, err := l.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"}); err == nil || !strings.HasPrefix(err.Error(), "cannot confine") {
		t.Errorf("%v", err)
	}
}

func TestLonelyFilter(t *testing.T) {
	p := lonelyCalls(unix.AUDIT_ARCH_X86_64)
	fails := func(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
	for _, test := range []struct {
		call, first uint64
		want        uint32
	}{
		{unix.SYS_GETPID, 0, unix.SECCOMP_RET_ALLOW},
		{unix.SYS_SOCKET, unix.AF_NETLINK, unix.SECCOMP_RET_ALLOW},
		{unix.SYS_SOCKET, unix.AF_UNIX, fails(unix.EAFNOSUPPORT)},
		{unix.SYS_SOCKET, unix.AF_INET, fails(unix.EAFNOSUPPORT)},
		{unix.SYS_SOCKET, unix.AF_INET6 | 1<<40, fails(unix.EAFNOSUPPORT)},
		{unix.SYS_CLONE, uint64(unix.SIGCHLD), unix.SECCOMP_RET_ALLOW},
		{unix.SYS_CLONE, unix.CLONE_NEWUSER | unix.CLONE_VM, fails(unix.EPERM)},
		{unix.SYS_CLONE3, 0, fails(unix.ENOSYS)},
		{unix.SYS_PRLIMIT64, 0, unix.SECCOMP_RET_ALLOW},
		{unix.SYS_PRLIMIT64, 1, fails(unix.EPERM)},
		{unix.SYS_PTRACE, 0, fails(unix.EPERM)},
		{unix.SYS_MOUNT, 0, fails(unix.EPERM)},
	} {
		if got := judge(t, p, unix.AUDIT_ARCH_X86_64, uint32(test.call), [6]uint64{test.first}); got != test.want {
			t.Errorf("call %d with %#x gives %#x, want %#x", test.call, test.first, got, test.want)
		}
	}
	for kind, want := range map[uint64]uint32{
		unix.SOCK_STREAM: unix.SECCOMP_RET_ALLOW, unix.SOCK_STREAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK: unix.SECCOMP_RET_ALLOW,
		unix.SOCK_SEQPACKET: unix.SECCOMP_RET_ALLOW, unix.SOCK_DGRAM: fails(unix.ESOCKTNOSUPPORT),
		unix.SOCK_DGRAM | unix.SOCK_CLOEXEC: fails(unix.ESOCKTNOSUPPORT), unix.SOCK_RAW: fails(unix.ESOCKTNOSUPPORT), // raw is of datagrams too
	} {
		if got := judge(t, p, unix.AUDIT_ARCH_X86_64, unix.SYS_SOCKETPAIR, [6]uint64{unix.AF_UNIX, kind}); got != want {
			t.Errorf("a pair of type %#x gives %#x, want %#x", kind, got, want)
		}
	}
}

func TestExcept(t *testing.T) {
	dir := t.TempDir()
	plantFiles(t, dir, "a/b", "a/c/d", "e/f", "g")
	if err := os.Symlink("g", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		closed []string
		want   []string
	}{
		{nil, []string{""}},
		{[]string{""}, nil},
		{[]string{"/a/c"}, []string{"/a/b", "/e", "/g"}},
		{[]string{"/a/c/d", "/g"}, []string{"/a/b", "/e"}},
		{[]string{"/elsewhere"}, []string{"/a", "/e", "/g"}},
	} {
		var closed, want []string
		for _, c := range test.closed {
			closed = append(closed, dir+c)
		}
		for _, w := range test.want {
			want = append(want, dir+w)
		}
		if got := except(dir, closed); !slices.Equal(got, want) {
			t.Errorf("%q gives %q, want %q", closed, got, want)
		}
	}
}

// What PATH names can be read, with its install tree, and nothing around that.
func TestReadable(t *testing.T) {
	h := small()
	h.path = append(h.path, "/bin", "/srv/bin", "/home/bin", "/var/bin")
	all := h.readable(autosession.Scope{Dir: "/home/u/p", Binds: []autosession.Bind{{Path: "/home/u/claude"}}})
	for _, want := range []string{"/usr", "/proc", "/home/u/go/bin", "/home/u/.local/bin", "/home/u/.pyenv", "/home/u/tools", "/home/u/claude", "/var/bin"} {
		if !slices.Contains(all, want) {
			t.Errorf("%s is missing in %q", want, all)
		}
	}
	for _, never := range []string{"/", "/var", "/home", "/home/u", "/root", "/srv/state", "/run", "/tmp", "/dev"} {
		if slices.Contains(all, never) {
			t.Errorf("%s is readable", never)
		}
	}
}
