package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reexec"
	"github.com/autosession/autosession/sandbox"
)

func init() { reexec.Register("test-ask", runAsk) }

// runAsk is a program inside: it asks as its environment says, or past it.
//
//	GET URL, POST URL BODY    by HTTP; the status and the answer are printed
//	dial NETWORK ADDRESS      0 when that can be connected to
func runAsk(args []string) int {
	if args[0] == "dial" {
		conn, err := net.DialTimeout(args[1], args[2], 5*time.Second)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		if args[1] == "udp" {
			conn.SetDeadline(time.Now().Add(time.Second))
			conn.Write([]byte("x"))
			_, err = conn.Read(make([]byte, 1))
		}
		fmt.Println(err)
		conn.Close()
		return 0
	}
	r, err := http.NewRequest(args[0], args[1], strings.NewReader(strings.Join(args[2:], " ")))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	r.Header.Set("X-Api-Key", "dummy")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(a.Status)
	io.Copy(os.Stdout, a.Body)
	return 0
}

// cell is a sandbox with a gateway as its only way out.
type cell struct {
	*world
	box   *sandbox.Bubblewrap
	scope autosession.Scope
}

func newCell(t testing.TB, w *world, o Options) *cell {
	t.Helper()
	base := t.TempDir()
	o.Report, o.Resolve, o.Dial = w.report, w.resolve, w.dial
	box, err := sandbox.NewBubblewrap(sandbox.Options{
		State: filepath.Join(base, "state"), Pass: []string{"GORACE"},
		Gateway: func(_ context.Context, s autosession.Scope) (*sandbox.Way, error) {
			o := o
			o.Endpoint, o.Hosts = s.Network.Endpoint, s.Network.Hosts
			g, err := Start(o)
			if err != nil {
				return nil, err
			}
			return &sandbox.Way{Socket: g.Socket(), Env: Env(), Entry: Entry, Args: Args(sandbox.GatewaySocket), Close: g.Close}, nil
		},
	})
	if err != nil {
		t.Fatalf("cannot make a sandbox (is bubblewrap installed?): %v", err)
	}
	project := filepath.Join(base, "project")
	if err := os.Mkdir(project, 0o755); err != nil {
		t.Fatal(err)
	}
	return &cell{w, box, autosession.Scope{
		Kind: autosession.ScopeSession, Session: "gateway", Dir: project, Home: filepath.Join(base, "state", "home"),
		Network: autosession.Network{Endpoint: o.Endpoint, Hosts: o.Hosts},
	}}
}

// run runs a program inside and returns whether it went well, and its output.
func (c *cell) run(t testing.TB, command autosession.Command) (ok bool, output string) {
	t.Helper()
	var b bytes.Buffer
	command.Stdout, command.Stderr = &b, &b
	p, err := c.box.Start(t.Context(), c.scope, command)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return exit.OK(), b.String()
}

func (c *cell) ask(t testing.TB, args ...string) (ok bool, output string) {
	t.Helper()
	return c.run(t, autosession.Command{Reexec: "test-ask", Args: args})
}

func TestConfinedEndpoint(t *testing.T) {
	c := newCell(t, &world{}, Options{Endpoint: played(t, hello).URL(), Key: testKey})
	if ok, output := c.ask(t, "POST", URL+"/v1/messages", question); !ok || !strings.HasPrefix(output, "200 OK") || !strings.Contains(output, "message_stop") {
		t.Errorf("%s", output)
	}
	if said := c.said(); !strings.HasPrefix(said, "network: allowed 127.0.0.1:") || !strings.HasSuffix(said, "POST: status 200") {
		t.Error(said)
	}
}

func TestConfinedHosts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello from ", r.Host) }))
	defer server.Close()
	here := server.Listener.Addr().String()
	c := newCell(t, &world{
		names: map[string]string{"good.example": "8.8.8.8", "evil.example": "8.8.8.8"}, ports: map[string]string{"8.8.8.8:80": here},
	}, Options{Hosts: []string{"good.example"}})
	if ok, output := c.ask(t, "GET", "http://good.example/"); !ok || output != "200 OK\nhello from good.example" {
		t.Errorf("%s", output)
	}
	for _, args := range [][]string{
		{"GET", "https://evil.example/"}, {"GET", "https://8.8.8.8/"}, {"GET", "https://good.example:22/"},
		{"dial", "tcp", here}, {"dial", "tcp", "8.8.8.8:80"}, {"dial", "tcp", "good.example:80"}, {"dial", "udp", "8.8.8.8:53"},
		{"dial", "unix", "/run/autosession/nothing"},
	} {
		if ok, output := c.ask(t, args...); ok {
			t.Errorf("%v: %s", args, output)
		}
	}
	if ok, output := c.ask(t, "GET", "http://evil.example/"); !ok || !strings.HasPrefix(output, "403 Forbidden\nautosession: denied: the host is not allowed") {
		t.Errorf("%s", output)
	}
	// A server of the project is not asked of the proxy.
	if _, output := c.ask(t, "GET", "http://127.0.0.1:1/"); !strings.Contains(output, "refused") {
		t.Errorf("%s", output)
	}
	for _, want := range []string{"allowed good.example:80, 23 bytes in", "denied evil.example:443", "denied 8.8.8.8:443", "denied good.example:22", "denied evil.example:80"} {
		if !strings.Contains(c.said(), want) {
			t.Errorf("nothing says %q:\n%s", want, c.said())
		}
	}
}

// The key is nowhere inside, and in no event.
func TestConfinedKey(t *testing.T) {
	t.Setenv("ANTHROPIC_API_KEY", testKey)
	c := newCell(t, &world{}, Options{Endpoint: played(t, hello).URL(), Key: testKey})
	_, output := c.run(t, autosession.Command{Path: "/bin/sh", Args: []string{"-c", "env; cat /proc/*/environ /proc/*/cmdline"}})
	if strings.Contains(output, testKey) || !strings.Contains(output, "HTTPS_PROXY="+URL) || !strings.Contains(output, Entry) {
		t.Errorf("%s", output)
	}
	if strings.Contains(c.said(), testKey) {
		t.Error(c.said())
	}
}
