package gateway

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// forwarder runs what is inside, in this process, on a free port.
func (g *Gateway) forwarder(t testing.TB) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		forward(newDoor(l, maxConnections), g.Socket())
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestForward(t *testing.T) {
	server, _ := seen(t)
	g := trust(new(world).start(t, Options{Endpoint: server.URL}), server)
	address := g.forwarder(t)
	for range 3 {
		a, err := http.Post("http://"+address+"/v1/messages", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != 200 {
			t.Error(a.Status)
		}
	}
}

// Without a gateway connections end; the forwarder does not.
func TestForwardToNobody(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		forward(newDoor(l, 1), filepath.Join(t.TempDir(), "nothing"))
	}()
	for range 3 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := io.Copy(io.Discard, conn); n != 0 {
			t.Errorf("%d bytes from nobody", n)
		}
		conn.Close()
	}
	l.Close()
	<-done
}

func TestForwarderRefuses(t *testing.T) {
	if got := runForwarder(nil); got != 2 {
		t.Errorf("without a socket: %d", got)
	}
}

func TestEnv(t *testing.T) {
	for _, want := range []string{"HTTP_PROXY=" + URL, "https_proxy=" + URL, "NO_PROXY=127.0.0.1,localhost,::1"} {
		if !slices.Contains(Env(), want) {
			t.Errorf("%s is missing: %v", want, Env())
		}
	}
}
