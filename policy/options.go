package policy

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Options say what a policy judges by. Paths are absolute. The zero value of a
// field is its narrowest meaning, if its comment does not say otherwise.
type Options struct {
	Project string   // required: the project; commands start in it
	Home    string   // HOME inside the sandbox; "": ~ cannot be resolved
	State   string   // our state directory: not read, not written; "": none
	Temp    []string // temporary directories; nil: /tmp

	Allow      []string // further programs, "docker", or subcommands, "git gc"
	Deny       []string // programs or subcommands to take away: "curl", "git push"
	AllowPaths []string // further directories that may be read and written
	ReadPaths  []string // further directories that may be read
	Protect    []string // globs relative to the project that may not be written: "tests/**"
	Permit     []string // named exceptions; see [Permits]
	Tools      []string // tools that are judged by name alone: "TodoWrite", "Task*"

	Env   map[string]string // what is known of the environment, beside HOME and PWD
	Links Links             // resolves links; nil: paths are judged as they are written
}

// Permits names the exceptions that Options.Permit can make, with what each
// one allows.
func Permits() map[string]string {
	return map[string]string{
		"git-force-push": "git push with --force, --delete, --mirror, +ref and :ref",
		"rm-temp":        "rm inside the temporary directories",
		"kill-pid":       "kill with a process number greater than 1",
		"curl-any-host":  "curl to any host by http and https; the sandbox decides what is reached",
	}
}

// never holds what no configuration allows: what runs text or programs that
// the policy cannot see, or what changes who runs them.
var never = words(`
	sh bash dash zsh ksh mksh ash fish csh tcsh rbash busybox toybox
	eval exec source . command builtin alias unalias trap coproc enable hash bind complete compgen
	compopt declare typeset readonly let mapfile readarray history fc select function
	sudo su doas pkexec runuser setpriv capsh chroot unshare nsenter bwrap setsid script
	parallel watch flock stdbuf ionice strace ltrace gdb ld.so xargs-sh at batch crontab systemd-run
	mount umount insmod modprobe reboot shutdown halt poweroff`)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// New makes a policy, or tells all that is wrong with o in one error.
func New(o Options) (*Policy, error) {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if o.Temp == nil {
		o.Temp = []string{"/tmp"}
	}
	if o.Project == "" {
		bad("project: is required")
	}
	for key, list := range map[string][]string{"project": {o.Project}, "home": {o.Home}, "state": {o.State},
		"temp": o.Temp, "allow_paths": o.AllowPaths, "read_paths": o.ReadPaths} {
		for _, v := range list {
			if v != "" && !path.IsAbs(v) || v == "" && len(key) > len("project") {
				bad("%s: %q is not an absolute path", key, v)
			}
			if path.Clean(v) == "/" && key != "read_paths" {
				bad("%s: %q is the root of the file system", key, v)
			}
		}
	}
	for _, a := range o.Allow {
		f := strings.Fields(a)
		switch {
		case len(f) == 0 || len(f) > 2 || strings.ContainsAny(a, "/*?[$`'\"\\;&|<>()"):
			bad("allow: %q is neither the bare name of a program nor a program and its subcommand", a)
		case never[f[0]]:
			bad("allow: %q can never be allowed, since it runs what the policy cannot see", a)
		case len(f) == 2 && subcommands[f[0]] == nil:
			bad("allow: %q names a subcommand of a program whose subcommands are not judged; subcommands are known for: git", a)
		case len(f) == 2 && neverSubcommand[a]:
			bad("allow: %q can never be allowed, since it runs what the policy cannot see", a)
		}
	}
	for _, name := range o.Permit {
		if Permits()[name] == "" {
			bad("permit: %q is unknown; known are git-force-push, rm-temp, kill-pid, curl-any-host", name)
		}
	}
	for _, g := range o.Protect {
		if g == "" || path.IsAbs(g) || slices.Contains(strings.Split(g, "/"), "..") {
			bad("protect: %q is not a path or a glob inside the project", g)
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("cannot use this policy: %w", errors.Join(problems...))
	}
	return build(o), nil
}

func build(o Options) *Policy {
	p := &Policy{opt: o, rules: rulesByName, allowed: set(o.Allow), denied: set(o.Deny), permits: set(o.Permit), parsers: &parsers{}}
	p.areas = o.areas()
	p.protected = shields(o.Protect)
	return p
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, v := range list {
		m[strings.Join(strings.Fields(v), " ")] = true
	}
	return m
}
