package main

import (
	"io"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/autosession/autosession/fakemodel"
)

// model is a played model, which every program of the script talks to.
type model = fakemodel.Server

// play serves a played model from here on. Its scenario is made of pieces, in
// their order.
func play(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: play FILE…")
	}
	var text strings.Builder
	for _, name := range args {
		text.WriteString(ts.ReadFile(name) + "\n")
	}
	scenario, err := fakemodel.Parse([]byte(text.String()))
	ts.Check(err)
	s := of(ts)
	server, err := fakemodel.Start(scenario, fakemodel.Options{Values: map[string]string{"Work": s.work}})
	ts.Check(err)
	s.model = server
	ts.Setenv("ANTHROPIC_BASE_URL", server.URL())
	ts.Defer(func() {
		ts.Check(server.Close())
	})
}

func (s *script) played(ts *testscript.TestScript) *model {
	if s.model == nil {
		ts.Fatalf("no model is played yet")
	}
	return s.model
}

// unplayed says how many sessions and steps of the scenario were not played.
func unplayed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unplayed N")
	}
	if left := of(ts).played(ts).Unplayed(); strconv.Itoa(len(left)) != args[0] {
		ts.Fatalf("%d were not played and should be %s:\n%s", len(left), args[0], strings.Join(left, "\n"))
	}
}

// requests says how many requests came to the model that is played.
func requests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: requests N")
	}
	if n := len(of(ts).played(ts).Requests()); strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d requests came and should be %s", n, args[0])
	}
}

// write copies a file of the script to w.
func write(ts *testscript.TestScript, w io.Writer, name string) {
	_, err := io.WriteString(w, ts.ReadFile(name))
	ts.Check(err)
}
