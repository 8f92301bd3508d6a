package sandbox

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// Whatever form the index has, its submodules are found.
func TestGitlinks(t *testing.T) {
	for name, script := range map[string]string{
		"plain":      `git update-index --index-version 2`,
		"compressed": `git update-index --index-version 4`,
		"flags":      `echo x >later && git add -N later && git update-index --skip-worktree a.txt`,
		"split":      `git update-index --split-index && git add b.txt`,
		"untracked":  `git update-index --untracked-cache`,
	} {
		for _, format := range []string{"sha1", "sha256"} {
			t.Run(name+" "+format, func(t *testing.T) {
				dir := t.TempDir()
				setUp := `git init -q --object-format=$0 . && git config user.name x && git config user.email x &&
					for d in lib deep/er/lib2; do git init -q --object-format=$0 $d && git -C $d -c user.name=x -c user.email=x commit -q --allow-empty -m x || exit 1; done
					for f in a.txt b.txt z.txt deep/file; do echo x >$f; done
					git -c advice.addEmbeddedRepo=false add a.txt z.txt deep lib deep/er/lib2 && ln -s a.txt link && git add link && `
				command := exec.Command("sh", "-c", setUp+script, format)
				command.Dir = dir
				if output, err := command.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, output)
				}
				links := gitlinks(filepath.Join(dir, ".git"))
				slices.Sort(links)
				if links = slices.Compact(links); !slices.Equal(links, []string{"deep/er/lib2", "lib"}) {
					t.Errorf("%q", links)
				}
			})
		}
	}
	if links := gitlinks(t.TempDir()); links != nil {
		t.Errorf("without an index: %q", links)
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x02"), 20)
	f.Fuzz(func(t *testing.T, data []byte, length int) {
		if links, ok := parseIndex(data, []int{20, 32}[length&1]); !ok && links != nil {
			t.Errorf("%q", links)
		}
	})
}
