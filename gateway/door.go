package gateway

import (
	"bufio"
	"net"
	"sync"
	"time"
)

// door is a listener that holds at most so many connections at a time; others
// wait in the kernel.
type door struct {
	net.Listener
	places chan struct{} // one for each connection
	closed chan struct{}
	close  sync.Once
}

func newDoor(l net.Listener, places int) *door {
	return &door{Listener: l, places: make(chan struct{}, places), closed: make(chan struct{})}
}

// Accept waits for a place and for a connection.
func (d *door) Accept() (net.Conn, error) {
	select {
	case d.places <- struct{}{}:
	case <-d.closed:
		return nil, net.ErrClosed
	}
	conn, err := d.Listener.Accept()
	if err != nil {
		<-d.places
		return nil, err
	}
	return &guest{Conn: conn, leave: sync.OnceFunc(func() { <-d.places })}, nil
}

// Close ends the listening, not the connections.
func (d *door) Close() error {
	d.close.Do(func() { close(d.closed) })
	return d.Listener.Close()
}

// guest is a connection that gives its place back.
type guest struct {
	net.Conn
	leave func()
}

func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
}

// patient is a connection whose every read and write must end within idle. It
// reads ahead what is there: TLS asks for a record at a time.
type patient struct {
	net.Conn
	idle  time.Duration
	ahead *bufio.Reader
}

func newPatient(c net.Conn, idle time.Duration) *patient {
	p := &patient{Conn: c, idle: idle}
	p.ahead = bufio.NewReaderSize(waiting{p}, bufferSize)
	return p
}

func (p *patient) Read(b []byte) (int, error) { return p.ahead.Read(b) }

// waiting is the reading side of a patient connection.
type waiting struct{ *patient }

func (w waiting) Read(b []byte) (int, error) {
	w.SetReadDeadline(time.Now().Add(w.idle))
	return w.Conn.Read(b)
}

func (p *patient) Write(b []byte) (int, error) {
	p.SetWriteDeadline(time.Now().Add(p.idle))
	return p.Conn.Write(b)
}

// bare is the connection in its wrapping, which the kernel can copy from and
// to by itself.
func bare(c net.Conn) net.Conn {
	if g, ok := c.(*guest); ok {
		return g.Conn
	}
	return c
}
