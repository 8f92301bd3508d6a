package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// operation is one thing that the model's API can be asked for.
type operation struct {
	method string
	path   *regexp.Regexp
}

func (o operation) is(r *http.Request) bool {
	return o.method == r.Method && r.URL.RawPath == "" && o.path.MatchString(r.URL.Path)
}

// operations are all that may be asked: a real key opens more than a session
// needs.
var operations = []operation{
	{http.MethodPost, regexp.MustCompile(`^/v1/messages$`)},
	{http.MethodPost, regexp.MustCompile(`^/v1/messages/count_tokens$`)},
	{http.MethodGet, regexp.MustCompile(`^/v1/models$`)},
	{http.MethodGet, regexp.MustCompile(`^/v1/models/[A-Za-z0-9][A-Za-z0-9._:@-]*$`)},
}

// parseEndpoint reads the endpoint's base URL; "" is nil.
func parseEndpoint(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("cannot use the model's endpoint: it is not a URL like https://host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("cannot use the model's endpoint: its URL has more than a host and a path")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// checkSecrets sees that the key can be sent, and that nobody on the way can
// read it. It never names it.
func checkSecrets(o Options, endpoint *url.URL) error {
	secret := o.Key + o.Token
	odd := func(r rune) bool { return r <= ' ' || r >= 0x7f }
	switch {
	case o.Key != "" && o.Token != "":
		return errors.New("cannot use both a key and a token for the model's endpoint")
	case strings.ContainsFunc(secret, odd):
		return errors.New("cannot use the key of the model's endpoint: it holds spaces or other characters that no key has")
	case secret != "" && endpoint != nil && endpoint.Scheme == "http" && !loopback(endpoint.Hostname()):
		return fmt.Errorf("cannot send a key to %s: it would travel in the clear; use https", endpoint.Host)
	}
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// place is the endpoint's host and port, for events.
func place(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return u.Host + map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
}

// ask serves a request for the model's endpoint.
func (g *Gateway) ask(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		// Some agents look whether anybody is there. That does not leave.
		g.say(w, http.StatusNotFound, "the way to the model's endpoint")
		return
	}
	if g.base == nil {
		g.refuse(w, "the model's endpoint", "there is none")
		return
	}
	to := place(g.base)
	if !slices.ContainsFunc(operations, func(o operation) bool { return o.is(r) }) {
		g.refuse(w, to, shown(r.Method+" "+r.URL.Path)+" is not a part of the model's API")
		return
	}
	g.relay(w, r, to, g.endpoint, g.address)
}

// address turns a request from inside into one for the endpoint.
func (g *Gateway) address(p *httputil.ProxyRequest) {
	p.Out.URL.Scheme, p.Out.URL.Host = g.base.Scheme, g.base.Host
	p.Out.URL.Path, p.Out.URL.RawPath = g.base.Path+p.In.URL.Path, ""
	p.Out.Host = g.base.Host
	p.Out.Trailer = nil
	for name := range p.Out.Header {
		if secretive(name) {
			p.Out.Header.Del(name)
		}
	}
	if g.options.Key != "" {
		p.Out.Header.Set("X-Api-Key", g.options.Key)
	}
	if g.options.Token != "" {
		p.Out.Header.Set("Authorization", "Bearer "+g.options.Token)
	}
}

// secretive says whether a header may carry a key. Those from inside are
// dummies; or they are of somebody else's account, which would make the
// endpoint a way out for what is said to it.
func secretive(header string) bool {
	header = strings.ToLower(header)
	return slices.ContainsFunc([]string{"auth", "key", "token", "cookie", "secret", "credential"}, func(part string) bool {
		return strings.Contains(header, part)
	})
}
