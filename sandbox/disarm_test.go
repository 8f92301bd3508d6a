package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What git itself writes stays as it is; what it would run goes.
func TestHarmlessSettings(t *testing.T) {
	const made = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n" +
		"[user]\n\tname = A Person\n\temail = a@b.example\n[remote \"origin\"]\n\turl = https://x.example/y.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n" +
		"[branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n[extensions]\n\tobjectformat = sha256\n"
	if got := string(harmlessSettings([]byte(made), false)); got != made {
		t.Errorf("%s", got)
	}
	for _, evil := range []string{
		"[core]\n\tfsmonitor = /evil\n", "[core]\n\thooksPath = .\n", "[core] pager = evil\n", "[alias]\n\tst = !evil\n",
		"[include]\n\tpath = evil\n", "[includeIf \"gitdir:/\"]\n\tpath = evil\n", "[filter \"x\"]\n\tclean = evil\n",
		"[core]\n\tfsmonitor = \\\n/evil\n", "[remote \"o\"]\n\turl = ext::evil\n", "[CORE]\n\tfsmonitor = evil\n",
		"[core]\n\tworktree = evil\n", "[diff \"a b\"]\n\ttextconv = evil\n", "[core]\r\n\tfsmonitor = evil\r\n", "[core]fsmonitor=evil\n",
		"[user]\n\tname = \"a\\nb\" evil\n", "[core \"x\"]\n\tsshCommand = evil",
	} {
		if got := string(harmlessSettings([]byte(made+evil), false)); strings.Contains(got, "evil") || !strings.HasPrefix(got, made) {
			t.Errorf("of %q stays %q", evil, strings.TrimPrefix(got, made))
		}
	}
	if got := harmlessSettings([]byte("[core]\n\tworktree = ../../../lib\n"), true); len(got) < 20 {
		t.Errorf("a submodule is left with %q", got)
	}
}

func FuzzHarmlessSettings(f *testing.F) {
	f.Add([]byte("[core]\n\tbare = false\n[alias]\n\tst = !x\n"))
	f.Add([]byte("[core]\n\tbare = \\\n\tfsmonitor = x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		once := harmlessSettings(data, false)
		if again := harmlessSettings(once, false); string(again) != string(once) {
			t.Errorf("%q becomes %q, and that %q", data, once, again)
		}
		if strings.ContainsAny(string(once), "\\!\"#;") && !strings.Contains(string(once), ` "`) {
			t.Errorf("%q becomes %q", data, once)
		}
	})
}

func TestDisarm(t *testing.T) {
	dir := t.TempDir()
	look := func(why string, want ...string) {
		t.Helper()
		if taken, err := disarm(dir, 0, nil, true); err != nil || !slices.Equal(taken, want) {
			t.Errorf("%s: %q, %v, want %q", why, taken, err, want)
		}
	}
	look("without a repository")
	plantFiles(t, dir, ".git/HEAD", ".git/hooks/pre-commit.sample", ".git/worktrees/w/HEAD", ".git/worktrees/w/gitdir", "config/config", ".git/x/config")
	if err := os.WriteFile(filepath.Join(dir, ".git/worktrees/w/commondir"), []byte("../..\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	look("of a harmless one")
	plantFiles(t, dir, ".git/hooks/pre-commit", ".git/config.worktree", ".git/commondir", ".git/modules/a/logs/config", ".git/modules/a/logs/hooks/x",
		"bare/objects/x", "bare/refs/x", "bare/config", "outside/.git", "objects/refs/x", "objects/objects/lib/.git/hooks/x")
	for link, target := range map[string]string{".git/config": "/etc/passwd", "linked": "bare", "deep": "/", "bare/.git": dir + "/bare", ".git/modules/a/HEAD": "refs/x"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if taken, err := disarm(dir, 0, []string{".git"}, false); err != nil || taken != nil {
		t.Errorf("what was held: %q, %v", taken, err)
	}
	if taken, err := disarm(dir, time.Now().Add(time.Hour).UnixNano(), nil, true); err != nil || taken != nil {
		t.Errorf("what was there before: %q, %v", taken, err)
	}
	look("of hostile ones", ".git/hooks", ".git/config", ".git/config.worktree", ".git/commondir",
		".git/modules/a/logs/hooks", ".git/modules/a/logs/config", "bare/config", "objects/objects/lib/.git/hooks", "outside/.git", "bare/.git")
	look("and again")
}

// What is not known to be harmless is as little so in a file that the
// configuration names.
func TestDisarmNamed(t *testing.T) {
	dir := t.TempDir()
	plantFiles(t, dir, "lib/.git/HEAD", "lib/.git/hooks/x.sample", "lib/hooks/pre-commit", "lib/sub/x")
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("lib/.git/config", "[core]\n\thooksPath = hooks\n[include]\n\tpath = ../included\n")
	begun := tick(t, dir)
	write("lib/included", "[core]\n\tfsmonitor = x\n")
	write("lib/hooks/pre-commit", "evil")
	want := []string{"lib/included", "lib/hooks"}
	if taken, err := disarm(dir, begun, nil, true); err != nil || !slices.Equal(taken, want) {
		t.Errorf("%q, %v", taken, err)
	}
}

// tick returns a time of the file system that is after all that was written
// before.
func tick(t *testing.T, dir string) int64 {
	t.Helper()
	for first := int64(0); ; {
		var now unix.Stat_t
		name := filepath.Join(dir, "tick")
		if err := errors.Join(os.WriteFile(name, nil, 0o600), unix.Stat(name, &now), os.Remove(name)); err != nil {
			t.Fatal(err)
		}
		if first == 0 {
			first = now.Ctim.Nano()
		}
		if now.Ctim.Nano() > first {
			return now.Ctim.Nano()
		}
	}
}
