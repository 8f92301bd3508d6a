package sandbox

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/autosession/autosession"
)

// testBase names the directory in which a second run of the tests, by an
// ordinary user, may write.
const testBase = "AUTOSESSION_TEST_BASE"

const nobody = 65534

// house is a machine in small: a project, what is around it, and who listens.
type house struct {
	*Bubblewrap
	scope   autosession.Scope
	base    string // directory of all of it
	outside string // a directory that is none of the project's business
	person  string // the home of a person
	env     []string
}

// newHouse builds one. It lies where a sandbox shows the host's files, so that
// what is out of reach is so for a better reason than its place.
func newHouse(t *testing.T) *house {
	t.Helper()
	parent := os.Getenv(testBase)
	if parent == "" && os.Getuid() == 0 {
		parent = "/var/lib"
	} else if parent == "" {
		var err error
		if parent, err = os.Getwd(); err != nil {
			t.Fatal(err)
		}
	}
	base, err := os.MkdirTemp(parent, "autosession-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(base) })
	if err := os.Chmod(base, 0o755); err != nil { // or it is not for everybody, and hidden
		t.Fatal(err)
	}
	h := &house{base: base, outside: filepath.Join(base, "outside"), person: filepath.Join(base, "person")}
	state := filepath.Join(base, "state")
	h.scope = autosession.Scope{
		Kind: autosession.ScopeSession, Session: filepath.Base(base),
		Dir: filepath.Join(base, "project"), Home: filepath.Join(state, "home"),
	}
	h.furnish(t, state)
	if err := os.Mkdir(h.scope.Home, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", h.person)
	if h.Bubblewrap, err = NewBubblewrap(Options{State: filepath.Join(state, "sandbox"), Hide: []string{state}, Pass: []string{"GORACE"}}); err != nil {
		t.Fatal(err)
	}
	h.env = []string{
		"P=" + h.scope.Dir, "O=" + h.outside, "PERSON=" + h.person, "T=" + state,
		"MANAGER=" + fmt.Sprint(os.Getpid()), "PORT=" + port(t), "PROBE=" + insideBinary + " __autosession:test-probe",
	}
	return h
}

// furnish fills the house.
func (h *house) furnish(t *testing.T, state string) {
	t.Helper()
	for name, content := range map[string]string{
		"outside/file": "original", "outside/run/file": "original", "person/.ssh/id_rsa": "SECRET", "person/.aws/credentials": "SECRET",
		"person/.netrc": "SECRET", "person/.claude/.credentials.json": "SECRET", "person/.local/bin/tool": "#!/bin/sh\necho tool\n",
		"state/state.db": "SECRET", "state/sandbox/x": "SECRET",
		"project/app_spec.txt": "the spec", "project/.claude/commands/c.md": "command", "project/tests/a/b": "test",
	} {
		name = filepath.Join(h.base, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Remove(filepath.Join(state, "sandbox/x"))
	git := exec.Command("git", "init", "-q", "-b", "main", h.scope.Dir)
	git.Env = append(os.Environ(), "HOME="+h.person)
	if output, err := git.CombinedOutput(); err != nil {
		t.Fatalf("cannot make a repository (is git installed?): %v: %s", err, output)
	}
	for _, name := range []string{".claude/settings.json", ".mcp.json", "app_spec.txt", "tests/a", ".vscode/"} {
		path := filepath.Join(h.scope.Dir, name)
		if strings.HasSuffix(name, "/") {
			path += "/"
		}
		h.scope.ReadOnly = append(h.scope.ReadOnly, path)
	}
	for _, address := range []string{filepath.Join(h.outside, "run/sock"), filepath.Join(h.scope.Dir, "sock"), "@" + filepath.Base(h.base)} {
		l, err := net.Listen("unix", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go answer(l)
	}
	datagrams, err := net.ListenPacket("unixgram", filepath.Join(h.outside, "run/dgram"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { datagrams.Close() })
}

// port is the host's loopback port of somebody who answers.
func port(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go answer(l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// run runs a script inside, with the house's places as variables.
func (h *house) run(t *testing.T, script string) (autosession.Exit, string) {
	t.Helper()
	return h.runIn(t, h.Bubblewrap, script)
}

func (h *house) runIn(t *testing.T, box autosession.Sandbox, script string) (autosession.Exit, string) {
	t.Helper()
	var output bytes.Buffer
	p, err := box.Start(t.Context(), h.scope, autosession.Command{
		Path: "/bin/sh", Args: []string{"-c", script}, Env: h.env, Stdout: &output, Stderr: &output,
	})
	if err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	groupsGone(t, p)
	return exit, output.String()
}

// Each of these must fail inside, and leave the house as it was.
var impossible = []struct{ guarantee, script string }{
	{"G1", `echo x > $O/a`},
	{"G1", `echo x > $O/file`},
	{"G1", `rm $O/file`},
	{"G1", `touch /usr/autosession-x`},
	{"G1", `touch /etc/autosession-x`},
	{"G1", `touch /autosession-x`},
	{"G1", `touch /run/autosession-x`},
	{"G1", `mkdir $PERSON/x`},
	{"G1", `mkdir -p $PERSON/.config/x`},
	{"G3", `ln -s $O/l l; echo x > l`},
	{"G4", `ln /etc/hostname h`},
	{"G4", `ln $O/file h`},
	{"G5", `echo x > /proc/self/root$O/p`},
	{"G5", `echo x > /proc/1/root$O/p`},
	{"G5", `cat /proc/1/environ`},
	{"G5", `readlink /proc/1/fd/0`},
	{"G5", `cat /proc/1/maps`},
	{"G5", `echo '|/bin/true' > /proc/sys/kernel/core_pattern`},
	{"G5", `echo 1 > /proc/sys/vm/drop_caches`},
	{"G6", `mount -o remount,bind,rw /`},
	{"G6", `umount $PERSON`},
	{"G6", `umount -l $P/.git/hooks`},
	{"G6", `unshare -Urm true`},
	{"G6", `unshare -n true`},
	{"G7", `mknod d c 1 3`},
	{"G7", `mknod /tmp/d c 1 3`},
	{"G8", `echo x > .git/hooks/pre-commit`},
	{"G8", `echo x >> .git/config`},
	{"G8", `rm .git/config`},
	{"G8", `mv .git/config .git/config2`},
	{"G8", `echo x > .git/config2 && mv -f .git/config2 .git/config`},
	{"G8", `ln -sf /tmp/x .git/config`},
	{"G8", `git config core.fsmonitor /bin/true`},
	{"G8", `echo x > .git/config.worktree`},
	{"G8", `echo /tmp > .git/commondir`},
	{"G8", `rm .git/commondir`},
	{"G8", `echo x > .claude/settings.json`},
	{"G8", `rm -f .claude/settings.json`},
	{"G8", `ln -sf /tmp/x .claude/settings.json`},
	{"G8", `echo x > .mcp.json`},
	{"G8", `echo x > /tmp/m && mv -f /tmp/m .mcp.json`},
	{"G8", `echo x > app_spec.txt`},
	{"G8", `rm -f app_spec.txt`},
	{"G8", `chmod 777 app_spec.txt`},
	{"G8", `echo x > tests/a/c`},
	{"G8", `rm -rf tests/a`},
	{"G8", `echo x > .vscode/settings.json`},
	{"G9", `mv .git .git2`},
	{"G9", `mv .git/hooks .git/hooks2`},
	{"G9", `mv .claude .claude2`},
	{"G9", `mv tests tests2`},
	{"G9", `mv $P $P-2`},
	{"G11", `cat $PERSON/.ssh/id_rsa`},
	{"G11", `cat $PERSON/.aws/credentials`},
	{"G11", `cat $PERSON/.netrc`},
	{"G11", `cat $PERSON/.claude/.credentials.json`},
	{"G11", `ls -A $PERSON | grep .`},
	{"G11", `cat /etc/shadow`},
	{"G12", `cat $T/state.db`},
	{"G12", `cat $T/sandbox/*`},
	{"G12", `ls -A $T | grep -v ^home$`},
	{"G12", `echo x > $T/y`},
	{"G12", `echo x > $T/sandbox/y`},
	{"G15", `$PROBE connect tcp 1.1.1.1:80`},
	{"G15", `$PROBE send udp 1.1.1.1:53`},
	{"G15", `$PROBE send ip4:icmp 1.1.1.1`},
	{"G15", `getent hosts example.com`},
	{"G15", `grep -v lo: /proc/net/dev | grep :`},
	{"G17", `$PROBE connect tcp 127.0.0.1:$PORT`},
	{"G18", `$PROBE connect unix $O/run/sock`},
	{"G18", `$PROBE connect unix $P/sock`},
	{"G18", `$PROBE send unixgram $O/run/dgram`},
	{"G18", `$PROBE connect unix @$(basename $(dirname $P))`},
	{"G18", `ls -A /run | grep -v ^autosession$`},
	{"G19", `kill -0 $MANAGER`},
	{"G19", `kill -9 1; kill -STOP 1; kill -0 $MANAGER`},
	{"G19", `for s in $(seq 64); do kill -$s 1; ${PROBE%probe}queue 1 $s; done; exit 1`}, // the warden outlives them all
	{"G26", `$PROBE inject`},
}

func TestImpossible(t *testing.T) {
	h := newHouse(t)
	for _, test := range impossible {
		h.cannot(t, h.Bubblewrap, test.guarantee, test.script)
	}
}

// cannot fails when a script works inside, or changes something of the house.
func (h *house) cannot(t *testing.T, box autosession.Sandbox, guarantee, script string) {
	t.Helper()
	before := h.snapshot(t)
	exit, output := h.runIn(t, box, script)
	if exit.OK() {
		t.Errorf("%s does not hold: this worked: %s\n%s", guarantee, script, output)
	}
	for _, name := range []string{"l", "h", "d", ".git/config2"} {
		os.Remove(filepath.Join(h.scope.Dir, name)) // what the try made of its own
	}
	after := h.snapshot(t)
	if changed := append(without(after, before), without(before, after)...); len(changed) > 0 {
		t.Errorf("%s does not hold: %s failed, and changed %q", guarantee, script, changed)
	}
}

// without returns what is in a and not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// snapshot names all files of the house with their sizes.
func (h *house) snapshot(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(h.base, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() {
			path += fmt.Sprintf(" %d %v", info.Size(), info.Mode())
		}
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Each of these must work inside.
var possible = []struct{ guarantee, script string }{
	{"G2", "cat > $P/a <<'E'\ntext $X\nE\ngrep -q 'text $X' $P/a && rm $P/a"},
	{"G2", `echo x > /tmp/autosession-x && echo x > "$TMPDIR/y" && echo x > /var/tmp/autosession-x && echo x > "$HOME/z" && rm "$HOME/z"`},
	{"G2", `echo x > /dev/null && head -c 1 /dev/urandom >/dev/null && echo x > /dev/shm/x`},
	{"G2", `mkdir -p src/a && echo x > src/a/b && mv src src2 && rm -r src2`},
	{"G7", `cp /bin/sh b && chmod u+s b; test "$(./b -p -c 'id -u')" = "$(id -u)"; e=$?; rm -f b; exit $e`},
	{"G7", `grep -q '^NoNewPrivs:.1' /proc/self/status && grep -q '^CapEff:.0000000000000000' /proc/self/status && grep -q '^CapBnd:.0000000000000000' /proc/self/status`},
	{"G8", `test "$(cat .mcp.json)" = "{}" && test -d .vscode && cat app_spec.txt && ls .git/hooks`},
	{"G8", `echo x > .claude/own && rm .claude/own && echo x > tests/own && rm tests/own`},
	{"G10", `test -z "$(git status --porcelain | grep -v -e app_spec.txt -e tests/ -e .claude/ -e sock)"`},
	{"G10", `git add -A -- ':!sock' && git commit -qm x && test "$(git log --format='%an %ae %cn')" = "autosession autosession@localhost autosession"`},
	{"G10", `git show --stat | grep -v mcp.json | grep -q app_spec && ! git show --stat | grep mcp.json`},
	{"G10", `git checkout -q -b y && echo x > f && git stash -q -u && git stash pop -q && git add f && git commit -qm f && git checkout -q main && git merge -q y && git rm -q f && git commit -qm g`},
	{"G10", `git gc -q && git fsck`},
	{"G12", `cd "$HOME" && pwd`},
	{"G13", `! env | grep -i -e secret -e SSH_AUTH`},
	{"G14", `test -z "$(ls /proc/self/fd | grep -v -x -e 0 -e 1 -e 2 -e 3)"`},
	{"G17", `$PROBE serve tcp 127.0.0.1:3000 & until $PROBE connect tcp 127.0.0.1:3000 2>/dev/null; do sleep 0.01; done`},
	{"G19", `test $(ls /proc | grep -c '^[0-9]') -lt 8`},
	{"G27", `sh -c '$PROBE serve unix /tmp/s >/dev/null 2>&1 &'; sh -c 'until $PROBE connect unix /tmp/s 2>/dev/null; do sleep 0.01; done'`},
	{"tools", `$PROBE; cat /etc/passwd >/dev/null && ls /usr/bin >/dev/null && test -r /etc/ssl/certs || test ! -e /etc/ssl/certs`},
}

func TestPossible(t *testing.T) {
	t.Setenv("SOME_SECRET", "x")
	t.Setenv("SSH_AUTH_SOCK", "/x")
	h := newHouse(t)
	for _, test := range possible {
		if exit, output := h.run(t, test.script); !exit.OK() {
			t.Errorf("%s: this ended with %+v: %s\n%s", test.guarantee, exit, test.script, output)
		}
	}
	for _, name := range []string{"/tmp/autosession-x", "/var/tmp/autosession-x", "/dev/shm/x", filepath.Join(h.scope.Dir, ".mcp.json"), filepath.Join(h.scope.Dir, ".vscode")} {
		if exists(name) {
			t.Errorf("%s was left", name)
		}
	}
}

// What can be written inside is known: nothing of the machine's is.
func TestWritablePlaces(t *testing.T) {
	h := newHouse(t)
	// find itself takes a masked file for what lies below it.
	real := `-writable ! -type l -exec sh -c 'test -f "$1" || test -d "$1" || test -S "$1"' - {} \; -print 2>/dev/null`
	_, output := h.run(t, "find / -maxdepth 3 "+real+"; find /proc /sys "+real)
	places := []string{h.scope.Dir, h.scope.Home, "/tmp", "/var/tmp", "/dev"}
	for _, path := range strings.Fields(output) {
		if !slices.ContainsFunc(places, func(p string) bool { return path == p || below(p, path) }) {
			t.Errorf("%s is writable", path)
		}
	}
	if !strings.Contains(output, "/tmp") {
		t.Errorf("find found nothing: %q", output)
	}
}

// All of it once more as an ordinary user.
func TestAsOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		return // the other tests are run by one already
	}
	base, err := os.MkdirTemp("/var/lib", "autosession-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(base) })
	binary := filepath.Join(base, "sandbox.test")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("cp", self, binary).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, name := range []string{base, binary} {
		if err := os.Chmod(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	work := filepath.Join(base, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(work, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	tests := exec.CommandContext(t.Context(), binary, "-test.run", "^(TestImpossible|TestPossible|TestWritablePlaces|TestRepositor.*|TestProjectIs.*|TestEgress|TestFailsClosed|TestConfine.*|TestToolsOfPeople|TestFilterHolds|TestBubblewrap|TestLandlock.*|TestUnconfined|TestManager.*|Test.*Limited)$", "-test.v")
	tests.Dir = work
	tests.Env = []string{testBase + "=" + work, "TMPDIR=" + work, "HOME=" + work, "PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"}
	tests.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	enter(t, tests)
	output, err := tests.CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte("--- PASS: TestImpossible")) {
		t.Errorf("%v\n%s", err, output)
	}
}
