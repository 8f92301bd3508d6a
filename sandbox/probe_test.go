package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"github.com/autosession/autosession/internal/reexec"
)

func init() { reexec.Register("test-probe", runProbe) }

var held [][]byte // so that memory stays in use

// runProbe does inside what a shell cannot do: it exits with 0 when it worked.
//
//	connect NETWORK ADDRESS   and read a byte
//	serve NETWORK ADDRESS     one byte to each who connects, until it is killed
//	send NETWORK ADDRESS      one datagram
//	call NUMBER [ARGUMENT…]   a system call, and print its error
//	pair-send TYPE PATH       one datagram, by one of a pair of sockets
//	get URL                   by the proxy of the environment
//	direct URL                past it
//	connect-by HOST:PORT      a tunnel through the proxy
//	memory MIB                use so much of it
//	inject                    a character into the terminal's input
func runProbe(args []string) int {
	var err error
	switch args[0] {
	case "connect":
		err = connectTo(args[1], args[2])
	case "serve":
		err = serveOn(args[1], args[2])
	case "send":
		var conn net.Conn
		if conn, err = net.Dial(args[1], args[2]); err == nil {
			_, err = conn.Write([]byte("x"))
		}
	case "call":
		var numbers [4]uintptr
		for i, arg := range args[1:] {
			n, _ := strconv.ParseUint(arg, 10, 64)
			numbers[i] = uintptr(n)
		}
		_, _, errno := syscall.RawSyscall(numbers[0], numbers[1], numbers[2], numbers[3])
		fmt.Print(int(errno))
	case "pair-send":
		kind, _ := strconv.Atoi(args[1])
		var pair [2]int
		if pair, err = syscall.Socketpair(syscall.AF_UNIX, kind, 0); err == nil {
			err = syscall.Sendto(pair[0], []byte("x"), 0, &syscall.SockaddrUnix{Name: args[2]})
		}
	case "get":
		err = get(http.DefaultClient, args[1])
	case "direct":
		err = get(&http.Client{Transport: &http.Transport{}}, args[1])
	case "connect-by":
		err = tunnel(args[1])
	case "memory":
		n, _ := strconv.Atoi(args[1])
		for range n {
			block := make([]byte, 1<<20)
			for i := range block {
				block[i] = 1
			}
			held = append(held, block)
		}
	case "inject":
		c := byte('x')
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TIOCSTI, uintptr(unsafe.Pointer(&c)))
		if errno != 0 {
			err = errno
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// get fails unless the answer is 200.
func get(client *http.Client, url string) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

func tunnel(to string) error {
	proxy, err := url.Parse(os.Getenv("HTTPS_PROXY"))
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", proxy.Host)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintf(conn, "CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", to)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return err
}

func connectTo(network, address string) error {
	conn, err := net.DialTimeout(network, address, 10*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 1))
	return err
}

func serveOn(network, address string) error {
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	answer(l)
	return nil
}

// answer says one byte to each who connects, until l is closed.
func answer(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conn.Write([]byte("x"))
		conn.Close()
	}
}
