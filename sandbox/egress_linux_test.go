package sandbox

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/gateway"
)

// attempts collects what a gateway reports.
type attempts struct {
	mu   sync.Mutex
	text strings.Builder
}

func (a *attempts) add(e autosession.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.text.WriteString(e.Text + "\n")
}

func (a *attempts) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}

// realWay opens the gateway that sessions have. All names lead to one address,
// and that to a server here.
func realWay(server string, said *attempts) Gateway {
	return func(ctx context.Context, s autosession.Scope) (*Way, error) {
		g, err := gateway.Start(gateway.Options{
			Hosts: s.Network.Hosts, Report: said.add,
			Resolve: func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
			},
			Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, server)
			},
		})
		if err != nil {
			return nil, err
		}
		return &Way{Socket: g.Socket(), Env: gateway.Env(), Entry: gateway.Entry, Args: gateway.Args(GatewaySocket), Close: g.Close}, nil
	}
}

// Through the real gateway the hosts that the scope names can be reached, and
// no other, by no other way; each refusal is reported (G16).
func TestEgress(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	address := server.Listener.Addr().String()
	h := newHouse(t)
	var said attempts
	h.options.Gateway = realWay(address, &said)
	h.scope.Network.Hosts = []string{"good.example", ".wide.example"}
	for _, request := range []string{"get http://good.example/", "get http://GOOD.example./x", "get http://a.wide.example/", "connect-by good.example:443"} {
		if exit, output := h.run(t, "$PROBE "+request); !exit.OK() {
			t.Errorf("%s ended with %+v: %s", request, exit, output)
		}
	}
	for request, refusal := range map[string]string{
		"get http://evil.example/":              "denied evil.example:80",
		"get http://good.example.evil.example/": "denied good.example.evil.example:80",
		"get http://notgood.example/":           "denied notgood.example:80",
		"get http://xwide.example/":             "denied xwide.example:80",
		"get http://8.8.8.8/":                   "denied 8.8.8.8,",
		"get http://good.example:8080/":         "denied good.example:8080",
		"connect-by good.example:22":            "denied good.example:22",
		"connect-by 8.8.8.8:443":                "denied 8.8.8.8:443",
		"direct http://good.example/":           "",
		"direct http://8.8.8.8/":                "",
		"direct http://" + address + "/":        "",
		"get http://" + address + "/":           "",
	} {
		if exit, output := h.run(t, "$PROBE "+request); exit.OK() {
			t.Errorf("G16 does not hold: this worked: %s\n%s", request, output)
		}
		if !strings.Contains(said.String(), refusal) {
			t.Errorf("nothing says %q of %s:\n%s", refusal, request, said.String())
		}
	}
}
