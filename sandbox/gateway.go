package sandbox

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/autosession/autosession"
)

// GatewaySocket is where a gateway's socket is inside.
const GatewaySocket = "/run/autosession/gateway"

// Gateway opens the one way out of a confined tree. It is asked for each tree
// whose scope has a network; ctx bounds the asking alone.
type Gateway func(ctx context.Context, s autosession.Scope) (*Way, error)

// Way is what a gateway needs of the tree that it serves.
type Way struct {
	Socket string   // a Unix socket that the gateway listens on, absolute
	Env    []string // NAME=value, for the program: where it finds its endpoint and its proxy
	// Entry is an entry of internal/reexec that runs inside, from before the
	// program starts until the tree ends, with Args: what listens on loopback
	// there and forwards to GatewaySocket. It writes a line to its standard
	// output when it is ready. "" is none.
	Entry string
	Args  []string
	Close func() error // called once, when the tree is gone; nil does nothing
}

// wayOut asks the gateway for the way that s needs; nil is none.
func (o Options) wayOut(ctx context.Context, s autosession.Scope) (*Way, error) {
	if s.Network.Endpoint == "" && len(s.Network.Hosts) == 0 {
		return nil, nil
	}
	if o.Gateway == nil {
		return nil, errors.New("cannot give a confined process tree a network: no gateway is configured")
	}
	way, err := o.Gateway(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("cannot open the gateway of a process tree: %w", err)
	}
	if !filepath.IsAbs(way.Socket) {
		return nil, errors.Join(fmt.Errorf("cannot use %q as the socket of a gateway: not absolute", way.Socket), way.close())
	}
	return way, nil
}

// beside is the launch of the gateway's own program inside.
func (w *Way) beside(env []string) *launch {
	if w == nil || w.Entry == "" {
		return nil
	}
	return &launch{Reexec: w.Entry, Args: w.Args, Dir: "/", Env: env}
}

func (w *Way) env() []string {
	if w == nil {
		return nil
	}
	return w.Env
}

func (w *Way) close() error {
	if w == nil || w.Close == nil {
		return nil
	}
	return w.Close()
}
