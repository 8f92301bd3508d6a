package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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

// In a project that is itself a work tree, or a submodule, the file that says
// where the repository is cannot be changed.
func TestProjectIsWorkTree(t *testing.T) {
	h := newHouse(t)
	h.git(t, h.scope.Dir, "commit", "-q", "--allow-empty", "-m", "first")
	tree := filepath.Join(h.base, "tree")
	h.git(t, h.scope.Dir, "worktree", "add", "-q", "-b", "other", tree)
	h.scope.Dir, h.scope.ReadOnly = tree, nil
	for _, script := range []string{
		`echo "gitdir: /tmp" > .git`, `rm -f .git`, `mv .git x`, `rm -f .git; git init -q .`, `ln -sf /tmp .git`,
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
