package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"slices"
)

// denial is why a connection is denied, in an error's clothes.
type denial string

func (d denial) Error() string { return string(d) }

// admit reads where something wants to go, and refuses it when the rules do
// not allow that. No name is looked up before.
func (g *Gateway) admit(w http.ResponseWriter, where, port string) (t target, ok bool) {
	t, err := parseTarget(where, port)
	if err != nil {
		g.refuse(w, shown(where), err.Error())
		return t, false
	}
	if !g.rules.allow(t.host) {
		g.refuse(w, t.String(), "the host is not allowed; a person can add it to hosts")
		return t, false
	}
	return t, true
}

// connect serves CONNECT: a tunnel.
func (g *Gateway) connect(w http.ResponseWriter, r *http.Request) {
	// The line as it came: a URL would read a user, a path or a default port
	// into it.
	t, ok := g.admit(w, r.RequestURI, "")
	if !ok {
		return
	}
	outside, err := g.dialHost(r.Context(), t)
	if err != nil {
		if why := g.fail(w, t.String(), err); why != "" {
			g.journal.allowed(t.String(), 0, 0, why)
		}
		return
	}
	defer outside.Close()
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		g.journal.allowed(t.String(), 0, 0, "the connection from inside ended")
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n") // a failure ends the tunnel
	early, _ := buffer.Reader.Peek(buffer.Reader.Buffered())
	sent, _ := io.Copy(outside, bytes.NewReader(early))
	out, in := join(r.Context(), bare(conn), bare(outside), g.options.Idle)
	g.journal.allowed(t.String(), in, sent+out, "a tunnel")
}

// forward serves a request for an absolute URL.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request) {
	if r.URL.Scheme != "http" || r.URL.Opaque != "" || r.URL.User != nil {
		g.refuse(w, shown(r.URL.Host), "a URL for the proxy is http://host/path, without a user; others take CONNECT")
		return
	}
	t, ok := g.admit(w, r.URL.Host, "80")
	if !ok {
		return
	}
	if t.port != "80" {
		g.refuse(w, t.String(), "plain HTTP goes to port 80")
		return
	}
	g.relay(w, r, t.String(), g.hosts, func(p *httputil.ProxyRequest) {
		p.Out.URL.Host, p.Out.Host = t.host, t.host
		p.Out.Header.Del("Proxy-Connection")
	})
}

// dialHost connects to a host that the rules allow: its name is resolved once,
// and the connection goes to an address that was looked at.
func (g *Gateway) dialHost(ctx context.Context, t target) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	found, err := g.options.Resolve(ctx, t.host)
	if err != nil {
		return nil, fmt.Errorf("cannot find the host: %w", err)
	}
	addresses := slices.DeleteFunc(slices.Clone(found), func(a netip.Addr) bool { return !public(a) })
	if len(addresses) == 0 && len(found) > 0 {
		return nil, denial("the host's name leads to an address that is not on the internet")
	}
	err = errors.New("cannot find the host: it has no address")
	for _, a := range addresses {
		var conn net.Conn
		each, done := context.WithTimeout(ctx, dialTime/3)
		conn, err = g.options.Dial(each, "tcp", net.JoinHostPort(a.Unmap().String(), t.port))
		done()
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// fail answers what could not be reached. It returns why, for the journal, or
// "" when it was denied and is reported.
func (g *Gateway) fail(w http.ResponseWriter, to string, err error) (why string) {
	if d, ok := errors.AsType[denial](err); ok {
		g.refuse(w, to, string(d))
		return ""
	}
	w.Header().Set("Connection", "close") // the rest of the request may never come
	g.say(w, http.StatusBadGateway, to+" cannot be reached")
	return plain(err.Error())
}
