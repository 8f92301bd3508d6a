package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

// git runs git outside, as the person would.
func (h *house) git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	git := exec.Command("git", append([]string{"-c", "protocol.file.allow=always"}, args...)...)
	git.Dir = dir
	git.Env = append(os.Environ(), "HOME="+h.person, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x")
	output, err := git.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// families gives the project a submodule, with one of its own, and a further
// work tree.
func (h *house) families(t *testing.T) {
	t.Helper()
	var sources []string
	for _, name := range []string{"inner", "library"} {
		source := filepath.Join(h.base, name)
		if err := os.Mkdir(source, 0o755); err != nil {
			t.Fatal(err)
		}
		h.git(t, source, "init", "-q", "-b", "main")
		for _, other := range sources {
			h.git(t, source, "submodule", "--quiet", "add", other, "inner")
		}
		h.git(t, source, "commit", "-q", "--allow-empty", "-m", name)
		sources = append(sources, source)
	}
	h.git(t, h.scope.Dir, "submodule", "--quiet", "add", sources[1], "lib")
	h.git(t, h.scope.Dir, "submodule", "--quiet", "update", "--init", "--recursive")
	h.git(t, h.scope.Dir, "commit", "-q", "-m", "with a library")
	h.git(t, h.scope.Dir, "worktree", "add", "-q", "-b", "other", filepath.Join(h.base, "tree"))
}

// A status of the project goes into its submodules, and one of a further work
// tree reads the project's repository: what they believe stays as it is (G8).
func TestRepositoriesOfTheProject(t *testing.T) {
	h := newHouse(t)
	h.families(t)
	for _, script := range []string{
		`echo x >> .git/modules/lib/config`,
		`git -C lib config core.fsmonitor $P/evil`,
		`echo x > .git/modules/lib/hooks/post-checkout`,
		`echo x > .git/modules/lib/config.worktree`,
		`echo /tmp > .git/modules/lib/commondir`,
		`mv .git/modules .git/modules2`,
		`mv .git/modules/lib .git/modules/lib2`,
		`rm -f lib/.git`,
		`mv lib lib2`,
		`git -C lib/inner config core.fsmonitor $P/evil`,
		`echo x > lib/inner/.git`,
		`echo x > .git/worktrees/tree/config.worktree`,
		`echo /tmp > .git/worktrees/tree/commondir`,
		`echo /tmp > .git/worktrees/tree/gitdir`,
		`mv .git/worktrees/tree .git/worktrees/tree2`,
	} {
		h.cannot(t, h.Bubblewrap, "G8", script)
	}
	if exit, output := h.run(t, `set -e; git -C lib checkout -q -b work; echo x > lib/x; git -C lib add x; git -C lib commit -q -m x
		git add lib; git commit -q -m y; git status --porcelain --untracked-files=no; git -C lib/inner log --oneline`); !exit.OK() {
		t.Errorf("ordinary work with submodules ended with %+v: %s", exit, output)
	}
	if status := h.git(t, filepath.Join(h.base, "tree"), "status", "--porcelain"); status != "" {
		t.Errorf("the further work tree is left as %q", status)
	}
}

// source makes a repository with one commit beside the project.
func (h *house) source(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(h.base, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	h.git(t, dir, "init", "-q", "-b", "main")
	h.git(t, dir, "commit", "-q", "--allow-empty", "-m", "first")
	return dir
}

// relatives gives the project submodules that are hard to find, and a further
// work tree that lies in it.
func (h *house) relatives(t *testing.T) {
	t.Helper()
	source := h.source(t, "library")
	for _, name := range []string{"vendor/logs", "objects", "refs/x"} {
		h.git(t, h.scope.Dir, "submodule", "--quiet", "add", source, name)
	}
	for _, name := range []string{"embedded", "deep/linked"} { // with a directory .git
		h.git(t, h.scope.Dir, "clone", "-q", source, name)
	}
	h.git(t, h.scope.Dir, "submodule", "--quiet", "add", source, "embedded")
	h.git(t, h.scope.Dir, "-c", "advice.addEmbeddedRepo=false", "add", "deep/linked")
	h.git(t, filepath.Join(h.scope.Dir, "embedded"), "clone", "-q", source, "inner")
	h.git(t, filepath.Join(h.scope.Dir, "embedded"), "-c", "advice.addEmbeddedRepo=false", "add", "inner")
	h.git(t, h.scope.Dir, "commit", "-q", "-m", "with libraries")
	h.git(t, h.scope.Dir, "worktree", "add", "-q", "-b", "other", "wt")
	h.git(t, filepath.Join(h.scope.Dir, "wt"), "submodule", "--quiet", "update", "--init", "objects")
}

// evilEverywhere are tries to make git believe something of each relative.
var evilEverywhere = []string{
	`git config -f .git/modules/vendor/logs/config core.fsmonitor $P/evil`,
	`git config -f .git/modules/objects/config core.fsmonitor $P/evil`,
	`git config -f .git/modules/refs/x/config core.fsmonitor $P/evil`,
	`echo x > .git/modules/vendor/logs/hooks/post-checkout`,
	`mv .git/modules/vendor .git/modules/v2`,
	`rm -f vendor/logs/.git`,
	`mv vendor v2`,
	`git -C embedded config core.fsmonitor $P/evil`,
	`echo x > embedded/.git/hooks/pre-commit`,
	`echo x > embedded/.git/config.worktree`,
	`mv embedded/.git embedded/git2`,
	`mv embedded e2`,
	`git -C embedded/inner config core.fsmonitor $P/evil`,
	`git -C deep/linked config core.fsmonitor $P/evil`,
	`mv deep d2`,
	`rm wt/.git && git init -q wt`,
	`mv wt w2`,
	`echo x > .git/worktrees/wt/config.worktree`,
	`git config -f .git/worktrees/wt/modules/objects/config core.fsmonitor $P/evil`,
	`rm wt/objects/.git`,
}

// Neither its path, nor where its repository is, nor that no .gitmodules names
// it, leaves a submodule or a further work tree open (G8).
func TestRelativesOfTheProject(t *testing.T) {
	h := newHouse(t)
	h.relatives(t)
	for _, script := range evilEverywhere {
		h.cannot(t, h.Bubblewrap, "G8", script)
	}
	if exit, output := h.run(t, `set -e; for d in embedded deep/linked vendor/logs wt wt/objects; do
		echo x > $d/x; git -C $d add x; git -C $d commit -q -m x; git -C $d status --porcelain; done
		git add embedded; git commit -q -m y; git status --porcelain --untracked-files=no`); !exit.OK() {
		t.Errorf("ordinary work with submodules ended with %+v: %s", exit, output)
	}
	h.git(t, h.scope.Dir, "status")
	h.git(t, filepath.Join(h.scope.Dir, "wt"), "status")
}

// Where .git itself cannot be changed, no repository can be put where git looks
// for one of a submodule that is not checked out.
func TestAbsentSubmodule(t *testing.T) {
	h := newHouse(t)
	h.git(t, h.scope.Dir, "submodule", "--quiet", "add", h.source(t, "library"), "lib")
	h.git(t, h.scope.Dir, "commit", "-q", "-m", "with a library")
	h.git(t, h.scope.Dir, "submodule", "--quiet", "deinit", "lib")
	if exit, output := h.run(t, `git init -q lib && rm -r lib/.git`); !exit.OK() {
		t.Errorf("a submodule cannot be checked out: %+v: %s", exit, output)
	}
	h.scope.ReadOnly = append(h.scope.ReadOnly, filepath.Join(h.scope.Dir, ".git"))
	for _, script := range []string{`git init -q lib`, `rmdir lib/.git`, `mv lib l2`} {
		h.cannot(t, h.Bubblewrap, "G8", script)
	}
	if exit, output := h.run(t, `test -z "$(git status --porcelain --untracked-files=no)"`); !exit.OK() {
		t.Errorf("%+v: %s", exit, output)
	}
	if exists(filepath.Join(h.scope.Dir, "lib/.git")) {
		t.Error("a stand-in is left")
	}
}

// What the configuration names, and its own is elsewhere in the project, is
// believed as well: hooks, and further configuration.
func TestConfiguredPlaces(t *testing.T) {
	h := newHouse(t)
	h.relatives(t)
	plantFiles(t, h.scope.Dir, ".husky/_/pre-commit", ".husky/pre-commit", "wt/.husky/pre-commit", "tools/x", "embedded/hooks/x")
	config := func(file string, args ...string) {
		h.git(t, h.scope.Dir, append([]string{"config", "-f", file}, args...)...)
	}
	config("tools/gitconfig", "include.path", "further")
	config("tools/further", "core.hooksPath", "deep/hooks")
	config("embedded/.git/config", "core.hooksPath", "hooks")
	config(".git/worktrees/wt/config.worktree", "core.hooksPath", "nested/hooks")
	config(".git/config", "core.hooksPath", ".husky/_")
	config(".git/config", "include.path", "../tools/gitconfig")
	config(".git/config", "includeIf.onbranch:other.path", "../.gitconfig")
	config(filepath.Join(h.person, ".gitconfig"), "core.hooksPath", ".githooks")
	for _, script := range []string{
		`echo x > .husky/_/pre-commit`, `echo x > .husky/_/commit-msg`, `echo x > .husky/pre-commit`, `mv .husky .husky2`,
		`echo x > wt/.husky/pre-commit`, `git config -f tools/gitconfig core.fsmonitor $P/evil`, `mv tools tools2`,
		`git config -f tools/further core.fsmonitor $P/evil`, `mkdir -p deep/hooks; echo x > deep/hooks/pre-commit`,
		`git config -f .gitconfig core.fsmonitor $P/evil`, `echo x > embedded/hooks/pre-commit`, `mv embedded/hooks embedded/hooks2`,
		`mkdir -p wt/nested/hooks; echo x > wt/nested/hooks/pre-commit`, `mkdir -p .githooks; echo x > .githooks/pre-commit`,
	} {
		h.cannot(t, h.Bubblewrap, "G8", script)
	}
	if exit, output := h.run(t, `touch tools/other deep/other && git commit --allow-empty -m x`); !exit.OK() {
		t.Errorf("ordinary work beside ended with %+v: %s", exit, output)
	}
	for _, name := range []string{".githooks", ".gitconfig", "deep/hooks", "wt/nested"} {
		if exists(filepath.Join(h.scope.Dir, name)) {
			t.Errorf("the stand-in %s is left", name)
		}
	}
}

// A hook can be a link to what the project holds, or will.
func TestLinkedHooks(t *testing.T) {
	h := newHouse(t)
	plantFiles(t, h.scope.Dir, "scripts/hook")
	for name, target := range map[string]string{"pre-commit": "../../scripts/hook", "pre-push": h.scope.Dir + "/later/hook"} {
		if err := os.Symlink(target, filepath.Join(h.scope.Dir, ".git/hooks", name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range []string{`echo x > scripts/hook`, `mv scripts s2`, `mkdir -p later; echo x > later/hook`} {
		h.cannot(t, h.Bubblewrap, "G8", script)
	}
}

// The hooks of a repository around the project can lie in it.
func TestRepositoryAround(t *testing.T) {
	h := newHouse(t)
	for _, args := range [][]string{{"init", "-q"}, {"config", "core.hooksPath", "project/hooks"}} {
		h.git(t, h.base, args...)
	}
	if err := os.RemoveAll(filepath.Join(h.scope.Dir, ".git")); err != nil {
		t.Fatal(err)
	}
	h.cannot(t, h.Bubblewrap, "G8", `mkdir -p hooks; echo x > hooks/pre-commit`)
}

// A project that is its own directory of hooks cannot be worked in.
func TestProjectOfHooks(t *testing.T) {
	h := newHouse(t)
	h.git(t, h.scope.Dir, "config", "core.hooksPath", ".")
	_, err := h.Start(t.Context(), h.scope, autosession.Command{Path: "/bin/true"})
	if err == nil || !strings.Contains(err.Error(), "core.hooksPath") {
		t.Errorf("%v", err)
	}
}

// In a project that is itself a work tree, or a submodule, the file that says
// where the repository is cannot be changed.
func TestProjectIsWorkTree(t *testing.T) {
	h := newHouse(t)
	h.git(t, h.scope.Dir, "commit", "-q", "--allow-empty", "-m", "first")
	tree := filepath.Join(h.base, "tree")
	h.git(t, h.scope.Dir, "worktree", "add", "-q", "-b", "other", tree)
	h.git(t, tree, "submodule", "--quiet", "add", h.source(t, "library"), "lib")
	h.git(t, tree, "clone", "-q", filepath.Join(h.base, "library"), "embedded")
	h.git(t, tree, "-c", "advice.addEmbeddedRepo=false", "add", "embedded")
	h.scope.Dir, h.scope.ReadOnly = tree, nil
	for _, script := range []string{
		`echo "gitdir: /tmp" > .git`, `rm -f .git`, `mv .git x`, `rm -f .git; git init -q .`, `ln -sf /tmp .git`,
		`rm lib/.git`, `git -C embedded config core.fsmonitor $P/evil`, `mv embedded e2`,
	} {
		h.cannot(t, h.Bubblewrap, "G8", script)
	}
}

// A repository that a session made is protected from the next one on.
func TestRepositoryOfASession(t *testing.T) {
	h := newHouse(t)
	if err := os.RemoveAll(filepath.Join(h.scope.Dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if exit, output := h.run(t, `git init -q . && git commit -q --allow-empty -m first`); !exit.OK() {
		t.Fatalf("%+v: %s", exit, output)
	}
	for _, script := range []string{`echo x > .git/hooks/pre-commit`, `git config core.fsmonitor $P/evil`, `mv .git .git2`} {
		h.cannot(t, h.Bubblewrap, "G8", script)
	}
}

// plantings are ways to get a repository of a session's own into the project.
// trap writes the file fired.
var plantings = []struct{ script, status, taken string }{
	{`git init -q lib; git -C lib commit -q --allow-empty -m x; git add lib; git commit -q -m x; git -C lib config core.fsmonitor $P/trap`, ".", "lib/.git/config"},
	{`git -C old config core.fsmonitor $P/trap`, "old", "old/.git/config"},
	{`cp trap old/.git/hooks/post-checkout; cp trap old/.git/hooks/post-index-change`, "old", "old/.git/hooks"},
	{`git init -q a; git -C a config core.fsmonitor $P/trap; mv a/.git elsewhere; echo "gitdir: ../elsewhere" > a/.git`, "a", "elsewhere/config"},
	{`git init -q $HOME/evil; git -C $HOME/evil config core.fsmonitor $P/trap; mkdir a; echo "gitdir: $HOME/evil/.git" > a/.git`, "a", "a/.git"},
	{`git init -q $HOME/evil; git -C $HOME/evil config core.fsmonitor $P/trap; mkdir a; ln -s $HOME/evil/.git a/.git`, "a", "a/.git"},
	{`git init -q a; git -C a config core.fsmonitor $P/trap; mv a/.git .git/objects/ab; echo "gitdir: ../.git/objects/ab" > a/.git`, "a", ".git/objects/ab/config"},
	{`git init -q --bare a; git -C a config core.fsmonitor $P/trap; git -C a config core.bare false; git -C a config core.worktree .`, "a", "a/config"},
	{`git init -q a; git -C a config core.fsmonitor $P/trap; chmod 0111 a a/.git`, "a", "a/.git/config"},
	{`git worktree add -q wt; git config -f .git/worktrees/wt/config.worktree core.fsmonitor $P/trap; git -C wt status`, "wt", ".git/worktrees/wt/config.worktree"},
	{`git worktree add -q wt; mkdir own; cp -r .git/objects .git/refs .git/HEAD own; git config -f own/config core.fsmonitor $P/trap; echo $P/own > .git/worktrees/wt/commondir`, "wt", "own/config"},
	{`git -c protocol.file.allow=always submodule --quiet add ./old lib; git -C lib config core.fsmonitor $P/trap`, ".", ".git/modules/lib/config"},
}

// What a session makes of repositories, or changes in those that git does not
// enter by itself, fires nothing once it has ended; ours stay as they were.
func TestRepositoriesDisarmed(t *testing.T) {
	for _, p := range plantings {
		h := newHouse(t)
		h.git(t, h.scope.Dir, "config", "extensions.worktreeConfig", "true")
		h.git(t, h.scope.Dir, "commit", "-q", "--allow-empty", "-m", "first")
		for _, name := range []string{"old", "mine"} {
			h.git(t, h.scope.Dir, "clone", "-q", h.source(t, name), name)
			h.git(t, filepath.Join(h.scope.Dir, name), "config", "alias.mine", "!true")
		}
		trap := "#!/bin/sh\necho x > " + h.base + "/fired\n"
		if err := os.WriteFile(filepath.Join(h.scope.Dir, "trap"), []byte(trap), 0o755); err != nil {
			t.Fatal(err)
		}
		tick(t, h.scope.Dir)
		var said []string
		h.scope.Report = func(e autosession.Event) { said = append(said, e.Text) }
		if exit, output := h.run(t, "set -e; "+p.script); !exit.OK() {
			t.Errorf("%s: %+v: %s", p.script, exit, output)
		}
		status := exec.Command("git", "-C", filepath.Join(h.scope.Dir, p.status), "status")
		if output, _ := status.CombinedOutput(); exists(filepath.Join(h.base, "fired")) {
			t.Errorf("%s fired: %s", p.script, output)
		}
		if len(said) != 1 || !strings.HasSuffix(said[0], "set aside: "+p.taken) {
			t.Errorf("%s: it is said %q", p.script, said)
		}
		h.git(t, filepath.Join(h.scope.Dir, "mine"), "mine")
	}
}
