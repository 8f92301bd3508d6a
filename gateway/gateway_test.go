package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reexec"
)

// patience bounds what must happen soon, on the slowest machine.
const patience = time.Minute

func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	reexec.Init()
	os.Exit(m.Run())
}

const testKey = "sk-test-the-real-one-0123456789"

// world is an internet in small, and what a gateway said of it.
type world struct {
	names map[string]string // host to address
	ports map[string]string // address:port to where a test's server listens

	mu     sync.Mutex
	events []string
	looked []string // names that were looked up
	dialed []string
}

func (w *world) resolve(_ context.Context, host string) ([]netip.Addr, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked = append(w.looked, host)
	var found []netip.Addr
	for _, a := range strings.Fields(w.names[host]) {
		found = append(found, netip.MustParseAddr(a))
	}
	if found == nil {
		return nil, errors.New("no such host")
	}
	return found, nil
}

func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.dialed = append(w.dialed, address)
	real, ok := w.ports[address]
	w.mu.Unlock()
	if !ok {
		if host, _, _ := net.SplitHostPort(address); host != "127.0.0.1" {
			return nil, errors.New("nobody listens")
		}
		real = address // the model's endpoint of a test
	}
	return new(net.Dialer).DialContext(ctx, network, real)
}

func (w *world) report(e autosession.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, fmt.Sprintf("%s: %s", e.Type, e.Text))
}

// said returns what was reported so far.
func (w *world) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.events, "\n")
}

// start opens a gateway to w.
func (w *world) start(t testing.TB, o Options) *Gateway {
	t.Helper()
	o.Report, o.Resolve, o.Dial = w.report, w.resolve, w.dial
	g, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// client sends every connection to the gateway's socket, as all that is inside
// must. Its requests for proxy hosts ask the gateway as a proxy.
func (g *Gateway) client(t testing.TB) *http.Client {
	transport := &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if r.URL.Host == address {
				return nil, nil
			}
			return url.Parse(URL)
		},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", g.Socket())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// tell sends raw bytes to the gateway and returns the first line of its answer,
// or "" when it hangs up.
func (g *Gateway) tell(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("unix", g.Socket())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	go io.WriteString(conn, text)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Errorf("no answer to %q", text)
	}
	return strings.TrimSpace(line)
}

func get(t *testing.T, c *http.Client, url string) (status int, body string) {
	t.Helper()
	a, err := c.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Error(err)
	}
	return a.StatusCode, string(b)
}

func TestStartRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"scheme":         {Endpoint: "ftp://api.example.com"},
		"no URL":         {Endpoint: "api.example.com"},
		"user":           {Endpoint: "https://user:pass@api.example.com"},
		"query":          {Endpoint: "https://api.example.com/?key=1"},
		"both":           {Key: "a", Token: "b"},
		"clear":          {Key: "secret", Endpoint: "http://api.example.com"},
		"line":           {Key: "secret\r\nx: y"},
		"address":        {Hosts: []string{"10.0.0.1"}},
		"port":           {Hosts: []string{"example.com:8443"}},
		"URL":            {Hosts: []string{"https://example.com"}},
		"wildcard":       {Hosts: []string{"*.example.com"}},
		"everything":     {Hosts: []string{"."}},
		"nothing":        {Hosts: []string{""}},
		"top level":      {Hosts: []string{".com"}},
		"other alphabet": {Hosts: []string{"exаmple.com"}},
	} {
		g, err := Start(o)
		if err == nil {
			g.Close()
			t.Errorf("%s: %+v was accepted", name, o)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Start(Options{Endpoint: "x", Hosts: []string{"a b", "1.2.3.4"}}); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not all problems: %v", err)
	}
}

func TestTunnel(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s asked for %s", r.Host, r.URL.Path)
	}))
	defer server.Close()
	w := &world{
		names: map[string]string{"example.com": "10.0.0.1 8.8.8.8", "sub.example.org": "2606:4700::1111"},
		ports: map[string]string{"8.8.8.8:443": server.Listener.Addr().String(), "[2606:4700::1111]:443": server.Listener.Addr().String()},
	}
	g := w.start(t, Options{Hosts: []string{"Example.com.", ".example.org"}})
	c := g.client(t)
	c.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	c.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com"
	for _, host := range []string{"example.com", "EXAMPLE.com", "sub.example.org"} {
		if status, body := get(t, c, "https://"+host+"/x"); status != 200 || !strings.EqualFold(body, host+" asked for /x") {
			t.Errorf("%s: %d %s", host, status, body)
		}
	}
	for _, host := range []string{"example.net", "example.org", "xexample.org", "sub.example.com"} {
		if status, body := get(t, c, "https://"+host+"/x"); status != 0 || !strings.Contains(body, "Forbidden") {
			t.Errorf("%s: %d %s", host, status, body)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"network: allowed example.com:443, ", "network: allowed sub.example.org:443, ", " bytes out: a tunnel",
		"network: denied example.net:443, 0 bytes in, 0 bytes out: the host is not allowed", "network: denied xexample.org:443",
	} {
		if !strings.Contains(w.said(), want) {
			t.Errorf("nothing says %q:\n%s", want, w.said())
		}
	}
	if all := fmt.Sprint(w.looked, w.dialed); strings.Contains(all, "example.net") || strings.Contains(all, "10.0.0.1") {
		t.Errorf("what is denied was looked up or dialed: %s", all)
	}
}

func TestPlainHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("Location", "http://elsewhere.example/")
		w.WriteHeader(http.StatusFound)
		fmt.Fprintf(w, "%s %s %s", r.Host, r.URL.Path, b)
	}))
	defer server.Close()
	w := &world{names: map[string]string{"example.com": "8.8.8.8"}, ports: map[string]string{"8.8.8.8:80": server.Listener.Addr().String()}}
	g := w.start(t, Options{Hosts: []string{"example.com"}})
	a, err := g.client(t).Post("http://example.com/x", "text/plain", strings.NewReader("12345"))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(a.Body)
	a.Body.Close()
	if string(body) != "example.com /x 12345" || a.StatusCode != http.StatusFound {
		t.Errorf("%s: %s", a.Status, body)
	}
	if status, _ := get(t, g.client(t), "http://example.net/"); status != http.StatusForbidden {
		t.Errorf("another host: %d", status)
	}
	g.Close()
	if want := "network: allowed example.com:80, 20 bytes in, 5 bytes out: POST: status 302"; !strings.Contains(w.said(), want) {
		t.Errorf("nothing says %q:\n%s", want, w.said())
	}
}

// A name that leads somewhere else at the second look is looked at once.
func TestRebinding(t *testing.T) {
	w := &world{names: map[string]string{"example.com": "127.0.0.1", "mapped.example": "::ffff:169.254.169.254", "none.example": ""}}
	g := w.start(t, Options{Hosts: []string{"example.com", "mapped.example", "none.example"}})
	for host, want := range map[string]string{
		"example.com":    "denied example.com:443, 0 bytes in, 0 bytes out: the host's name leads to an address that is not on the internet",
		"mapped.example": "denied mapped.example:443, ", "none.example": "allowed none.example:443, 0 bytes in, 0 bytes out: cannot find the host: no such host",
	} {
		g.tell(t, "CONNECT "+host+":443 HTTP/1.1\r\nHost: x\r\n\r\n")
		if !strings.Contains(w.said(), want) {
			t.Errorf("nothing says %q:\n%s", want, w.said())
		}
	}
	if status, _ := get(t, g.client(t), "http://example.com/"); status != http.StatusForbidden {
		t.Errorf("by plain HTTP: %d", status)
	}
	if len(w.dialed) != 0 {
		t.Errorf("dialed %v", w.dialed)
	}
}

func TestCloseEndsAll(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := &world{names: map[string]string{"example.com": "8.8.8.8"}, ports: map[string]string{"8.8.8.8:443": l.Addr().String()}}
	g := w.start(t, Options{Hosts: []string{"example.com"}, Endpoint: "http://" + l.Addr().String()})
	var conns []net.Conn
	for _, text := range []string{
		"", "GET ", "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12", "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn, err := net.Dial("unix", g.Socket())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, text)
		conns = append(conns, conn)
	}
	for range 2 { // the endpoint and the tunnel are reached, and say nothing
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	if err := errors.Join(g.Close(), g.Close()); err != nil {
		t.Error(err)
	}
	for _, conn := range conns {
		conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("a connection is still open")
		}
		conn.Close()
	}
	if _, err := os.Stat(g.Socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	if !strings.Contains(w.said(), "allowed example.com:443, 0 bytes in") {
		t.Errorf("the tunnel is not reported: %s", w.said())
	}
}

// echo answers with what it gets, after all of it.
func echo(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			all, _ := io.ReadAll(conn)
			conn.Write(all)
			conn.Close()
		}
	}()
	return l
}

// What is said before the tunnel stands is not lost, and each side can end
// while it still listens.
func TestTunnelCarriesAll(t *testing.T) {
	w := &world{names: map[string]string{"example.com": "8.8.8.8"}, ports: map[string]string{"8.8.8.8:443": echo(t).Addr().String()}}
	g := w.start(t, Options{Hosts: []string{"example.com"}})
	conn, err := net.Dial("unix", g.Socket())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	said := strings.Repeat("0123456789", 100_000)
	go func() {
		io.WriteString(conn, "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"+said)
		conn.(*net.UnixConn).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != "HTTP/1.1 200 Connection established\r\n\r\n"+said {
		t.Errorf("%v: %d bytes of %d", err, len(got), len(said))
	}
	g.Close()
	if want := "allowed example.com:443, 1000000 bytes in, 1000000 bytes out: a tunnel"; !strings.Contains(w.said(), want) {
		t.Errorf("nothing says %q: %s", want, w.said())
	}
}

func TestIdle(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := &world{names: map[string]string{"example.com": "8.8.8.8"}, ports: map[string]string{"8.8.8.8:443": l.Addr().String()}}
	g := w.start(t, Options{Hosts: []string{"example.com"}, Endpoint: "http://" + l.Addr().String(), Idle: 100 * time.Millisecond})
	for _, text := range []string{
		"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12",
	} {
		conn, err := net.Dial("unix", g.Socket())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, text)
		conn.SetReadDeadline(time.Now().Add(patience))
		answer, err := io.ReadAll(conn)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: still open after %s", text, answer)
		}
		conn.Close()
	}
}

// A temporary directory whose path is too long for a socket is no obstacle.
func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	g, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", g.Socket())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := g.Close(); err != nil || exists(g.Socket()) {
		t.Errorf("%v, or its socket is left", err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
