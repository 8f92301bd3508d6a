package sandbox

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reexec"
)

func init() { reexec.Register("test-forward", runForward) }

// runForward listens on loopback and forwards each connection to the gateway.
func runForward(args []string) int {
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return 1
	}
	os.Stdout.WriteString("ready\n")
	for {
		conn, err := l.Accept()
		if err != nil {
			return 1
		}
		go func() {
			defer conn.Close()
			if out, err := net.Dial("unix", GatewaySocket); err == nil {
				io.Copy(conn, out)
			}
		}()
	}
}

// small gateway: one byte for each who asks.
func openWay(t *testing.T, closed chan<- bool) Gateway {
	return func(ctx context.Context, s autosession.Scope) (*Way, error) {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "gateway"))
		if err != nil {
			return nil, err
		}
		go answer(l)
		return &Way{
			Socket: l.Addr().String(), Env: []string{"ENDPOINT=127.0.0.1:8080"}, Entry: "test-forward", Args: []string{"127.0.0.1:8080"},
			Close: func() error { closed <- true; return l.Close() },
		}, nil
	}
}

func TestGateway(t *testing.T) {
	h := newHouse(t)
	closed := make(chan bool, 1)
	h.options.Gateway = openWay(t, closed)
	h.scope.Network.Endpoint = "http://model.example"
	if exit, output := h.run(t, `test "$ENDPOINT" = 127.0.0.1:8080 && $PROBE connect tcp $ENDPOINT`); !exit.OK() {
		t.Errorf("%+v: %s", exit, output)
	}
	if len(closed) != 1 {
		t.Error("the way was not closed with its tree")
	}
	h.scope.Network = autosession.Network{}
	if exit, _ := h.run(t, `test "$ENDPOINT" || $PROBE connect unix `+GatewaySocket); exit.OK() {
		t.Error("a tree without a network has one")
	}
}

func TestNoGateway(t *testing.T) {
	h := newHouse(t)
	h.scope.Network.Hosts = []string{"example.com"}
	_, err := h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"})
	if err == nil || !strings.Contains(err.Error(), "no gateway is configured") {
		t.Errorf("%v", err)
	}
	problem := errors.New("no room")
	h.options.Gateway = func(context.Context, autosession.Scope) (*Way, error) { return nil, problem }
	if _, err = h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"}); !errors.Is(err, problem) {
		t.Errorf("%v", err)
	}
	h.options.Gateway = func(ctx context.Context, s autosession.Scope) (*Way, error) {
		way, err := openWay(t, make(chan bool, 1))(ctx, s)
		way.Entry, way.Args = "test-forward", []string{"no address"}
		return way, err
	}
	if _, err = h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"}); err == nil || !strings.Contains(err.Error(), "before it was ready") {
		t.Errorf("%v", err)
	}
}
