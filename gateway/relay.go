package gateway

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"
)

// bufferSize is how much is carried at a time, in bytes.
const bufferSize = 128 << 10

// buffers are those that answers are copied with.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if old, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return old[:]
	}
	return make([]byte, bufferSize)
}

func (b *buffers) Put(used []byte) { b.pool.Put((*[bufferSize]byte)(used)) }

// transports makes what carries requests on. Neither follows redirects.
func (g *Gateway) transports() {
	g.endpoint = &http.Transport{
		// The person's own proxy, where the machine needs one.
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return g.patient(g.options.Dial(ctx, network, address))
		},
		ForceAttemptHTTP2: true,
	}
	g.hosts = &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			t, err := parseTarget(address, "")
			if err != nil {
				return nil, err
			}
			return g.patient(g.dialHost(ctx, t))
		},
	}
	for _, t := range []*http.Transport{g.endpoint, g.hosts} {
		t.ReadBufferSize = bufferSize
		t.DisableCompression = true // the bytes are not ours to change
		t.TLSHandshakeTimeout = dialTime
		t.IdleConnTimeout = keepTime
		t.MaxResponseHeaderBytes = 1 << 20
	}
}

func (g *Gateway) patient(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return newPatient(c, g.options.Idle), nil
}

// relay carries one request on and its answer back, as it comes.
func (g *Gateway) relay(w http.ResponseWriter, r *http.Request, to string, via *http.Transport, rewrite func(*httputil.ProxyRequest)) {
	if r.Header.Get("Upgrade") != "" {
		g.refuse(w, to, "a connection cannot become one of another protocol")
		return
	}
	var in, out atomic.Int64
	var how string
	// Deferred: an answer that breaks off is a panic.
	defer func() {
		if how != "" {
			g.journal.allowed(to, in.Load(), out.Load(), shown(r.Method)+": "+how)
		}
	}()
	inside := http.NewResponseController(w)
	// An endpoint may answer before it has read everything. Else the server
	// would close the request's body then, under the hands of the transport.
	if err := inside.EnableFullDuplex(); err != nil {
		how = g.fail(w, to, err)
		return
	}
	r.Body = &metered{r.Body, &out, g.options.Idle, inside.SetReadDeadline}
	proxy := httputil.ReverseProxy{
		Rewrite:       rewrite,
		Transport:     via,
		FlushInterval: -1,
		BufferPool:    &g.buffers,
		ErrorLog:      log.New(io.Discard, "", 0),
		ModifyResponse: func(a *http.Response) error {
			how = fmt.Sprint("status ", a.StatusCode)
			a.Header.Del("Set-Cookie")
			a.Body = &metered{a.Body, &in, g.options.Idle, inside.SetWriteDeadline}
			return inside.SetWriteDeadline(time.Now().Add(g.options.Idle))
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { how = g.fail(w, to, err) },
	}
	proxy.ServeHTTP(w, r)
}

// metered is a body whose bytes are counted, and which moves the deadline of
// the connection inside as it is read.
type metered struct {
	io.ReadCloser
	n        *atomic.Int64
	idle     time.Duration
	deadline func(time.Time) error
}

func (m *metered) Read(b []byte) (int, error) {
	m.deadline(time.Now().Add(m.idle))
	n, err := m.ReadCloser.Read(b)
	m.n.Add(int64(n))
	if err == io.EOF {
		m.deadline(time.Time{})
	} else {
		m.deadline(time.Now().Add(m.idle))
	}
	return n, err
}
