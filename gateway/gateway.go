// Package gateway is the only way out of a sandbox without a network. It
// serves one Unix socket that is bound in; inside, a forwarder of ours (the
// reexec entry [Entry]) listens on loopback and pipes each connection to it.
//
// Three things can be asked of it, and the form of the request tells them
// apart, so that one address inside serves all:
//
//   - a path: the model's endpoint. The real key is put in here, outside;
//     whatever key comes from inside is dropped.
//   - CONNECT host:port: a tunnel to a host that the person allowed by name.
//   - an absolute URL: the same for plain HTTP.
//
// Each attempt is reported, allowed or denied. What travels in a tunnel is not
// looked into: who allows a host allows all that can be told to it, and to
// others that it serves under the same address. The package does not judge
// commands and starts no process.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/redact"
)

// Bounds on what the inside can make us hold.
const (
	maxConnections = 256
	maxHeaderBytes = 64 << 10
	headerTime     = 30 * time.Second // for one request's headers
	keepTime       = 2 * time.Minute  // of an open connection between two requests
	dialTime       = 30 * time.Second // for finding a host and connecting to it
)

// Options is what a gateway lets through. The zero value lets nothing out.
type Options struct {
	// Endpoint is the base URL of the model's service. Default: none.
	Endpoint string
	// Key is the service's API key, sent as x-api-key; Token is the token of a
	// subscription, sent as a bearer's Authorization. One of them, or none.
	Key, Token string
	// Hosts may be reached on ports 80 and 443: exact names, or .example.org
	// for all below it. Default: none.
	Hosts []string
	// Report gets an event for each attempt when it has ended, one at a time.
	// It must not block for long. nil drops them.
	Report func(autosession.Event)
	// Idle is how long a connection may be silent. Default: 15 min.
	Idle time.Duration
	// Resolve finds the addresses of a host. Default: the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Dial connects, to a host by an address that was checked. Default: a
	// plain [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Gateway is one way out, for one process tree.
type Gateway struct {
	options  Options
	base     *url.URL // of the endpoint; nil is none
	rules    rules
	journal  journal
	endpoint *http.Transport
	hosts    *http.Transport
	buffers  buffers

	dir     string
	server  *http.Server
	stop    context.CancelFunc // ends what handlers wait for
	entry   sync.Mutex
	closed  bool           // no handler begins any more
	serving sync.WaitGroup // the accept loop and the handlers
}

// Start serves a new socket until Close. Its error says all that is wrong with
// o, or that there is no place for a socket.
func Start(o Options) (*Gateway, error) {
	g, err := build(o)
	if err != nil {
		return nil, err
	}
	listener, err := g.listen()
	if err != nil {
		return nil, err
	}
	g.serving.Go(func() { g.server.Serve(newDoor(listener, maxConnections)) }) // until Close
	return g, nil
}

// build makes a gateway that does not listen yet.
func build(o Options) (*Gateway, error) {
	g := &Gateway{options: o.withDefaults()}
	g.journal = journal{report: g.options.Report, redact: redact.New(o.Key, o.Token)}
	var problems [3]error
	g.base, problems[0] = parseEndpoint(o.Endpoint)
	g.rules, problems[1] = parseRules(o.Hosts)
	problems[2] = checkSecrets(o, g.base)
	if err := errors.Join(problems[:]...); err != nil {
		return nil, err
	}
	g.transports()
	base, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.server = &http.Server{
		Handler:           http.HandlerFunc(g.serve),
		BaseContext:       func(net.Listener) context.Context { return base },
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       keepTime,
		Protocols:         new(http.Protocols),
		// Its complaints are about what comes from inside.
		ErrorLog:                     log.New(io.Discard, "", 0),
		DisableGeneralOptionsHandler: true,
	}
	g.server.Protocols.SetHTTP1(true)
	return g, nil
}

func (o Options) withDefaults() Options {
	if o.Report == nil {
		o.Report = func(autosession.Event) {}
	}
	if o.Idle <= 0 {
		o.Idle = 15 * time.Minute
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			// A dot at its end keeps the machine's search domains out of it.
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host+".")
		}
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return o
}

// longestParent is how long the path of a socket's directory's parent may be,
// in bytes: the kernel takes no path of a socket above 103 on every system.
const longestParent = 60

// listen makes the socket, in a directory that is closed to other users.
func (g *Gateway) listen() (net.Listener, error) {
	parent := os.TempDir()
	if len(parent) > longestParent {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "autosession-gateway-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a place for the gateway's socket: %v", err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot listen for the gateway: %v", err), os.Remove(dir))
	}
	g.dir = dir
	return listener, nil
}

// Socket is the path of the gateway's socket, absolute.
func (g *Gateway) Socket() string { return filepath.Join(g.dir, "socket") }

// Close ends all connections and returns when nothing is served and reported
// any more. It may be called again.
func (g *Gateway) Close() error {
	g.entry.Lock()
	again := g.closed
	g.closed = true
	g.entry.Unlock()
	g.stop()
	err := g.server.Close()
	g.serving.Wait()
	if again {
		return nil
	}
	g.endpoint.CloseIdleConnections()
	g.hosts.CloseIdleConnections()
	g.journal.close()
	if g.dir != "" {
		err = errors.Join(err, os.RemoveAll(g.dir))
	}
	if err != nil {
		return fmt.Errorf("cannot close the gateway: %w", err)
	}
	return nil
}

// serve answers one request from inside.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	if !g.enter() {
		panic(http.ErrAbortHandler)
	}
	defer g.serving.Done()
	// The one that the last request of this connection left.
	http.NewResponseController(w).SetWriteDeadline(time.Time{})
	switch {
	case r.Method == http.MethodConnect:
		g.connect(w, r)
	case r.URL.IsAbs() || r.URL.Host != "":
		g.forward(w, r)
	default:
		g.ask(w, r)
	}
}

// enter counts a handler in, unless the gateway is being closed.
func (g *Gateway) enter() bool {
	g.entry.Lock()
	defer g.entry.Unlock()
	if !g.closed {
		g.serving.Add(1)
	}
	return !g.closed
}

// refuse answers what is denied, and reports it.
func (g *Gateway) refuse(w http.ResponseWriter, to, reason string) {
	g.journal.denied(to, reason)
	g.say(w, http.StatusForbidden, "denied: "+reason)
}

// say answers by ourselves. The rest of the request, which is read before the
// next one, must come soon.
func (g *Gateway) say(w http.ResponseWriter, status int, text string) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(min(headerTime, g.options.Idle)))
	http.Error(w, "autosession: "+text, status)
}
