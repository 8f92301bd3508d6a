package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"pgregory.net/rapid"
)

func TestParseVersion(t *testing.T) {
	tests := []struct{ said, name, problem string }{
		{"bubblewrap 0.8.0\n", "bubblewrap 0.8.0", ""},
		{"bubblewrap 0.11.2", "bubblewrap 0.11.2", ""},
		{"bubblewrap 1.0", "bubblewrap 1.0", ""},
		{"bubblewrap 0.8", "bubblewrap 0.8", ""},
		{"bubblewrap 0.7.9", "", "too old"},
		{"bubblewrap 0.4.1", "", "too old"},
		{"busybox 1.0", "", "cannot read"},
		{"", "", "cannot read"},
	}
	for _, test := range tests {
		name, err := parseVersion(test.said)
		if name != test.name || (err != nil) != (test.problem != "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%q gives %q, %v", test.said, name, err)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("bubblewrap 0.8.0")
	f.Add("bubblewrap 99999999999999999999.1")
	f.Fuzz(func(t *testing.T, said string) {
		if name, err := parseVersion(said); (name == "") != (err != nil) {
			t.Errorf("%q gives %q, %v", said, name, err)
		}
	})
}

func TestSearchPath(t *testing.T) {
	tests := []struct{ path, want string }{
		{"/usr/bin:/bin", "/usr/bin:/bin"},
		{"", defaultPath},
		{".:bin:node_modules/.bin", defaultPath},
		{":/a::/b/:/a", "/a:/b"},
	}
	for _, test := range tests {
		if got := searchPath(test.path); got != test.want {
			t.Errorf("%q gives %q, want %q", test.path, got, test.want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	host := []string{"PATH=/bin:.", "HOME=/root", "LANG=C.UTF-8", "LC_ALL=C", "AWS_SECRET_ACCESS_KEY=s", "GITHUB_TOKEN=s", "GOPROXY=direct", "LD_PRELOAD=/x"}
	o := Options{Author: "A", Email: "a@b", Pass: []string{"GOPROXY"}}
	got := environment(host, o, place{dir: "/p", home: "/h", temp: "/t", exclude: "/e"})
	for _, want := range []string{"PATH=/bin", "HOME=/h", "TMPDIR=/t", "LANG=C.UTF-8", "LC_ALL=C", "GOPROXY=direct", "GIT_AUTHOR_NAME=A", "GIT_CONFIG_COUNT=2", "GIT_CONFIG_VALUE_1=/e"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
	for _, v := range got {
		if strings.HasSuffix(v, "=s") || strings.HasPrefix(v, "LD_") || strings.HasPrefix(v, "CI=") {
			t.Errorf("%s is handed on", v)
		}
	}
}

// Of a host's variables only those of known names are handed on.
func TestEnvironmentKeepsSecrets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Z][A-Z0-9_]{0,12}`).Draw(t, "name")
		got := environment([]string{name + "=/rare-value"}, Options{}, place{})
		known := passes(name) || name == "PATH"
		if slices.ContainsFunc(got, func(v string) bool { return strings.Contains(v, "rare-value") }) != known {
			t.Fatalf("%s: %q", name, got)
		}
	})
}

func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		variable := rapid.StringMatching(`[A-C]=[a-c]`)
		parts := rapid.SliceOf(rapid.SliceOf(variable)).Draw(t, "parts")
		want := map[string]string{}
		for _, v := range slices.Concat(parts...) {
			want[v[:1]] = v
		}
		got := merge(parts...)
		if len(got) != len(want) {
			t.Fatalf("%q of %q", got, parts)
		}
		for _, v := range got {
			if want[v[:1]] != v {
				t.Fatalf("%q of %q", got, parts)
			}
		}
	})
}

func TestMountArguments(t *testing.T) {
	m := mounts{{at: "/home/u/p/.git/hooks", kind: readOnly}, {at: "/home/u/p", kind: writable}, {at: "/home", kind: hidden}, {at: "/", kind: readOnly}}
	m.add(writable, "/home/u/p/.git")
	m.add(procfs, "/proc")
	m.add(devices, "/dev")
	m.add(masked, "/etc/shadow")
	m.set(mount{at: "/tmp", kind: scratch, size: 7})
	m.set(mount{at: insideBinary, kind: readOnly, from: "/opt/a"})
	want := "--ro-bind / / --dev /dev --perms 0755 --tmpfs /home --proc /proc --perms 1777 --size 7 --tmpfs /tmp " +
		"--ro-bind /dev/null /etc/shadow --bind /home/u/p /home/u/p --ro-bind /opt/a /run/autosession/autosession " +
		"--bind /home/u/p/.git /home/u/p/.git --ro-bind /home/u/p/.git/hooks /home/u/p/.git/hooks " +
		"--remount-ro /home --remount-ro /proc"
	if got := strings.Join(m.arguments(), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// small is a made-up machine.
func small() host {
	return host{
		ours:    []string{"/srv/state", "/home/u/.local/state/autosession"},
		homes:   []string{"/home", "/root", "/home/u"},
		path:    []string{"/usr/bin", "/opt/app/bin", "/home/u/go/bin", "/home/u/.local/bin", "/home/u/bin", "/home/u/.pyenv/shims", "/home/u/.nvm/versions/node/v20/bin", "/home/u/tools"},
		secrets: []string{"/etc/shadow"},
		needs: func(dir string, _ []string) []string {
			switch dir {
			case "/home/u/.pyenv/shims", "/srv/bin":
				return []string{filepath.Dir(dir)}
			case "/home/u/.nvm/versions/node/v20/bin":
				return []string{dir, filepath.Dir(dir) + "/lib"}
			}
			return []string{dir}
		},
		sockets: []string{"/opt/sock", "/opt/app/sock", "/etc/x/sock", "/srv/a/p/sock", "/var/sock", "/var/lib/db/sock", "/home/u/p/sock", "/run/docker.sock"},
		resolve: func(p string) string {
			if p == "/var/run" {
				return "/run"
			}
			return strings.Replace(filepath.Clean(p), "/link", "/home/u/real", 1)
		},
	}
}

func TestView(t *testing.T) {
	s := autosession.Scope{Dir: "/home/u/p", Home: "/srv/state/home", Binds: []autosession.Bind{{Path: "/home/u/claude"}, {Path: "/home/u/rw", Writable: true}, {Path: "/link/x"}}}
	pins := protection{paths: []string{"/home/u/p/.git/hooks"}, ways: []string{"/home/u/p/.git"}}
	m, err := view(small(), s, 1, "/bin/autosession", pins)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path string
		kind mountKind
	}{
		{"/", readOnly}, {"/usr/lib/x", readOnly}, {"/etc/passwd", readOnly}, {"/etc/shadow", masked},
		{"/tmp", scratch}, {"/tmp/x", scratch}, {"/var/tmp/x", scratch}, {"/dev/null", devices}, {"/proc/1", procfs},
		{"/run/docker.sock", hidden}, {"/var/lib/db/sock", hidden}, {"/var/lib/db", hidden}, {"/var/lib/x", readOnly},
		{"/opt/sock", masked}, {"/opt/x", readOnly}, {"/opt/app/sock", masked}, {"/opt/app/bin", readOnly}, {"/etc/x/sock", masked}, {"/srv/a/p/sock", hidden}, {"/var/sock", masked},
		{"/home/u", hidden}, {"/home/u/.ssh/id_rsa", hidden}, {"/home/v", hidden}, {"/root/.aws", hidden},
		{"/home/u/p/x", writable}, {"/home/u/p/sock", masked}, {"/home/u/p/.git/config2", writable}, {"/home/u/p/.git/hooks/x", readOnly},
		{"/home/u/claude/bin", readOnly}, {"/home/u/rw/x", writable}, {"/home/u/real/x", readOnly}, {"/srv/state/home/x", writable}, {"/srv/state/state.db", hidden},
		{"/home/u/go/bin/x", readOnly}, {"/home/u/go/src", hidden}, {"/home/u/bin/x", readOnly},
		{"/home/u/.local/bin/x", readOnly}, {"/home/u/.local/share/keyrings", hidden},
		{"/home/u/.pyenv/versions", readOnly}, {"/home/u/.nvm/versions/node/v20/lib", readOnly}, {"/home/u/.nvm/versions/node/v20/x", hidden},
		{"/home/u/tools/x", readOnly},
	}
	for _, test := range tests {
		if got := m.governing(test.path).kind; got != test.kind {
			t.Errorf("%s is %d, want %d", test.path, got, test.kind)
		}
	}
}

func TestViewRefuses(t *testing.T) {
	for _, test := range []struct{ dir, home string }{
		{"/home/u", "/srv/h"}, {"/home", "/srv/h"}, {"/root", "/srv/h"}, {"/", "/srv/h"}, {"/usr", "/srv/h"}, {"/var", "/srv/h"}, {"/tmp", "/srv/h"},
		{"/link/p", "/srv/h"}, {"/home/u/p", "/home/u"}, {"/home/u/p", "/link"},
		{"/srv/state", "/srv/h"},
	} {
		s := autosession.Scope{Dir: test.dir, Home: test.home}
		if _, err := view(small(), s, 1, "/bin/x", protection{}); err == nil || !strings.HasPrefix(err.Error(), "cannot confine") {
			t.Errorf("%v is not refused: %v", test, err)
		}
	}
}

// Whatever is mounted, a parent is mounted before what lies in it.
func TestMountsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m mounts
		for _, p := range rapid.SliceOf(rapid.StringMatching(`(/[ab]){1,4}`)).Draw(t, "paths") {
			m.add(writable, p)
		}
		args := m.arguments()
		for i := 2; i < len(args); i += 3 {
			for j := 2; j < i; j += 3 {
				if below(args[i], args[j]) || args[i] == args[j] {
					t.Fatalf("%q", args)
				}
			}
		}
	})
}

// A program of ours is never taken from the project, whatever PATH says.
func TestFindProgram(t *testing.T) {
	project, links, good := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{project, good} {
		if err := os.WriteFile(filepath.Join(dir, "tool"), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(project, "tool"), filepath.Join(links, "tool")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(good, "tool"), filepath.Join(project, "linked")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, name, want string }{
		{project + ":" + good, "tool", good + "/tool"},
		{links + ":" + good, "tool", good + "/tool"},
		{".:" + good, "tool", good + "/tool"},
		{project, "tool", ""},
		{project, "linked", ""},
		{links, "none", ""},
	} {
		t.Setenv("PATH", tt.path)
		if got := findProgram(tt.name, project); got != tt.want {
			t.Errorf("%s in %s: %q, want %q", tt.name, tt.path, got, tt.want)
		}
	}
	t.Setenv("PATH", project)
	if got := findProgram("tool", ""); got != project+"/tool" {
		t.Errorf("without a project: %q", got)
	}
}
