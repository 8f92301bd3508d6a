package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/autosession/autosession/internal/reexec"
)

// address is where the forwarder listens inside. The sandbox has a loopback of
// its own, so no other program of this machine can have the port.
const address = "127.0.0.1:20801"

// URL is the base URL of the model's service inside. It is also that of the
// proxy.
const URL = "http://" + address

// Entry is the entry of internal/reexec that must run inside, with [Args]. It
// writes a line when it is ready, and runs until it is killed.
const Entry = "forwarder"

func init() { reexec.Register(Entry, runForwarder) }

// Args are the arguments of [Entry], for a gateway whose socket is found at
// the path socket inside.
func Args(socket string) []string { return []string{socket} }

// Env is what programs inside need in their environment to find the proxy,
// NAME=value.
func Env() []string {
	env := []string{"NODE_USE_ENV_PROXY=1"} // else Node's own client does not look
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		env = append(env, name+"="+URL)
	}
	const own = "127.0.0.1,localhost,::1"
	return append(env, "NO_PROXY="+own, "no_proxy="+own)
}

// longIdle leaves it to the gateway to end what is silent.
const longIdle = 24 * time.Hour

// runForwarder pipes each connection to the socket.
func runForwarder(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "cannot forward: the only argument is a socket")
		return 2
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot forward:", err)
		return 1
	}
	os.Stdout.WriteString("ready\n")
	forward(newDoor(listener, maxConnections), args[0])
	return 1
}

// forward pipes what comes to l to a Unix socket, until l is closed.
func forward(l net.Listener, socket string) {
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptor is free: others will end
			time.Sleep(50 * time.Millisecond)
		default:
			go pipe(conn, socket)
		}
	}
}

func pipe(conn net.Conn, socket string) {
	defer conn.Close()
	if out, err := net.Dial("unix", socket); err == nil {
		join(context.Background(), bare(conn), out, longIdle)
	}
}
