package gateway

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// answerSize is what one request of the benchmark fetches, in bytes.
const answerSize = 32 << 20

// BenchmarkThroughput compares a direct connection with the two ways through
// a gateway and a forwarder. The aim is at least half of direct; the model's
// real endpoint is one with TLS.
func BenchmarkThroughput(b *testing.B) {
	part := make([]byte, 64<<10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range answerSize / len(part) {
			w.Write(part)
		}
	}))
	defer server.Close()
	secure := httptest.NewTLSServer(server.Config.Handler)
	defer secure.Close()
	w := &world{
		names: map[string]string{"example.com": "8.8.8.8"},
		ports: map[string]string{"8.8.8.8:443": secure.Listener.Addr().String(), "8.8.8.8:80": server.Listener.Addr().String()},
	}
	g := w.start(b, Options{Endpoint: server.URL, Key: testKey, Hosts: []string{"example.com"}})
	inside := "http://" + g.forwarder(b)
	real := trust(w.start(b, Options{Endpoint: secure.URL, Key: testKey}), secure)
	insideReal := "http://" + real.forwarder(b)
	proxied := secure.Client()
	proxied.Transport.(*http.Transport).Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(inside) }
	proxied.Transport.(*http.Transport).DialContext = nil
	plain := &http.Client{Transport: &http.Transport{Proxy: proxied.Transport.(*http.Transport).Proxy}}
	direct := &http.Client{Transport: secure.Client().Transport.(*http.Transport).Clone()}
	direct.Transport.(*http.Transport).Proxy = nil

	for _, way := range []struct {
		name, url string
		client    *http.Client
	}{
		{"direct", server.URL + "/", &http.Client{Transport: &http.Transport{}}},
		{"endpoint", inside + "/v1/models", &http.Client{Transport: &http.Transport{}}},
		{"plain", "http://example.com/", plain},
		{"tls/direct", secure.URL + "/", direct},
		{"tls/endpoint", insideReal + "/v1/models", &http.Client{Transport: &http.Transport{}}},
		{"tls/tunnel", "https://example.com/", proxied},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(answerSize)
			for b.Loop() {
				fetch(b, way.client, way.url)
			}
		})
		way.client.CloseIdleConnections()
	}
}

func fetch(b *testing.B, c *http.Client, url string) {
	a, err := c.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer a.Body.Close()
	if n, err := io.Copy(io.Discard, a.Body); err != nil || n != answerSize || a.StatusCode != 200 {
		b.Fatal(a.Status, n, err)
	}
}

// BenchmarkTunnel is the same without TLS and HTTP: bytes alone.
func BenchmarkTunnel(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		part := make([]byte, 64<<10)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			for {
				if _, err := conn.Write(part); err != nil {
					break
				}
			}
			conn.Close()
		}
	}()
	w := &world{names: map[string]string{"example.com": "8.8.8.8"}, ports: map[string]string{"8.8.8.8:443": l.Addr().String()}}
	g := w.start(b, Options{Hosts: []string{"example.com"}})
	for name, way := range map[string]struct{ to, hello string }{
		"direct":  {l.Addr().String(), ""},
		"through": {g.forwarder(b), "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		b.Run(name, func(b *testing.B) {
			conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", way.to)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			io.Copy(conn, strings.NewReader(way.hello))
			b.SetBytes(answerSize)
			for b.Loop() {
				if _, err := io.CopyN(io.Discard, conn, answerSize); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
