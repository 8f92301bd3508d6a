package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// condition says whether what a script waits for holds, and what holds instead.
type condition func() (holds bool, instead string, err error)

// until waits until a condition holds, or does not with !. When all programs
// that were started have ended nothing will come any more, and it fails.
func until(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	c := s.condition(ts, args)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		hope := s.anyAlive()
		holds, instead, err := c()
		ts.Check(err)
		if holds != neg {
			return
		}
		if !hope {
			ts.Fatalf("it cannot come any more, since all that was started has ended: %q; %s\n%s", args, instead, s.allSaid())
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			ts.Fatalf("it did not come in time: %q; %s\n%s", args, instead, s.allSaid())
		}
	}
}

func (s *script) condition(ts *testscript.TestScript, args []string) condition {
	if len(args) < 2 {
		ts.Fatalf("usage: until CONDITION ARGUMENT…")
	}
	switch args[0] {
	case "file":
		path := ts.MkAbs(args[1])
		return func() (bool, string, error) {
			_, err := os.Stat(path)
			return err == nil, fmt.Sprint(err), nil
		}
	case "process":
		return func() (bool, string, error) {
			found, err := s.withText(args[1])
			return len(found) > 0, fmt.Sprintf("%d processes", len(found)), err
		}
	case "request":
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		return func() (bool, string, error) {
			got := len(s.played(ts).Requests())
			return got >= n, fmt.Sprintf("%d requests", got), nil
		}
	case "said":
		return s.hasSaid(ts, args)
	case "status":
		return s.statusSays(ts, args)
	}
	ts.Fatalf("there is no condition %s", args[0])
	return nil
}

func (s *script) hasSaid(ts *testscript.TestScript, args []string) condition {
	if len(args) != 3 {
		ts.Fatalf("usage: until said NAME REGEXP")
	}
	p := s.program(ts, args[1])
	want, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	return func() (bool, string, error) {
		text, err := p.said()
		return want.MatchString(text), "", err
	}
}

// statusSays looks at a field of status --json of the project $WORK/p.
func (s *script) statusSays(ts *testscript.TestScript, args []string) condition {
	if len(args) != 3 {
		ts.Fatalf("usage: until status PATH VALUE")
	}
	path, err := exec.LookPath("autosession")
	ts.Check(err)
	return func() (bool, string, error) {
		cmd := exec.CommandContext(s.ctx, path, "status", "--json", s.work+"/p")
		for _, name := range s.names {
			cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
		}
		out, err := cmd.Output()
		if err != nil {
			return false, "", fmt.Errorf("cannot ask for the status: %w", err)
		}
		var v any
		if err := json.Unmarshal(out, &v); err != nil {
			return false, "", err
		}
		got, found := field(v, args[1])
		return found && same(got, args[2]), string(out), nil
	}
}

func (s *script) anyAlive() bool {
	for _, p := range s.started {
		if p.alive() {
			return true
		}
	}
	return false
}

func (s *script) allSaid() string {
	var all string
	for name, p := range s.started {
		text, err := p.said()
		all += fmt.Sprintf("[%s, %v]\n%s", name, err, text)
	}
	return all
}
