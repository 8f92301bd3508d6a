package sandbox

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/autosession/autosession"
)

// Many trees of one project start and end at once: none misses a stand-in that
// another one removed.
func TestConcurrentStarts(t *testing.T) {
	h := newHouse(t)
	second, err := NewBubblewrap(h.options) // as another process of ours has
	if err != nil {
		t.Fatal(err)
	}
	h.scope.ReadOnly = append(h.scope.ReadOnly, filepath.Join(h.scope.Dir, "autosession.toml"), filepath.Join(h.scope.Dir, "way/to/settings.json"))
	var all sync.WaitGroup
	for i := range 6 {
		box, scope := []*Bubblewrap{h.Bubblewrap, second}[i%2], h.scope
		scope.Session += fmt.Sprint("-", i)
		all.Go(func() {
			for range 5 {
				p, err := box.Start(t.Context(), scope, autosession.Command{Path: "/bin/sh", Args: []string{"-c", "! rm -f autosession.toml"}})
				if err != nil {
					t.Error(err)
					return
				}
				if exit, err := p.Wait(); err != nil || !exit.OK() {
					t.Errorf("%+v, %v", exit, err)
				}
			}
		})
	}
	all.Wait()
	if exists(filepath.Join(h.scope.Dir, "autosession.toml")) || exists(filepath.Join(h.scope.Dir, "way")) {
		t.Error("a stand-in is left")
	}
}

// A start is tried again when somebody removes what it was about to protect.
func TestRemovedUnderStart(t *testing.T) {
	h := newHouse(t)
	real, wrapper := h.program, filepath.Join(h.base, "bwrap")
	for times, works := range map[int]bool{2: true, 1000: false} {
		tries := filepath.Join(h.base, fmt.Sprint("tries-", times))
		script := fmt.Sprintf("#!/bin/sh\necho x >> %[1]s\ntest $(wc -l < %[1]s) -gt %[2]d || rm %[3]s/.mcp.json\nexec %[4]s \"$@\"\n", tries, times, h.scope.Dir, real)
		if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		h.program = wrapper
		p, err := h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"})
		if (err == nil) != works {
			t.Errorf("removed %d times: %v", times, err)
		}
		if err == nil {
			p.Wait()
		}
	}
}

// So it is when what was about to be covered is gone: a socket of a program
// that ends, or a directory of another user's in which one was.
func TestCoveredUnderStart(t *testing.T) {
	for _, name := range []string{"socket", "closed/socket"} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			at := filepath.Join(h.base, name)
			if name != "socket" {
				if err := os.Mkdir(filepath.Dir(at), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			l, err := net.Listen("unix", at)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if name != "socket" && os.Getuid() == 0 { // else it is our own, and only the socket is covered
				if err := os.Chown(filepath.Dir(at), 54321, 54321); err != nil {
					t.Fatal(err)
				}
			}
			real, wrapper, removed := h.program, filepath.Join(h.base, "bwrap"), filepath.Join(h.base, strings.Split(name, "/")[0])
			if err := os.WriteFile(wrapper, fmt.Appendf(nil, "#!/bin/sh\nrm -rf %s\nexec %s \"$@\"\n", removed, real), 0o700); err != nil {
				t.Fatal(err)
			}
			h.program = wrapper
			p, err := h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"})
			if err != nil {
				t.Fatal(err)
			}
			if exit, err := p.Wait(); err != nil || !exit.OK() {
				t.Errorf("%+v, %v", exit, err)
			}
		})
	}
}
