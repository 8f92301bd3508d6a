package gateway

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// open is a world in which everything that is not stopped would be reached.
func openWorld(t *testing.T) (w *world, g *Gateway, reached func() int) {
	server, asked := seen(t)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	t.Cleanup(plain.Close)
	w = &world{names: map[string]string{}, ports: map[string]string{}}
	for _, host := range []string{"good.example", "evil.example", "localhost", "good.example.evil.example", "xgood.example", "sub.good.example", "wide.example", "xwide.example"} {
		w.names[host] = "8.8.8.8"
	}
	w.ports["8.8.8.8:443"], w.ports["8.8.8.8:80"] = server.Listener.Addr().String(), plain.Listener.Addr().String()
	g = w.start(t, Options{Hosts: []string{"good.example", ".wide.example"}})
	return w, g, func() int { return len(asked) }
}

func TestBypass(t *testing.T) {
	w, g, _ := openWorld(t)
	connect := func(target string) string { return "CONNECT " + target + " HTTP/1.1\r\nHost: good.example:443\r\n\r\n" }
	absolute := func(url string) string { return "GET " + url + " HTTP/1.1\r\nHost: good.example\r\n\r\n" }
	for name, text := range map[string]string{
		"address":              connect("8.8.8.8:443"),
		"decimal":              connect("134744072:443"),
		"hex":                  connect("0x08080808:443"),
		"hex parts":            connect("0x8.0x8.0x8.0x8:443"),
		"octal":                connect("010.010.010.010:443"),
		"short":                connect("127.1:443"),
		"short with a dot":     connect("127.1.:443"),
		"IPv6":                 connect("[::1]:443"),
		"mapped":               connect("[::ffff:8.8.8.8]:443"),
		"IPv6 bare":            connect("::1:443"),
		"zone":                 connect("[fe80::1%25lo]:443"),
		"loopback by name":     connect("localhost:443"),
		"another host":         connect("evil.example:443"),
		"prefix":               connect("good.example.evil.example:443"),
		"suffix without dot":   connect("xgood.example:443"),
		"below an exact name":  connect("sub.good.example:443"),
		"suffix itself":        connect("wide.example:443"),
		"suffix without dot 2": connect("xwide.example:443"),
		"empty label":          connect(".wide.example:443"),
		"two dots":             connect("good.example..:443"),
		"other port":           connect("good.example:22"),
		"no port":              connect("good.example"),
		"empty port":           connect("good.example:"),
		"port with zeros":      connect("good.example:0443"),
		"port with a sign":     connect("good.example:+443"),
		"large port":           connect("good.example:65979"),
		"two ports":            connect("good.example:443:443"),
		"port 0":               connect("good.example:0"),
		"user":                 connect("good.example@evil.example:443"),
		"user at allowed":      connect("x@good.example:443"),
		"user and address":     connect("good.example:443@8.8.8.8:443"),
		"path":                 connect("evil.example/good.example:443"),
		"fragment":             connect("evil.example#good.example:443"),
		"query":                connect("evil.example?good.example:443"),
		"escape":               connect("good%2eexample:443"),
		"NUL":                  connect("good.example\x00.evil.example:443"),
		"NUL escaped":          connect("good.example%00.evil.example:443"),
		"Kelvin sign":          connect("wor\u212a.wide.example:443"),
		"wide dot":             connect("good\uff0eexample:443"),
		"backslash":            connect("evil.example\\.good.example:443"),
		"CRLF":                 connect("evil.example:443\r\nX: good.example:443"),
		"space":                connect("evil.example:443 good.example:443"),
		"URL in CONNECT":       connect("https://good.example:443"),
		"path in CONNECT":      connect("/v1/messages"),
		"nothing":              connect(""),
		"long":                 connect(strings.Repeat("a.", 200) + "good.example:443"),
		"long label":           connect(strings.Repeat("a", 64) + ".wide.example:443"),
		"lower case connect":   "connect good.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",

		"absolute":              absolute("http://evil.example/"),
		"absolute address":      absolute("http://8.8.8.8/"),
		"absolute decimal":      absolute("http://134744072/"),
		"absolute IPv6":         absolute("http://[::1]/"),
		"absolute port":         absolute("http://good.example:8080/"),
		"absolute TLS port":     absolute("http://good.example:443/"),
		"absolute https":        absolute("https://good.example/"),
		"absolute user":         absolute("http://good.example@evil.example/"),
		"absolute user 2":       absolute("http://user:pass@good.example/"),
		"absolute ftp":          absolute("ftp://good.example/"),
		"absolute file":         absolute("file:///etc/passwd"),
		"absolute gopher":       absolute("gopher://good.example:80/_x"),
		"opaque":                absolute("http:good.example"),
		"no host":               absolute("http:///x"),
		"backslash in absolute": absolute("http://evil.example\\@good.example/"),
		"own address":           absolute(URL + "/v1/messages"),
		"upgrade":               "GET http://good.example/ HTTP/1.1\r\nHost: good.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"h2c":                   "GET http://good.example/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
	} {
		got := g.tell(t, text)
		if status, _, _ := strings.Cut(strings.TrimPrefix(got, "HTTP/1.1 "), " "); status != "403" && status != "400" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(w.looked)+len(w.dialed) != 0 {
		t.Errorf("looked up %v, dialed %v", w.looked, w.dialed)
	}
	for _, line := range strings.Split(w.said(), "\n") {
		if !strings.HasPrefix(line, "network: denied ") || !strings.Contains(line, ", 0 bytes in, 0 bytes out: ") || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q", line)
		}
	}
	// The gateway lives, and what is allowed works.
	for _, text := range []string{connect("good.example:443"), connect("GOOD.example.:443"), connect("a.b.wide.example:443")} {
		w.names["a.b.wide.example"] = "8.8.8.8"
		if got := g.tell(t, text); got != "HTTP/1.1 200 Connection established" {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := g.tell(t, "GET http://GOOD.example:80/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"); got != "HTTP/1.1 200 OK" {
		t.Errorf("%q", got)
	}
}

// The Host header of a request for an absolute URL says nothing.
func TestHostHeader(t *testing.T) {
	hosts := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hosts <- r.Host }))
	defer server.Close()
	w := &world{names: map[string]string{"good.example": "8.8.8.8"}, ports: map[string]string{"8.8.8.8:80": server.Listener.Addr().String()}}
	g := w.start(t, Options{Hosts: []string{"good.example"}})
	if got := g.tell(t, "GET http://good.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"); got != "HTTP/1.1 200 OK" {
		t.Errorf("%q", got)
	}
	if host := <-hosts; host != "good.example" {
		t.Errorf("asked as %s", host)
	}
}

// However a request is framed, the endpoint gets as many as were judged.
func TestSmuggling(t *testing.T) {
	server, asked := seen(t)
	w := &world{}
	g := trust(w.start(t, Options{Endpoint: server.URL, Key: testKey}), server)
	const second = "GET /v1/organizations/me HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, head := range map[string]string{
		"both lengths":       "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":        "Content-Length: 0\r\nContent-Length: 60\r\n\r\n",
		"list of lengths":    "Content-Length: 0, 60\r\n\r\n",
		"signed length":      "Content-Length: +0\r\n\r\n",
		"unknown coding":     "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two codings":        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"space before colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"folded":             "X: y\r\n Transfer-Encoding: chunked\r\n\r\n",
		"bare line feed":     "Content-Length: 0\n\n",
		"bad chunk":          "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
		"long chunk":         "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
		"trailer":            "Transfer-Encoding: chunked\r\nTrailer: X-Api-Key\r\n\r\n0\r\nX-Api-Key: dummy\r\n\r\n",
	} {
		conn, err := net.Dial("unix", g.Socket())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		io.WriteString(conn, "POST /v1/messages HTTP/1.1\r\nHost: x\r\n"+head+second)
		conn.(*net.UnixConn).CloseWrite()
		if _, err := io.ReadAll(conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
		conn.Close()
	}
	g.Close()
	for len(asked) > 0 {
		if r := <-asked; r.URL.Path != "/v1/messages" || r.Trailer.Get("X-Api-Key") != "" {
			t.Errorf("the endpoint got %s %s %v", r.Method, r.RequestURI, r.Trailer)
		}
	}
}

func TestGarbage(t *testing.T) {
	w, g, _ := openWorld(t)
	for name, text := range map[string]string{
		"zeros":        strings.Repeat("\x00", 1<<20),
		"one line":     strings.Repeat("a", 1<<20),
		"huge headers": "GET /v1/models HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 1<<20),
		"many headers": "GET /v1/models HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 1<<17),
		"HTTP/2":       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"TLS":          "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"no host":      "GET / HTTP/1.1\r\n\r\n",
	} {
		if got := g.tell(t, text); strings.Contains(got, " 200 ") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(w.dialed) != 0 {
		t.Errorf("dialed %v", w.dialed)
	}
}

// More connections than there are places wait for those that end.
func TestManyConnections(t *testing.T) {
	_, g, _ := openWorld(t)
	var idle []net.Conn
	for range maxConnections {
		conn, err := net.Dial("unix", g.Socket())
		if err != nil {
			t.Fatal(err)
		}
		idle = append(idle, conn)
	}
	answers := make(chan string)
	go func() { answers <- g.tell(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") }()
	select {
	case got := <-answers:
		t.Fatalf("answered beyond the limit: %q", got)
	case <-time.After(50 * time.Millisecond):
	}
	for _, conn := range idle {
		conn.Close()
	}
	if got := <-answers; got != "HTTP/1.1 404 Not Found" {
		t.Errorf("%q", got)
	}
}

func TestManyDenials(t *testing.T) {
	w, g, _ := openWorld(t)
	c := g.client(t)
	for i := range maxDenied + 7 {
		if status, _ := get(t, c, fmt.Sprintf("http://%d.evil.example/", i)); status != http.StatusForbidden {
			t.Fatal(status)
		}
	}
	g.Close()
	if n := strings.Count(w.said(), "\n") + 1; n != maxDenied+1 || !strings.HasSuffix(w.said(), ": 7 further attempts, not listed") {
		t.Errorf("%d events, the last %q", n, w.events[n-1])
	}
}
