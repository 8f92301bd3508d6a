package claudecode

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/reexec"
	"github.com/autosession/autosession/sandbox"
)

// inside is where the program finds its model's service in the sandbox.
const inside = "127.0.0.1:18080"

func init() { reexec.Register("test-forward", forward) }

// forward listens inside the sandbox and forwards to the gateway's socket.
func forward([]string) int {
	l, err := net.Listen("tcp", inside)
	if err != nil {
		return 1
	}
	os.Stdout.WriteString("ready\n")
	for {
		conn, err := l.Accept()
		if err != nil {
			return 1
		}
		go join(conn)
	}
}

func join(conn net.Conn) {
	defer conn.Close()
	out, err := net.Dial("unix", sandbox.GatewaySocket)
	if err != nil {
		return
	}
	defer out.Close()
	go io.Copy(out, conn)
	io.Copy(conn, out)
}

// gatewayTo is a gateway to the played model and to nothing else.
func gatewayTo(t *testing.T, api *playedAPI) sandbox.Gateway {
	return func(context.Context, autosession.Scope) (*sandbox.Way, error) {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "gateway"))
		if err != nil {
			return nil, err
		}
		go http.Serve(l, api.Config.Handler)
		return &sandbox.Way{Socket: l.Addr().String(), Entry: "test-forward", Close: l.Close}, nil
	}
}

// TestRealConfined runs the real program in the sandbox that sessions have by
// default: what it needs is what Needs says.
func TestRealConfined(t *testing.T) {
	look := map[string]any{"command": "echo made inside > made; ls /work /root 2>&1; true", "description": "look around"}
	api := playAPI(t, playedTurn{tools: []playedTool{{"Bash", look}}}, playedTurn{text: "Seen."})
	s := openRealAgent(t, func(a *Agent, task *autosession.Task) {
		box, err := sandbox.NewBubblewrap(sandbox.Options{State: t.TempDir(), Gateway: gatewayTo(t, api)})
		if err != nil {
			t.Fatal(err)
		}
		a.BaseURL = "http://" + inside
		needs := a.Needs()
		scope := autosession.Scope{
			Kind: autosession.ScopeSession, Session: task.Session, Dir: task.Dir, Home: task.Home,
			Network: autosession.Network{Endpoint: needs.Endpoint},
		}
		for _, path := range needs.ReadPaths {
			scope.Binds = append(scope.Binds, autosession.Bind{Path: path})
		}
		task.Start = func(ctx context.Context, c autosession.Command) (autosession.Process, error) {
			return box.Start(ctx, scope, c)
		}
	})
	r := s.run(t, "Look around.")
	wantClass(t, r, autosession.OutcomeDone)
	if r.Text != "Seen." || readFile(t, s.dir, "made") != "made inside\n" {
		t.Errorf("result = %+v", r)
	}
}
