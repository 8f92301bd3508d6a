package sandbox

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autosession/autosession"
)

// limit gives the house limits. They need control groups, which root of a
// machine for tests must have.
func (h *house) limit(t *testing.T, l Limits) {
	t.Helper()
	o := h.options
	o.Limits = l
	var err error
	if h.Bubblewrap, err = NewBubblewrap(o); err != nil {
		t.Fatal(err)
	}
	if len(h.lacks()) > 0 {
		t.Fatalf("%s: mount control groups with pids and memory, writable for uid %d: either version; for the second, move all processes of the top group into one below it and write \"+pids +memory\" to its cgroup.subtree_control, as .ci/run does", h.Name(), os.Getuid())
	}
}

// enter has a command of another user's run in control groups that are the
// user's own, as a login of systemd's gives them: on this machine it is root
// who gives.
func enter(t *testing.T, c *exec.Cmd) {
	t.Helper()
	uid := int(c.SysProcAttr.Credential.Uid)
	var files []string
	for _, parent := range findGroups(Limits{}.checked()).parents {
		group := filepath.Join(parent, groupPrefix+"user-"+rand.Text())
		inner := filepath.Join(group, "session")
		for _, dir := range []string{group, inner} {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { syscall.Rmdir(dir) })
			// Of the second version a group counts what its parent lets it.
			os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+pids +memory"), 0)
			for _, file := range []string{"", "cgroup.procs", "cgroup.subtree_control"} {
				if err := os.Chown(filepath.Join(dir, file), uid, uid); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
		}
		files = append(files, filepath.Join(inner, "cgroup.procs"))
	}
	if len(files) == 0 {
		t.Fatal("there are no control groups that can be divided: see .ci/run")
	}
	// A shell goes in as root, and becomes the user then.
	script := `for file in ` + strings.Join(files, " ") + `; do echo $$ >$file || exit 1; done; exec setpriv --reuid=` + fmt.Sprint(uid) + ` --regid=` + fmt.Sprint(uid) + ` --clear-groups "$@"`
	c.Args = append([]string{"sh", "-c", script, "sh", c.Path}, c.Args[1:]...)
	c.Path, c.SysProcAttr = "/bin/sh", nil
}

// Whoever forks without end is told so, and then all of it ends (G22).
func TestProcessesLimited(t *testing.T) {
	h := newHouse(t)
	h.limit(t, Limits{Processes: 60})
	exit, output := h.run(t, `i=0; while test $i -lt 200; do sleep 600 & i=$((i+1)); done; echo all`)
	if exit.OK() || strings.Contains(output, "all") {
		t.Errorf("it could start them all: %+v, %s", exit, output)
	}
	if exit, output = h.run(t, `i=0; while test $i -lt 40; do sleep 600 & i=$((i+1)); done; echo all`); !exit.OK() || output != "all\n" {
		t.Errorf("it could not start what it may: %+v, %s", exit, output)
	}
	// The warden is told to end a tree that has used up all it may.
	p, err := h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/sh", Args: []string{"-c", `f() { touch full; f | f & f; }; trap '' TERM; f; while :; do :; done`}})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it forks", func() bool { return exists(filepath.Join(h.scope.Dir, "full")) })
	if err := p.Stop(100 * time.Millisecond); err != nil {
		t.Error(err)
	}
	groupsGone(t, p)
}

// What takes too much memory is killed, and nothing beside it (G23).
func TestMemoryLimited(t *testing.T) {
	h := newHouse(t)
	h.limit(t, Limits{Memory: 200 << 20})
	exit, output := h.run(t, `$PROBE memory 1000 & wait $!; echo $?; $PROBE memory 10 && echo fine`)
	if want := fmt.Sprintln(128+int(syscall.SIGKILL)) + "fine\n"; !exit.OK() || !strings.HasSuffix(output, want) {
		t.Errorf("%+v, %q", exit, output)
	}
}

// groupsGone fails when a control group of a tree is left.
func groupsGone(t *testing.T, p autosession.Process) {
	t.Helper()
	for _, dir := range p.(*process).record.Groups {
		if exists(dir) {
			t.Errorf("the control group %s is left", dir)
		}
	}
}

// Files end at their limit, and so do descriptors; nothing dumps core (G24).
func TestFilesLimited(t *testing.T) {
	h := newHouse(t)
	h.limit(t, Limits{FileSize: 1 << 20, OpenFiles: 50})
	for script, works := range map[string]bool{
		`head -c 20M /dev/zero > big`:              false,
		`ulimit -f unlimited`:                      false,
		`ulimit -n 51`:                             false,
		`test "$(ulimit -n)" = 50`:                 true,
		`ulimit -c 1`:                              false,
		`head -c 1M /dev/zero > small && rm small`: true,
	} {
		if exit, output := h.run(t, script); exit.OK() != works {
			t.Errorf("%s: %+v: %s", script, exit, output)
		}
	}
	if info, err := os.Stat(filepath.Join(h.scope.Dir, "big")); err != nil || info.Size() != 1<<20 {
		t.Errorf("%v, %v", info, err)
	}
}

// A tree that fills the disk is ended while our state can still be written
// (G24).
func TestReserve(t *testing.T) {
	if os.Getuid() != 0 {
		return // only root can make a small disk; TestReserveIsWatched is for all
	}
	h := newHouse(t)
	disk := filepath.Join(h.base, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256m"); err != nil {
		t.Fatalf("cannot make a small disk (root needs CAP_SYS_ADMIN): %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	h.scope.Dir, h.scope.Home = filepath.Join(disk, "project"), filepath.Join(disk, "state/home")
	if err := os.Mkdir(h.scope.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	h.options.State = filepath.Join(disk, "state")
	h.options.Hide = nil
	h.scope.ReadOnly = nil
	h.limit(t, Limits{Reserve: 64 << 20})
	var output bytes.Buffer
	p, err := h.Start(t.Context(), h.scope, autosession.Command{
		Path: "/bin/sh", Args: []string{"-c", `i=0; while :; do head -c 1M /dev/zero >> big || touch full; done`}, Stdout: &output, Stderr: &output,
	})
	if err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	if exit.Signal != syscall.SIGKILL || err == nil || !strings.Contains(err.Error(), "64 MiB are to stay free") {
		t.Errorf("%+v, %v", exit, err)
	}
	if exists(filepath.Join(h.scope.Dir, "full")) {
		t.Error("the disk was full")
	}
	if err := os.WriteFile(filepath.Join(disk, "state/x"), make([]byte, 1<<20), 0o600); err != nil {
		t.Errorf("our state cannot be written: %v", err)
	}
	if _, err := h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"}); err == nil || !strings.Contains(err.Error(), "to stay free") {
		t.Errorf("a tree starts on a disk that is full: %v", err)
	}
}

// The same on the disk that the tests are on, whoever runs them: the reserve is
// what is free now, but for more than others take or give back meanwhile.
func TestDiskLimited(t *testing.T) {
	h := newHouse(t)
	now, err := diskRoom(h.base)
	if err != nil {
		t.Fatal(err)
	}
	h.limit(t, Limits{Reserve: int64(now.free) - 2<<30})
	p, err := h.Start(t.Context(), h.scope, autosession.Command{
		Path: "/bin/sh", Args: []string{"-c", `i=0; while head -c 16M /dev/zero >part$i; do i=$((i+1)); done`},
	})
	if err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	if exit.Signal != syscall.SIGKILL || err == nil || !strings.Contains(err.Error(), "are to stay free") {
		t.Errorf("%+v, %v", exit, err)
	}
	h.limit(t, Limits{Reserve: int64(now.free) + 100<<30})
	_, err = h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"})
	if needs, ok := errors.AsType[*autosession.OutcomeError](err); !ok || needs.Outcome.Block != autosession.BlockDisk {
		t.Errorf("a tree starts on a disk that is full: %v", err)
	}
}

func TestReserveIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var free, files, ended atomic.Uint64
		free.Store(100 << 30)
		files.Store(1 << 29)
		r := reserve{dirs: []string{"/gone", "/d"}, room: func(dir string) (room, error) {
			if dir == "/gone" {
				return room{}, errors.New("gone")
			}
			return room{free: free.Load(), all: 200 << 30, freeFiles: files.Load(), files: 1 << 30}, nil
		}}
		if next, err := r.look(); next != calmLook || err != nil {
			t.Errorf("%v, %v", next, err)
		}
		for left, want := range map[uint64]time.Duration{9 << 30: time.Second / 2, 2 << 30: time.Second / 16, 1<<30 + 1: keenLook} {
			free.Store(left)
			if next, err := r.look(); next != want || err != nil {
				t.Errorf("%d left: %v, %v", left, next, err)
			}
		}
		free.Store(2 << 30)
		verdict := make(chan error)
		watch := func(stop chan struct{}) { verdict <- r.watch(stop, func() { ended.Add(1) }) }
		go watch(nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		if ended.Load() != 0 {
			t.Error("it ended although there is room")
		}
		free.Store(1<<30 - 1)
		if err := <-verdict; err == nil || ended.Load() != 1 {
			t.Errorf("%v, ended %d times", err, ended.Load())
		}
		free.Store(2 << 30)
		files.Store(16383)
		go watch(nil)
		if err := <-verdict; err == nil || !strings.Contains(err.Error(), "room for 16383 more files") || ended.Load() != 2 {
			t.Errorf("%v, ended %d times", err, ended.Load())
		}
		files.Store(1 << 29)
		stop := make(chan struct{})
		go watch(stop)
		close(stop)
		if err := <-verdict; err != nil || ended.Load() != 2 {
			t.Errorf("%v, ended %d times", err, ended.Load())
		}
	})
}

func TestGroupPlaces(t *testing.T) {
	const first = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 /docker/1 /sys/fs/cgroup/pids rw,relatime shared:1 - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`
	const second = "31 23 0:28 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	tests := []struct{ own, table, want string }{
		{"8:pids:/docker/1/x\n4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n", first, "/sys/fs/cgroup/pids/x /sys/fs/cgroup/memory/a/b /sys/fs/cgroup/unified"},
		{"0::/user.slice/a.scope\n", second, "/sys/fs/cgroup/user.slice/a.scope /sys/fs/cgroup/user.slice"},
		{"0::/\n", second, "/sys/fs/cgroup"},
		{"0::/../outside\n", second, ""},
		{"8:pids:/elsewhere\n", first, ""},
		{"nonsense\n\n", "nonsense - x\n", ""},
		{"", "", ""},
	}
	for _, test := range tests {
		if got := strings.Join(groupPlaces(test.own, test.table), " "); got != test.want {
			t.Errorf("%q gives %q, want %q", test.own, got, test.want)
		}
	}
}
