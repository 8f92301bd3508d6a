package gateway

import (
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// Whatever is said to the socket, only what is allowed is looked up and
// dialed, and the gateway goes on.
func FuzzInside(f *testing.F) {
	for _, s := range []string{
		"CONNECT good.example:443 HTTP/1.1\r\nHost: x\r\n\r\nhello",
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: good.example:443\r\n\r\n",
		"GET http://good.example/x HTTP/1.1\r\nHost: evil.example\r\nUpgrade: x\r\n\r\nGET http://evil.example/ HTTP/1.1\r\n\r\n",
		"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"\x16\x03\x01", "GET / HTTP/0.9\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { l.Close() })
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			conn.Close()
		}
	}()
	here := l.Addr().String()
	w := &world{names: map[string]string{"good.example": "8.8.8.8"}, ports: map[string]string{"8.8.8.8:443": here, "8.8.8.8:80": here}}
	g := w.start(f, Options{Endpoint: "http://" + here, Key: testKey, Hosts: []string{"good.example"}})
	f.Fuzz(func(t *testing.T, said []byte) {
		conn, err := net.Dial("unix", g.Socket())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		conn.Write(said)
		conn.(*net.UnixConn).CloseWrite()
		io.Copy(io.Discard, conn)
		w.mu.Lock()
		defer w.mu.Unlock()
		if slices.ContainsFunc(w.looked, func(host string) bool { return host != "good.example" }) ||
			slices.ContainsFunc(w.dialed, func(a string) bool { return a != "8.8.8.8:443" && a != "8.8.8.8:80" && a != here }) {
			t.Errorf("%q: looked up %q, dialed %q", said, w.looked, w.dialed)
		}
		w.looked, w.dialed, w.events = nil, nil, nil
	})
}
