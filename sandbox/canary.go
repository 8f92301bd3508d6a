package sandbox

import (
	"bytes"
	"context"
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
}

// works is a canary that holds when the script succeeds.
func works(name, script string) canary {
	return canary{name, script, func(e autosession.Exit, _ string) bool { return e.OK() }}
}

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
			func(e autosession.Exit, output string) bool { return e.Code == 7 && output == "out\n" }},
		{"the environment is clean", "env",
			func(e autosession.Exit, output string) bool { return e.OK() && clean(output, o) }},
		works("what a program leaves running is ended", "(sleep 600 >/dev/null 2>&1 &)"),
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
			func(e autosession.Exit, output string) bool { return e.OK() && apart(strings.Fields(output)) }},
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
		}},
		{"a tree is counted apart", "cat /proc/self/cgroup", func(e autosession.Exit, output string) bool {
			return e.OK() && strings.Count(output, "/"+groupPrefix) >= len(g.parents)
		}},
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

// try runs the canaries, each in a tree of its own, on a small project.
func try(ctx context.Context, box autosession.Sandbox, o Options, canaries []canary) []autosession.Canary {
	base, err := os.MkdirTemp(o.State, "check-")
	if err != nil {
		return []autosession.Canary{{Name: "a place to try the sandbox in", Detail: err.Error()}}
	}
	defer removeAll(base)
	base = resolve(base)
	results := make([]autosession.Canary, len(canaries))
	people := "PEOPLE=" + strings.Join(lookAround(o).homes, " ")
	// Two at a time, since most of a try is waiting. Each has a project of its
	// own: a try may succeed and spoil it.
	var lanes sync.WaitGroup
	for lane := range 2 {
		lanes.Go(func() {
			scope, err := plant(filepath.Join(base, strconv.Itoa(lane)))
			for i := lane; i < len(canaries); i += 2 {
				if err != nil {
					results[i] = autosession.Canary{Name: canaries[i].name, Detail: err.Error()}
					continue
				}
				results[i] = canaries[i].try(ctx, box, scope, people)
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

func (c canary) try(ctx context.Context, box autosession.Sandbox, s autosession.Scope, people string) autosession.Canary {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	var output bytes.Buffer
	p, err := box.Start(ctx, s, autosession.Command{
		Path: "/bin/sh", Args: []string{"-c", c.script}, Stdout: &output, Stderr: &output,
		Env: []string{"OUTSIDE=" + filepath.Join(filepath.Dir(s.Dir), "outside"), people},
	})
	if err != nil {
		return autosession.Canary{Name: c.name, Detail: err.Error()}
	}
	defer context.AfterFunc(ctx, func() { p.Stop(0) })()
	e, err := p.Wait()
	if err == nil && !c.holds(e, output.String()) {
		err = fmt.Errorf("a try ended with status %d, signal %d: %s", e.Code, e.Signal, strings.TrimSpace(output.String()))
	}
	if err == nil {
		err = ended(p)
	}
	if err != nil {
		return autosession.Canary{Name: c.name, Detail: err.Error()}
	}
	return autosession.Canary{Name: c.name, Holds: true}
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
