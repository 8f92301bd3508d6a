package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/autosession/autosession"
)

// Bubblewrap is the Sandbox that confines by namespaces of the Linux kernel,
// set up by the bwrap program. Each tree gets a view of its own of the files,
// sees and reaches no process but its own, has no capabilities, no devices and
// no network.
type Bubblewrap struct {
	options Options
	keeper  *keeper
	program string // bwrap, absolute
	version string
	groups  groups
}

// leastVersion is the first bubblewrap that can forbid further namespaces.
var leastVersion = [3]int{0, 8, 0}

// maxTries bounds how often a start is tried again because somebody removed
// under it what it builds on: another tree a protected path, which is none of
// its own; another program its socket.
const maxTries = 5

// howToGet ends the errors about a bubblewrap that is missing or too old.
const howToGet = "install it (on Debian and Ubuntu: apt-get install bubblewrap)"

// NewBubblewrap returns the Sandbox that confines. Its error says what is
// wrong with o, or that this machine has no bubblewrap of version 0.8.0 or
// later. Whether the kernel lets bubblewrap do its work is shown by Check.
func NewBubblewrap(o Options) (*Bubblewrap, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	program := findProgram("bwrap", o.Project)
	if program == "" {
		return nil, &unfitError{"cannot find bubblewrap's program bwrap: " + howToGet}
	}
	ctx, cancel := context.WithTimeout(context.Background(), tryTime)
	defer cancel()
	said, err := exec.CommandContext(ctx, program, "--version").Output()
	if _, ended := errors.AsType[*exec.ExitError](err); ended && ctx.Err() == nil {
		return nil, &unfitError{fmt.Sprintf("cannot run %s: %v", program, err)}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot run %s: %v", program, err)
	}
	version, err := parseVersion(string(said))
	if err != nil {
		return nil, &unfitError{fmt.Sprintf("cannot use %s: %v: %s", program, err, howToGet)}
	}
	return &Bubblewrap{o, &keeper{dir: o.State}, program, version, findGroups(o.Limits)}, nil
}

// findProgram returns the first of that name in PATH that is not in the
// project, nor leads there, or "".
func findProgram(name, project string) string {
	var off []string
	if project != "" {
		off = []string{filepath.Clean(project), resolve(project)}
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if !filepath.IsAbs(dir) || leadsThrough(path, off) {
			continue
		}
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	return ""
}

var versionPattern = regexp.MustCompile(`\bbubblewrap (\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?`)

// parseVersion reads what bwrap --version says, and refuses one that is too
// old.
func parseVersion(said string) (string, error) {
	parts := versionPattern.FindStringSubmatch(said)
	if parts == nil {
		return "", fmt.Errorf("cannot read its version in %q", said)
	}
	for i, least := range leastVersion {
		n, _ := strconv.Atoi(parts[i+1]) // the third part may be absent, and is 0 then
		if n > least {
			break
		}
		if n < least {
			return "", fmt.Errorf("%s is too old, 0.8.0 is needed", parts[0])
		}
	}
	return parts[0], nil
}

// Name is "bubblewrap" and its version, and what this machine does not let it
// hold.
func (b *Bubblewrap) Name() string { return named(b.version, b.lacks()) }

// lacks names what cannot be held here, each with what would help.
func (b *Bubblewrap) lacks() []lack { return b.groups.lacks(b.options.Limits, os.Getuid() == 0) }

// Start runs c confined to s. Beside s.ReadOnly, what git believes in the
// project's repository is read-only. What of these is absent is held by a
// stand-in meanwhile, see StandIns. Paths of the project must not be reached
// through links.
func (b *Bubblewrap) Start(ctx context.Context, s autosession.Scope, c autosession.Command) (autosession.Process, error) {
	if err := refuse(s, c); err != nil {
		return nil, err
	}
	for tries := 1; ; tries++ {
		p, err := b.start(ctx, s, c)
		if _, gone := errors.AsType[*goneError](err); !gone || tries == maxTries {
			return p, err
		}
	}
}

// start is one try of Start.
func (b *Bubblewrap) start(ctx context.Context, s autosession.Scope, c autosession.Command) (autosession.Process, error) {
	way, err := b.options.wayOut(ctx, s)
	if err != nil {
		return nil, err
	}
	r := b.keeper.begin(s.Session, s.Dir)
	r.report = s.Report
	r.way, r.limits, r.Groups = way, &b.options.Limits, b.groups.names(r.Tree)
	// Before anything is written: where no room is left that would fail.
	if _, err := r.reserve().look(); err != nil {
		return nil, errors.Join(err, r.way.close())
	}
	warden, err := b.warden(r, s)
	if err != nil {
		return nil, errors.Join(err, r.clear())
	}
	calls, err := filterFile()
	if err != nil {
		return nil, errors.Join(err, r.clear())
	}
	defer calls.Close()
	warden.ExtraFiles = []*os.File{calls}
	env := environment(os.Environ(), b.options, place{dir: s.Dir, home: s.Home, temp: "/tmp", exclude: insideExclude})
	return open(ctx, r, s, c, warden, env)
}

// warden is bubblewrap around our own program as a warden. It makes, and
// records, what that needs.
func (b *Bubblewrap) warden(r *record, s autosession.Scope) (*exec.Cmd, error) {
	if err := makeHome(s.Home); err != nil {
		return nil, err
	}
	for _, bind := range s.Binds {
		if _, err := os.Stat(bind.Path); err != nil {
			return nil, fmt.Errorf("cannot show %s inside: %v", bind.Path, bare(err))
		}
	}
	r.Whole = s.Kind != autosession.ScopeCheck // many of which end
	guarded, err := r.hold(s.ReadOnly)
	if err != nil {
		return nil, err
	}
	_, args, err := ourCommand(wardenEntry)
	if err != nil {
		return nil, err
	}
	binary, err := b.keeper.binary()
	if err != nil {
		return nil, err
	}
	seen, err := view(lookAround(b.options), s, b.options.Limits.Temp, binary, guarded)
	if err != nil {
		return nil, err
	}
	r.writable, r.covered = seen.writable(), seen.covered()
	if r.way != nil {
		seen.set(mount{at: GatewaySocket, kind: readOnly, from: r.way.Socket})
	}
	seen.set(mount{at: insideExclude, kind: readOnly, from: r.Exclude})
	return exec.Command(b.program, append(confinement(seen, firstFreeFD), append([]string{insideBinary}, args...)...)...), nil
}

// confinement is what bubblewrap is asked for, up to the program. The warden
// is the first process of its PID namespace, and sees itself that no
// descriptor is passed on. The filter of system calls is open as filterFD.
func confinement(seen mounts, filterFD int) []string {
	args := []string{
		"--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL",
		"--die-with-parent", "--new-session", "--as-pid-1", "--seccomp", strconv.Itoa(filterFD),
	}
	return append(append(args, seen.arguments()...), "--")
}

// Rescue ends what is left of a session and removes its stand-ins.
func (b *Bubblewrap) Rescue(ctx context.Context, session string) error {
	return b.keeper.rescue(ctx, session)
}

// StandIns names what holds, for now, the place of protected paths that are
// absent in the project dir: relative, with slashes, sorted. It is no part of
// the project, and is gone when the last tree on it has ended.
func (b *Bubblewrap) StandIns(dir string) ([]string, error) { return b.keeper.held(dir) }

// Check tries what can be tried quickly: that programs run and end, and that
// they cannot write, read, reach or see what they must not.
func (b *Bubblewrap) Check(ctx context.Context) []autosession.Canary {
	canaries := slices.Concat(common(b.options), confined(), limited(b.options.Limits, b.groups))
	return append(try(ctx, roomy(b, b.options.Limits), b.options, canaries), known(b.lacks())...)
}
