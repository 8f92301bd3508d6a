package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makeTool makes a program in a home that prints a file.
func makeTool(t *testing.T, path, prints string) {
	t.Helper()
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("#!/bin/sh\ncat "+prints+"\n"), 0o755))
	if err != nil {
		t.Fatal(err)
	}
}

// makeLink makes a link in a home.
func makeLink(t *testing.T, to, at string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.Symlink(to, at)); err != nil {
		t.Fatal(err)
	}
}

// furnishTools fills a home as people's are, and returns what they add to PATH.
func furnishTools(t *testing.T, home string) (path []string) {
	t.Helper()
	plantFiles(t, home,
		".docker/bin/x", ".docker/config.json", "dotfiles/bin/x", "dotfiles/credentials.json", "dotfiles/config", ".pulumi/bin/x", ".pulumi/credentials.json",
		"go/bin/x", "go/src/own", ".cargo/credentials.toml", ".cargo/config.toml", ".rustup/settings", ".local/share/keyring", ".local/lib/x",
		".nvm/alias/x", ".nvm/versions/node/v20/lib/node_modules/npm/cli", ".nvm/versions/node/v20/.npmrc",
		".npm-global/lib/node_modules/y/cli", ".npm-global/.npmrc", ".pyenv/versions/x", ".pyenv/.netrc", ".local/share/claude/versions/1", ".local/share/claude/own",
		"venvs/a/pyvenv.cfg", "venvs/a/lib/part", "venvs/a/own", "venvs/own", ".sdk/v1/lib/part", ".sdk/other", "apps/own", "work/own", ".yarn/node_modules/z/cli", ".yarn/own",
	)
	prints := func(at, file string) { makeTool(t, filepath.Join(home, at), filepath.Join(home, file)) }
	prints("go/bin/gotool", "go/bin/x")
	prints(".cargo/bin/cargo", ".rustup/settings")
	prints(".nvm/versions/node/v20/bin/node", ".nvm/versions/node/v20/lib/node_modules/npm/cli")
	prints(".npm-global/lib/node_modules/y/y", ".npm-global/lib/node_modules/y/cli")
	makeLink(t, "../lib/node_modules/y/y", filepath.Join(home, ".npm-global/bin/y"))
	prints(".pyenv/shims/python", ".pyenv/versions/x")
	makeTool(t, filepath.Join(home, ".local/share/claude/versions/claude-1"), "/etc/hostname")
	makeLink(t, filepath.Join(home, ".local/share/claude/versions/claude-1"), filepath.Join(home, ".local/bin/claude"))
	prints("venvs/a/bin/black", "venvs/a/lib/part")
	makeLink(t, "../../venvs/a/bin/black", filepath.Join(home, ".local/bin/black"))
	prints(".sdk/v1/bin/sdk", ".sdk/v1/lib/part")
	makeLink(t, ".sdk/v1", filepath.Join(home, "current"))
	makeTool(t, filepath.Join(home, "apps/v1/app"), "/etc/hostname")
	makeLink(t, "v1", filepath.Join(home, "apps/now"))
	makeLink(t, "../../apps/now/app", filepath.Join(home, ".local/bin/app"))
	prints(".yarn/node_modules/z/z", ".yarn/node_modules/z/cli")
	makeLink(t, "../z/z", filepath.Join(home, ".yarn/node_modules/.bin/z"))
	makeLink(t, filepath.Join(home, ".ssh/id_rsa"), filepath.Join(home, ".local/bin/key"))
	if err := os.Chmod(filepath.Join(home, ".ssh/id_rsa"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{
		"", ".local/bin", "current/bin", ".docker/bin", "dotfiles/bin", ".pulumi/bin", "go/bin", ".cargo/bin", ".nvm/versions/node/v20/bin", ".npm-global/bin", ".pyenv/shims", ".yarn/node_modules/.bin",
	} {
		path = append(path, filepath.Join(home, dir))
	}
	return path
}

// What of PATH lies in a person's home can be run, and nothing beside it read.
func TestToolsOfPeople(t *testing.T) {
	h := newHouse(t)
	// What is written inside may lead anywhere, and PATH may name it.
	makeLink(t, filepath.Join(h.person, ".aws"), filepath.Join(h.scope.Dir, "node_modules/.bin"))
	makeLink(t, filepath.Join(h.scope.Dir, "node_modules/.bin"), filepath.Join(h.person, "led"))
	path := append(furnishTools(t, h.person), filepath.Join(h.scope.Dir, "node_modules/.bin"), filepath.Join(h.person, "led"))
	t.Setenv("PATH", strings.Join(append(path, os.Getenv("PATH")), ":"))
	l, err := NewLandlock(h.options)
	if err != nil {
		t.Fatal(err)
	}
	for script, works := range map[string]bool{
		`test "$(tool)" = tool`: true,
		`for f in gotool cargo node y python claude black sdk app z; do $f >/dev/null || { echo $f; exit 1; }; done`: true,
		`echo x > $PERSON/.local/bin/tool`:          false,
		`echo x > $PERSON/.sdk/v1/bin/sdk`:          false,
		`touch $PERSON/new`:                         false,
		`touch $PERSON/.sdk/x`:                      false,
		`cat $PERSON/.docker/config.json`:           false,
		`cat $PERSON/dotfiles/c*`:                   false,
		`cat $PERSON/.pulumi/credentials.json`:      false,
		`cat $PERSON/go/src/own`:                    false,
		`cat $PERSON/.cargo/config.toml`:            false,
		`cat $PERSON/.cargo/credentials.toml`:       false,
		`cat $PERSON/.nvm/alias/x`:                  false,
		`cat $PERSON/.nvm/versions/node/v20/.npmrc`: false,
		`cat $PERSON/.npm-global/.npmrc`:            false,
		`cat $PERSON/.pyenv/.netrc`:                 false,
		`cat $PERSON/.local/share/keyring`:          false,
		`cat $PERSON/.local/share/claude/own`:       false,
		`cat $PERSON/.local/lib/x`:                  false,
		`cat $PERSON/venvs/own`:                     false,
		`cat $PERSON/venvs/a/own`:                   false,
		`cat $PERSON/.sdk/other`:                    false,
		`cat $PERSON/apps/own`:                      false,
		`cat $PERSON/work/own`:                      false,
		`cat $PERSON/.yarn/own`:                     false,
		`cat $PERSON/.ssh/id_rsa`:                   false,
		`cat $PERSON/.local/bin/key`:                false,
		`cat $PERSON/.aws/credentials`:              false,
		`cat $PERSON/led/credentials`:               false,
		`cat node_modules/.bin/credentials`:         false,
	} {
		if exit, output := h.run(t, script); exit.OK() != works {
			t.Errorf("%s ended with %+v: %s", script, exit, output)
		}
		if exit, output := h.runIn(t, l, script); exit.OK() != works {
			t.Errorf("by Landlock %s ended with %+v: %s", script, exit, output)
		}
	}
}

// Each tree is known for what it is.
func TestNeeded(t *testing.T) {
	home := resolve(t.TempDir())
	plantFiles(t, home,
		"sdk/go/VERSION", "sdk/go/pkg/tool/x", "sdk/go/bin/go", "jdk/release", "jdk/lib/modules", "jdk/bin/java", "miniconda/conda-meta/x", "miniconda/bin/x",
		".config/composer/vendor/autoload.php", ".config/composer/vendor/composer/x", ".config/composer/vendor/bin/x", "opt/bin/x", "opt/lib/x", "opt/share/x", "opt/own",
		"out/bin/x", "bin/x", "tools/x", ".local/share/mise/shims/x", "secret/x", "p/bin/x",
	)
	makeLink(t, home+"/secret", home+"/out/lib")
	h := host{homes: []string{"/home", home}, resolve: resolve}
	for dir, want := range map[string]string{
		"sdk/go/bin": "sdk/go/bin sdk/go", "jdk/bin": "jdk/bin jdk", "miniconda/bin": "miniconda/bin miniconda",
		".config/composer/vendor/bin": ".config/composer/vendor/bin .config/composer/vendor",
		"opt/bin":                     "opt/bin opt/lib opt/share", "out/bin": "out/bin", "bin": "bin", "tools": "tools",
		".local/share/mise/shims": ".local/share/mise/shims .local/share/mise", "p/bin": "", "": "",
	} {
		var got []string
		for _, path := range h.needed(filepath.Join(home, dir), []string{home + "/p"}) {
			got = append(got, strings.TrimPrefix(path, home+"/"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q needs %q, want %q", dir, got, want)
		}
	}
}
