package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/git"
)

// trap is a place for programs that must never run. Each leaves a file.
type trap struct {
	t   *testing.T
	dir string
}

func newTrap(t *testing.T) trap { return trap{t, t.TempDir()} }

// program returns the path of a program that tells that it ran.
func (p trap) program(name string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, "bin", name)
	script := fmt.Sprintf("#!/bin/sh\necho ran >>'%s'\nexit 1\n", filepath.Join(p.dir, "ran-"+name))
	write(p.t, path, script)
	if err := os.Chmod(path, 0o755); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// ran lists the programs that ran.
func (p trap) ran() []string {
	p.t.Helper()
	found, err := filepath.Glob(filepath.Join(p.dir, "ran-*"))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range found {
		found[i] = strings.TrimPrefix(filepath.Base(found[i]), "ran-")
	}
	return found
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(old)+text)
}

// hooks is every hook that git knows.
var hooks = []string{
	"applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
	"commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update",
	"proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc",
	"post-rewrite", "sendemail-validate", "fsmonitor-watchman", "post-index-change",
}

// programs is the settings whose value git runs.
var programs = []string{
	"core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy",
	"core.alternateRefsCommand", "pager.log", "pager.diff", "pager.rev-list", "pager.ls-tree", "gpg.program",
	"gpg.ssh.program", "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean",
	"filter.evil.smudge", "filter.evil.process", "merge.evil.driver", "credential.helper", "sequence.editor",
	"interactive.diffFilter", "uploadpack.packObjectsHook", "remote.origin.uploadpack", "trailer.evil.command",
	"difftool.evil.cmd", "mergetool.evil.cmd", "browser.evil.cmd",
}

// plant sets every trap that a repository can hold.
func (p trap) plant(dir string) {
	p.t.Helper()
	p.plantConfig(filepath.Join(dir, ".git/config"))
	for _, hook := range hooks {
		for _, place := range []string{filepath.Join(dir, ".git/hooks"), filepath.Join(p.dir, "hooks")} {
			write(p.t, filepath.Join(place, hook), "#!/bin/sh\nexec "+p.program("hook-"+hook)+"\n")
			if err := os.Chmod(filepath.Join(place, hook), 0o755); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	attributes := "* filter=evil diff=evil merge=evil text eol=crlf ident working-tree-encoding=UTF-16\n"
	write(p.t, filepath.Join(dir, ".gitattributes"), attributes)
	write(p.t, filepath.Join(dir, ".git/info/attributes"), attributes)
	write(p.t, filepath.Join(dir, "bin/git"), "#!/bin/sh\nexec "+p.program("git-of-the-project")+"\n")
	if err := os.Chmod(filepath.Join(dir, "bin/git"), 0o755); err != nil {
		p.t.Fatal(err)
	}
}

func (p trap) plantConfig(config string) {
	p.t.Helper()
	text := "\n"
	for _, key := range programs {
		last := strings.LastIndexByte(key, '.')
		section := key[:last]
		if name, sub, ok := strings.Cut(section, "."); ok {
			section = fmt.Sprintf("%s %q", name, sub)
		}
		text += fmt.Sprintf("[%s]\n\t%s = %s\n", section, key[last+1:], p.program(key))
	}
	for _, alias := range []string{"rev-list", "ls-tree", "cat-file", "status", "log", "update-ref"} {
		text += fmt.Sprintf("[alias]\n\t%s = !%s\n", alias, p.program("alias-"+alias))
	}
	included := filepath.Join(p.dir, "included")
	write(p.t, included, text)
	text += "[include]\n\tpath = " + included + "\n[log]\n\tshowSignature = true\n"
	text += "[protocol \"ext\"]\n\tallow = always\n[core]\n\trepositoryFormatVersion = 1\n\thooksPath = " + p.dir + "/hooks\n"
	text += "[extensions]\n\tpartialClone = origin\n[remote \"origin\"]\n\tpromisor = true\n\turl = ext::" + p.program("remote") + "\n"
	appendTo(p.t, config, text)
}

// environment sets what a person's, or an agent's, environment could hold.
func (p trap) environment(dir string) {
	for _, name := range []string{
		"GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER", "PAGER", "GIT_EDITOR", "GIT_ASKPASS", "GIT_PROXY_COMMAND",
	} {
		p.t.Setenv(name, p.program("env-"+name))
	}
	p.t.Setenv("GIT_DIR", filepath.Join(dir, ".git"))
	p.t.Setenv("GIT_CONFIG_COUNT", "1")
	p.t.Setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
	p.t.Setenv("GIT_CONFIG_VALUE_0", p.program("env-config"))
	p.t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
}

// useAll calls every method of a Repo on the project.
func useAll(t *testing.T, r *git.Repo, dir string) {
	t.Helper()
	first := mustSave(t, r, "first")
	if _, err := r.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a"), "changed\r\n$Id$\n")
	write(t, filepath.Join(dir, "b"), "new")
	second := mustSave(t, r, "second")
	if _, err := r.Diff(t.Context(), first.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{first.ID, second.ID} {
		if err := r.Restore(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Prune(t.Context(), func(c autosession.Checkpoint) bool { return c.ID == second.ID }); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(got) != "changed\r\n$Id$\n" {
		t.Errorf("after all that a holds %q, %v", got, err)
	}
}

func mustSave(t *testing.T, r *git.Repo, label string) autosession.Checkpoint {
	t.Helper()
	c, err := r.Save(t.Context(), label)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func committed(t *testing.T, dir string, format string) {
	t.Helper()
	runGit(t, dir, "init", "-q", "-b", "work", "--object-format="+format)
	write(t, filepath.Join(dir, "a"), "1\n")
	runGit(t, dir, "add", "-A")
	runGit(t, dir, "commit", "-q", "-m", "first")
	write(t, filepath.Join(dir, "c"), "2\n")
	runGit(t, dir, "add", "-A")
	runGit(t, dir, "commit", "-q", "-m", "second")
}

func TestNothingOfTheProjectRuns(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			dir, p := t.TempDir(), newTrap(t)
			committed(t, dir, format)
			p.plant(dir)
			p.environment(dir)
			r := openRepo(t, git.Options{Dir: dir})
			useAll(t, r, dir)
			if ran := p.ran(); len(ran) > 0 {
				t.Errorf("these programs ran: %v", ran)
			}
			state, err := r.Look(t.Context())
			if err != nil || len(state.Log) != 2 || state.Log[0].Subject != "second" {
				t.Errorf("Look = %+v, %v", state, err)
			}
			// The traps are real: a git that is not careful falls into them.
			careless(t, dir)
			if ran := p.ran(); len(ran) < 2 {
				t.Errorf("only %v ran for a git that is not careful", ran)
			}
		})
	}
}

// careless uses the project's repository as anybody would.
func careless(t *testing.T, dir string) {
	t.Helper()
	for _, args := range [][]string{{"status"}, {"add", "-A"}, {"diff", "HEAD~1"}, {"commit", "-m", "x"}, {"ls-tree", "-r", "HEAD"}} {
		cmd := gitCommand(dir, args...)
		cmd.Path = "/usr/bin/git"
		// What it says does not matter, the programs are no real ones. Reading
		// it to the end waits for all that it started.
		cmd.CombinedOutput()
	}
}

// TestMissingObjectIsNotFetched looks at a repository that lacks an object
// which its configuration offers to fetch.
func TestMissingObjectIsNotFetched(t *testing.T) {
	dir, p := t.TempDir(), newTrap(t)
	committed(t, dir, "sha1")
	tree := strings.TrimSpace(runGit(t, dir, "rev-parse", "HEAD^{tree}"))
	if err := os.Remove(filepath.Join(dir, ".git/objects", tree[:2], tree[2:])); err != nil {
		t.Fatal(err)
	}
	p.plant(dir)
	r := openRepo(t, git.Options{Dir: dir})
	state, err := r.Look(t.Context())
	if err != nil || !state.Exists || state.Branch != "work" || state.Head == "" {
		t.Errorf("Look = %+v, %v", state, err)
	}
	if ran := p.ran(); len(ran) > 0 {
		t.Errorf("these programs ran: %v", ran)
	}
	careless(t, dir)
	if !slices.Contains(p.ran(), "remote") {
		t.Errorf("a git that is not careful did not fetch: %v", p.ran())
	}
}

// TestPointersOut gives the project a repository that lies elsewhere and does
// not know of the project.
func TestPointersOut(t *testing.T) {
	secret := t.TempDir()
	committed(t, secret, "sha1")
	for name, plant := range map[string]func(dir string){
		"git file": func(dir string) { write(t, filepath.Join(dir, ".git"), "gitdir: "+secret+"/.git\n") },
		"git link": func(dir string) { link(t, secret+"/.git", filepath.Join(dir, ".git")) },
		"inner file": func(dir string) {
			write(t, filepath.Join(dir, ".git"), "gitdir: in\n")
			link(t, secret+"/.git", dir+"/in")
		},
		"commondir":    func(dir string) { committed(t, dir, "sha1"); write(t, dir+"/.git/commondir", secret+"/.git\n") },
		"objects link": func(dir string) { committed(t, dir, "sha1"); replace(t, secret+"/.git/objects", dir+"/.git/objects") },
		"refs link": func(dir string) {
			committed(t, dir, "sha1")
			replace(t, secret+"/.git/refs", dir+"/.git/refs")
		},
		"head link": func(dir string) { committed(t, dir, "sha1"); replace(t, secret+"/.git/HEAD", dir+"/.git/HEAD") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			plant(dir)
			r := openRepo(t, git.Options{Dir: dir})
			state, err := r.Look(t.Context())
			if err != nil || !state.Exists || len(state.Log) != 0 {
				t.Errorf("Look = %+v, %v", state, err)
			}
			mustSave(t, r, "works all the same")
		})
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func replace(t *testing.T, target, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	link(t, target, path)
}

// TestPointersBack looks at a linked work tree and at a submodule: their
// repositories lie outside the project, and know of it.
func TestPointersBack(t *testing.T) {
	base := t.TempDir()
	main, tree := filepath.Join(base, "main"), filepath.Join(base, "tree")
	write(t, filepath.Join(main, "x"), "1")
	committed(t, main, "sha1")
	runGit(t, main, "worktree", "add", "-q", "-b", "other", tree)
	sub := filepath.Join(base, "super")
	write(t, filepath.Join(sub, "y"), "1")
	committed(t, sub, "sha1")
	runGit(t, sub, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", main, "sub")
	for dir, branch := range map[string]string{tree: "other", filepath.Join(sub, "sub"): "work"} {
		state, err := openRepo(t, git.Options{Dir: dir}).Look(t.Context())
		if err != nil || state.Branch != branch || len(state.Log) != 2 || len(state.Uncommitted) != 0 {
			t.Errorf("Look at %s = %+v, %v", dir, state, err)
		}
	}
	// Seen from the superproject a submodule is no uncommitted file.
	runGit(t, sub, "commit", "-q", "-m", "with a submodule")
	if state, err := openRepo(t, git.Options{Dir: sub}).Look(t.Context()); err != nil || len(state.Uncommitted) != 0 {
		t.Errorf("Look at the superproject = %+v, %v", state, err)
	}
}

// TestBrokenRepositories looks at repositories that answer nothing.
func TestBrokenRepositories(t *testing.T) {
	fifo := func(path string) {
		t.Helper()
		if err := errors.Join(os.RemoveAll(path), syscall.Mkfifo(path, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for name, breakIt := range map[string]func(git string){
		"empty":        func(git string) { os.RemoveAll(git); os.Mkdir(git, 0o755) },
		"no HEAD":      func(git string) { os.Remove(git + "/HEAD") },
		"head to head": func(git string) { write(t, git+"/HEAD", "ref: HEAD\n") },
		"head away":    func(git string) { write(t, git+"/HEAD", "ref: refs/../../../etc/passwd\n") },
		"head option":  func(git string) { write(t, git+"/HEAD", "--all\n") },
		"ref garbage":  func(git string) { write(t, git+"/refs/heads/work", "\x00\xff\n") },
		"ref ring":     func(git string) { write(t, git+"/refs/heads/work", "ref: refs/heads/work\n") },
		"HEAD fifo":    func(git string) { fifo(git + "/HEAD") },
		"config fifo":  func(git string) { fifo(git + "/config") },
		"ref fifo":     func(git string) { fifo(git + "/refs/heads/work") },
		"shallow fifo": func(git string) { fifo(git + "/shallow") },
		"alternates":   func(git string) { fifo(git + "/objects/info/alternates") },
		"exclude fifo": func(git string) { fifo(git + "/info/exclude") },
		"git is fifo":  func(git string) { fifo(git) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			committed(t, dir, "sha1")
			breakIt(filepath.Join(dir, ".git"))
			r := openRepo(t, git.Options{Dir: dir, LookLimit: 2 * time.Second})
			state, err := r.Look(t.Context())
			if err != nil || !state.Exists {
				t.Errorf("Look = %+v, %v", state, err)
			}
			mustSave(t, r, "works all the same")
		})
	}
}

func TestLookEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	committed(t, dir, "sha1")
	r := openRepo(t, git.Options{Dir: dir})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Look(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Look with an ended context: %v", err)
	}
	if _, err := r.Save(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("Save with an ended context: %v", err)
	}
	mustSave(t, r, "and works afterwards")
}

func TestBusy(t *testing.T) {
	for file, want := range map[string]string{
		"MERGE_HEAD": "merge", "rebase-merge/done": "rebase", "rebase-apply/next": "rebase", "rebase-apply/applying": "am",
		"CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert", "BISECT_LOG": "bisect", "other": "",
	} {
		dir := t.TempDir()
		committed(t, dir, "sha1")
		write(t, filepath.Join(dir, ".git", file), "")
		if state, err := openRepo(t, git.Options{Dir: dir}).Look(t.Context()); err != nil || state.Busy != want {
			t.Errorf("with %s Busy = %q, %v, want %q", file, state.Busy, err, want)
		}
	}
}
