package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	alone  bool // in a tree of its own, since it is about how a tree ends
}

// works is a canary that holds when the script succeeds.
func works(name, script string) canary { return canary{name: name, script: script, holds: succeeds} }

func succeeds(e autosession.Exit, _ string) bool { return e.OK() }

// fails is a canary that holds when each of the scripts fails.
func fails(name string, scripts ...string) canary {
	var all strings.Builder
	for _, script := range scripts {
		fmt.Fprintf(&all, "if (%s) >/dev/null 2>&1; then echo 'this worked: %s'; exit 1; fi\n", script, strings.ReplaceAll(script, "'", ""))
	}
	return works(name, all.String())
}

// common is what every sandbox must do.
func common(o Options) []canary {
	return []canary{
		{"a program runs and its exit status is known", "echo out; exit 7",
			func(e autosession.Exit, output string) bool { return e.Code == 7 && output == "out\n" }, true},
		{"the environment is clean", "env",
			func(e autosession.Exit, output string) bool { return e.OK() && clean(output, o) }, false},
		{"what a program leaves running is ended", "(sleep 600 >/dev/null 2>&1 &)", succeeds, true},
		works("the project, HOME and the temporary directory can be written", `for d in . "$HOME" "$TMPDIR"; do echo x > "$d/x" && rm "$d/x" || exit 1; done`),
	}
}

// confined is what a sandbox that confines must keep from happening. OUTSIDE
// is a directory of ours with a file, PEOPLE the homes of this machine.
func confined() []canary {
	return []canary{
		fails("files outside the project cannot be written", "touch /etc/autosession-canary", "touch /usr/autosession-canary",
			"touch /autosession-canary", `touch "$OUTSIDE/canary"`, `ln -s "$OUTSIDE/canary" link; echo x > link`),
		fails("our state cannot be read", `cat "$OUTSIDE/secret"`, `ls "$OUTSIDE"`),
		fails("the secrets of people cannot be read", `for h in $PEOPLE; do cat "$h/.netrc" "$h/.bash_history" && exit 0; ls "$h/.ssh" "$h/.aws" "$h/.gnupg" && exit 0; done; exit 1`),
		fails("what git believes cannot be changed", "echo x > .git/hooks/pre-commit", "echo x >> .git/config", "mv .git .git2"),
		fails("a protected file that is absent cannot be made", "echo x > .canary.json", "rm .canary.json", "ln -sf x .canary.json"),
		fails("the kernel's settings cannot be written", "test -w /proc/sys/kernel/core_pattern", "test -w /proc/sys/vm/drop_caches"),
		fails("what is mounted cannot be changed", "mount -o remount,bind,rw /", "umount /tmp", "unshare -Urm true"),
		works("there are no capabilities, and none can be gained", `grep -q '^NoNewPrivs:.1' /proc/self/status && grep -q '^CapEff:.0*$' /proc/self/status && grep -q '^CapBnd:.0*$' /proc/self/status`),
		works("there is no network", `test "$(grep -c : /proc/net/dev)" = 1`),
		{"the namespaces are its own", "for n in " + strings.Join(namespaces, " ") + "; do readlink /proc/self/ns/$n || exit 1; done",
			func(e autosession.Exit, output string) bool { return e.OK() && apart(strings.Fields(output)) }, false},
	}
}

// namespaces are those that a tree has of its own.
var namespaces = []string{"net", "pid", "ipc", "uts", "mnt", "user"}

// apart says that none of a tree's namespaces is ours.
func apart(theirs []string) bool {
	for i, name := range namespaces {
		ours, err := os.Readlink("/proc/self/ns/" + name)
		if err != nil || i >= len(theirs) || theirs[i] == ours {
			return false
		}
	}
	return true
}

// restricted is what a sandbox without namespaces must keep from happening.
func restricted() []canary {
	const mine = `: >> `
	return []canary{
		fails("files outside the project cannot be written", "touch /etc/autosession-canary", "touch /usr/autosession-canary",
			"touch /autosession-canary", `touch "$OUTSIDE/canary"`, `ln -s "$OUTSIDE/canary" link; echo x > link`, mine+"/tmp/autosession-canary"),
		fails("our state cannot be read", `cat "$OUTSIDE/secret"`, `ls "$OUTSIDE"`),
		fails("the secrets of people cannot be read", `for h in $PEOPLE; do cat "$h/.netrc" "$h/.bash_history" && exit 0; ls "$h/.ssh" "$h/.aws" "$h/.gnupg" && exit 0; done; exit 1`),
		fails("the kernel's settings cannot be written", mine+"/proc/sys/kernel/core_pattern", mine+"/proc/sys/vm/drop_caches"),
		fails("what is mounted cannot be changed", "mount -o remount,bind,rw /", "umount /tmp", "unshare -Urm true"),
		works("there are no capabilities, and none can be gained", `grep -q '^NoNewPrivs:.1' /proc/self/status && grep -q '^CapPrm:.0*$' /proc/self/status`),
		works("system calls are filtered", `grep -q '^Seccomp:.2' /proc/self/status`),
	}
}

// limited is what holds of the limits. That the kernel keeps them is believed:
// to reach them would take too long.
func limited(l Limits, g groups) []canary {
	return []canary{
		works("there are no core dumps", `test "$(ulimit -c)" = 0`),
		{"the size of files is limited", "ulimit -f", func(e autosession.Exit, output string) bool {
			return e.OK() && (l.FileSize < 0 || strings.TrimSpace(output) != "unlimited")
		}, false},
		{"a tree is counted apart", "cat /proc/self/cgroup", func(e autosession.Exit, output string) bool {
			return e.OK() && strings.Count(output, "/"+groupPrefix) >= len(g.parents)
		}, false},
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

// try runs the canaries on small projects: those that must be alone one after
// the other, and beside them all others in one tree. One that succeeds where
// it must fail may spoil the next ones, but then the sandbox does not hold
// anyway.
func try(ctx context.Context, box autosession.Sandbox, o Options, canaries []canary) []autosession.Canary {
	base, err := os.MkdirTemp(o.State, trialOf(ourselves()))
	if err != nil {
		return []autosession.Canary{{Name: "a place to try the sandbox in", Detail: fmt.Sprintf("cannot make a directory in %s: %v", o.State, bare(err))}}
	}
	defer removeAll(base)
	base = resolve(base)
	people := "PEOPLE=" + strings.Join(lookAround(o).homes, " ")
	results := make([]autosession.Canary, len(canaries))
	alone := func(i int) bool { return canaries[i].alone }
	var lanes sync.WaitGroup
	for name, chosen := range map[string]func(i int) bool{"alone": alone, "together": func(i int) bool { return !alone(i) }} {
		lanes.Go(func() {
			b := batch{box: box, env: []string{people}}
			var at []int
			for i := range canaries {
				if chosen(i) {
					b.canaries, at = append(b.canaries, canaries[i]), append(at, i)
				}
			}
			for n, result := range b.try(ctx, filepath.Join(base, name), name == "alone") {
				results[at[n]] = result
			}
		})
	}
	lanes.Wait()
	return results
}

// plant makes a small project, and beside it what the canaries try to get at.
func plant(base string) (autosession.Scope, error) {
	session := filepath.Base(filepath.Dir(base)) + "-" + filepath.Base(base)
	s := autosession.Scope{Kind: autosession.ScopeCheck, Session: session, Dir: filepath.Join(base, "project"), Home: filepath.Join(base, "home")}
	s.ReadOnly = []string{filepath.Join(s.Dir, ".canary.json")}
	for _, dir := range []string{"outside", "project/.git/hooks"} {
		if err := os.MkdirAll(filepath.Join(base, dir), 0o700); err != nil {
			return s, fmt.Errorf("cannot make a place to try the sandbox in: %v", bare(err))
		}
	}
	for _, name := range []string{"outside/secret", "project/.git/config"} {
		if err := os.WriteFile(filepath.Join(base, name), nil, 0o600); err != nil {
			return s, fmt.Errorf("cannot make a place to try the sandbox in: %v", bare(err))
		}
	}
	return s, nil
}

// batch is canaries that are tried in one project.
type batch struct {
	box      autosession.Sandbox
	env      []string
	canaries []canary
}

// try tries them, each in a tree of its own or all in one.
func (b batch) try(ctx context.Context, base string, apart bool) []autosession.Canary {
	if len(b.canaries) == 0 {
		return nil
	}
	scope, err := plant(base)
	if err != nil {
		return b.results(nil, err)
	}
	b.env = append(b.env, "OUTSIDE="+filepath.Join(base, "outside"))
	if !apart {
		return b.together(ctx, scope)
	}
	var results []autosession.Canary
	for _, c := range b.canaries {
		e, output, err := b.run(ctx, scope, c.script)
		results = append(results, batch{canaries: []canary{c}}.results([]end{{e, output}}, err)...)
	}
	return results
}

// together runs all scripts in one tree, one after the other. A line that
// nobody can know before tells where one has ended, and how.
func (b batch) together(ctx context.Context, scope autosession.Scope) []autosession.Canary {
	mark := "\n" + rand.Text() + " "
	var script strings.Builder
	for _, c := range b.canaries {
		fmt.Fprintf(&script, "(%s\n) 2>&1; printf '%%s%%d\\n' '%s' $?\n", c.script, mark)
	}
	_, output, err := b.run(ctx, scope, script.String())
	var ends []end
	for {
		said, rest, found := strings.Cut(output, mark)
		status, rest, ok := strings.Cut(rest, "\n")
		code, convErr := strconv.Atoi(status)
		if !found || !ok || convErr != nil {
			break
		}
		ends, output = append(ends, end{autosession.Exit{Code: code}, said}), rest
	}
	if err == nil && len(ends) < len(b.canaries) {
		err = fmt.Errorf("it ended before all was tried: %s", strings.TrimSpace(output))
	}
	return b.results(ends, err)
}

// end is how one script ended, and what it printed.
type end struct {
	exit   autosession.Exit
	output string
}

// results judges the ends. err is why there are not all.
func (b batch) results(ends []end, err error) []autosession.Canary {
	var results []autosession.Canary
	for i, c := range b.canaries {
		result := autosession.Canary{Name: c.name}
		switch {
		case err != nil:
			result.Detail = err.Error()
		case !c.holds(ends[i].exit, ends[i].output):
			result.Detail = fmt.Sprintf("a try ended with status %d, signal %d: %s", ends[i].exit.Code, ends[i].exit.Signal, strings.TrimSpace(ends[i].output))
		default:
			result.Holds = true
		}
		results = append(results, result)
	}
	return results
}

// run runs one script in a tree of which nothing must be left.
func (b batch) run(ctx context.Context, s autosession.Scope, script string) (autosession.Exit, string, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	var output bytes.Buffer
	p, err := b.box.Start(ctx, s, autosession.Command{Path: "/bin/sh", Args: []string{"-c", script}, Stdout: &output, Stderr: &output, Env: b.env})
	if err != nil {
		return autosession.Exit{}, "", err
	}
	defer context.AfterFunc(ctx, func() { p.Stop(0) })()
	e, err := p.Wait()
	if err == nil {
		err = ended(p)
	}
	return e, output.String(), err
}

// ended says whether nothing of a tree is left.
func ended(p autosession.Process) error {
	tree, ok := p.(*process)
	if !ok {
		return nil
	}
	list, err := proctree.List()
	if left := proctree.Marked(list, treeMark+"="+tree.record.Tree); err == nil && len(left) > 0 {
		return fmt.Errorf("process %d of it still runs", left[0].PID)
	}
	return err
}
