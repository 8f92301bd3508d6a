package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	if taken, err := disarm(dir); err != nil || len(taken) > 0 {
		t.Errorf("without a repository: %v, %v", taken, err)
	}
	plantFiles(t, dir, ".git/HEAD", ".git/hooks/pre-commit.sample", ".git/worktrees/w/commondir", ".git/worktrees/w/gitdir")
	if taken, err := disarm(dir); err != nil || len(taken) > 0 {
		t.Errorf("of a harmless one: %v, %v", taken, err)
	}
	plantFiles(t, dir, ".git/hooks/pre-commit", ".git/config.worktree", ".git/commondir", ".git/modules/a/logs/config", ".git/modules/a/logs/hooks/x")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, ".git/config")); err != nil {
		t.Fatal(err)
	}
	want := []string{".git/hooks", ".git/config", ".git/config.worktree", ".git/commondir", ".git/modules/a/logs/hooks", ".git/modules/a/logs/config"}
	if taken, err := disarm(dir); err != nil || !slices.Equal(taken, want) {
		t.Errorf("of a hostile one: %v, %v", taken, err)
	}
	if taken, err := disarm(dir); err != nil || len(taken) > 0 {
		t.Errorf("and again: %v, %v", taken, err)
	}
}
