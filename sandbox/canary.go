package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/internal/proctree"
)

// tryTime bounds one try.
const tryTime = 10 * time.Second

// canary is one try of a sandbox: a shell script that is run inside, and what
// its end must be.
type canary struct {
	name   string
	script string
	holds  func(e autosession.Exit, output string) bool
}

// common is what every sandbox must do.
func common(o Options) []canary {
	return []canary{
		{"a program runs and its exit status is known", "echo out; exit 7",
			func(e autosession.Exit, output string) bool { return e.Code == 7 && output == "out\n" }},
		{"the environment is clean", "env",
			func(e autosession.Exit, output string) bool { return e.OK() && clean(output, o) }},
		{"what a program leaves running is ended", "(sleep 600 >/dev/null 2>&1 &)",
			func(e autosession.Exit, output string) bool { return e.OK() }},
	}
}

// clean says whether an environment, as env prints it, holds nothing of ours
// but what it may.
func clean(printed string, o Options) bool {
	allowed := environment(nil, o, place{})
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		ours := slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(a, name+"=") })
		if value == "" || ours || passes(name) || name == "PWD" || name == "SHLVL" || name == "_" || slices.Contains(o.Pass, name) {
			continue
		}
		if strings.Contains("\n"+printed, "\n"+v+"\n") {
			return false
		}
	}
	return true
}

// try runs the canaries, each in a tree of its own, on an empty project.
func try(ctx context.Context, box autosession.Sandbox, o Options, canaries []canary) []autosession.Canary {
	base, err := os.MkdirTemp(o.State, "check-")
	if err != nil {
		return []autosession.Canary{{Name: "a place to try the sandbox in", Detail: err.Error()}}
	}
	defer removeAll(base)
	session := filepath.Base(base)
	scope := autosession.Scope{Kind: autosession.ScopeCheck, Session: session, Dir: filepath.Join(base, "project"), Home: filepath.Join(base, "home")}
	if err := os.Mkdir(scope.Dir, 0o700); err != nil {
		return []autosession.Canary{{Name: "a place to try the sandbox in", Detail: err.Error()}}
	}
	var results []autosession.Canary
	for _, c := range canaries {
		results = append(results, c.try(ctx, box, scope))
	}
	return results
}

func (c canary) try(ctx context.Context, box autosession.Sandbox, s autosession.Scope) autosession.Canary {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	var output bytes.Buffer
	p, err := box.Start(ctx, s, autosession.Command{Path: "/bin/sh", Args: []string{"-c", c.script}, Stdout: &output, Stderr: &output})
	if err != nil {
		return autosession.Canary{Name: c.name, Detail: err.Error()}
	}
	defer context.AfterFunc(ctx, func() { p.Stop(0) })()
	e, err := p.Wait()
	switch {
	case err != nil:
		return autosession.Canary{Name: c.name, Detail: err.Error()}
	case !c.holds(e, output.String()):
		return autosession.Canary{Name: c.name, Detail: fmt.Sprintf("%q ended with %+v and said %q", c.script, e, output.String())}
	}
	if list, err := proctree.List(); err != nil || len(proctree.Marked(list, sessionMark+"="+s.Session)) > 0 {
		return autosession.Canary{Name: c.name, Detail: fmt.Sprintf("%q left processes that still run", c.script)}
	}
	return autosession.Canary{Name: c.name, Holds: true}
}

// confined is what a sandbox that confines must keep from happening.
func confined() []canary {
	fails := func(name, script string) canary {
		return canary{name, "if (" + script + ") >/dev/null 2>&1; then echo it worked; exit 1; fi",
			func(e autosession.Exit, output string) bool { return e.OK() }}
	}
	return []canary{
		fails("the machine's files cannot be written", "touch /etc/autosession-canary || touch /usr/autosession-canary"),
	}
}
