package sandbox

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

// listenAt has somebody answer at a path.
func listenAt(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go answer(l)
	return l
}

// A socket of the machine's is out of reach also if it was bound by a relative
// path, or is bound anew while a session runs (G18).
func TestSocketsOfTheMachine(t *testing.T) {
	h := newHouse(t)
	plantFiles(t, h.base, "relative/x", "anew/x")
	t.Chdir(filepath.Join(h.base, "relative"))
	listenAt(t, "sock")
	if exit, output := h.run(t, "$PROBE connect unix $P/../relative/sock"); exit.OK() {
		t.Errorf("G18 does not hold for a relative path: %s", output)
	}
	anew := filepath.Join(h.base, "anew/sock")
	first := listenAt(t, anew)
	p, err := h.Start(t.Context(), h.scope, autosession.Command{
		Path: "/bin/sh", Args: []string{"-c", "touch begun; until test -e go; do :; done; " + insideBinary + " __autosession:test-probe connect unix " + anew},
	})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it begins", func() bool { return exists(filepath.Join(h.scope.Dir, "begun")) })
	first.Close()
	listenAt(t, anew)
	if err := os.WriteFile(filepath.Join(h.scope.Dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(); err != nil || exit.OK() {
		t.Errorf("G18 does not hold for a socket that is bound anew: %+v, %v", exit, err)
	}
}

func TestListening(t *testing.T) {
	dir := resolve(t.TempDir())
	plantFiles(t, dir, "1/x", "2/x", "work/x")
	t.Chdir(filepath.Join(dir, "work"))
	for _, name := range []string{"a sock", "rel", "gone"} {
		listenAt(t, name)
	}
	table := filepath.Join(dir, "table")
	const start = "0000000000000000: 00000002 00000000 00010000 0001 01 "
	lines := "Num       RefCount Protocol Flags    Type St Inode Path\n" +
		start + "8901\n" + start + "  702 " + dir + "/work/a sock\n" + start + "70 @abstract\n" + start + "7 rel\n" + start + "7 ../work/gone\n" + start + "7 /no/such\n"
	if err := os.WriteFile(table, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	makeLink(t, dir+"/work", dir+"/1/cwd")
	makeLink(t, dir, dir+"/2/cwd")
	var got []string
	for _, socket := range listening(table, dir) {
		got = append(got, strings.TrimPrefix(socket, dir))
	}
	if want := []string{"/work/a sock", "/work/rel", "/work/gone"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
