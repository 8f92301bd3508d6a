package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// aside ends the name of what a tree made that git must not believe.
const aside = ".made-inside"

// disarm takes from a repository that a tree made itself, where there was none
// to protect, all that git would run: hooks, and every setting that is not
// known to be harmless. What is taken stays beside it. It returns what that is.
func disarm(dir string) (taken []string, err error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the project: %v", err)
	}
	defer root.Close()
	info, err := root.Lstat(".git")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !info.IsDir() { // it would lead git elsewhere
		return setAside(root, ".git", nil)
	}
	for _, name := range believed(dir, false) {
		if !strings.HasPrefix(name, ".git/") {
			continue // named by a setting that is not harmless
		}
		more, problem := disarmPart(root, name)
		taken, err = append(taken, more...), errors.Join(err, problem)
	}
	return taken, err
}

// disarmPart looks at one thing that git believes.
func disarmPart(root *os.Root, name string) (taken []string, err error) {
	info, err := root.Lstat(name)
	switch base := path.Base(name); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("cannot look at %s: %v", name, bare(err))
	case base == "hooks" && info.IsDir():
		hooks, err := fs.ReadDir(root.FS(), name)
		if err == nil && !slices.ContainsFunc(hooks, func(e fs.DirEntry) bool { return path.Ext(e.Name()) != ".sample" }) {
			return nil, nil
		}
		return setAside(root, name, nil)
	case base == "config" && info.Mode().IsRegular():
		data, err := root.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %v", name, bare(err))
		}
		if harmless := harmlessSettings(data, name != ".git/config"); !bytes.Equal(harmless, data) {
			return setAside(root, name, harmless)
		}
		return nil, nil
	case base == ".git" || base == "gitdir" || base == "commondir" && strings.Contains(name, "/worktrees/"):
		return nil, nil // of a submodule or a further work tree
	}
	return setAside(root, name, nil)
}

// setAside moves something away, and writes content in its place unless that
// is nil.
func setAside(root *os.Root, name string, content []byte) ([]string, error) {
	err := root.RemoveAll(name + aside)
	if err == nil {
		err = root.Rename(name, name+aside)
	}
	if err == nil && content != nil {
		err = root.WriteFile(name, content, 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot set %s aside: %v", name, bare(err))
	}
	return []string{name}, nil
}

// Lines of a configuration of git's. What is written otherwise is not known to
// be harmless.
var (
	sectionLine = regexp.MustCompile(`^\[([a-z]+)( "[A-Za-z0-9/._-]+")?\]$`)
	settingLine = regexp.MustCompile(`^[ \t]*([A-Za-z]+) = ([A-Za-z0-9 :/+*@._-]*)$`)
)

// harmlessKeys are those that name nothing that is run.
var harmlessKeys = []string{
	"core.repositoryformatversion", "core.filemode", "core.bare", "core.logallrefupdates", "core.ignorecase",
	"core.precomposeunicode", "core.symlinks", "core.autocrlf", "core.eol", "extensions.objectformat",
	"extensions.refstorage", "init.defaultbranch", "user.name", "user.email", "branch.remote", "branch.merge",
	"remote.url", "remote.fetch", "submodule.url", "submodule.active",
}

// harmlessSettings keeps of a configuration what is known to be harmless. That
// of a submodule may say where its work tree is.
func harmlessSettings(data []byte, submodule bool) []byte {
	kept, section := []byte{}, ""
	for line := range bytes.Lines(data) {
		text := strings.TrimSuffix(string(line), "\n")
		if s := sectionLine.FindStringSubmatch(text); s != nil {
			section = s[1]
			kept = append(kept, line...)
			continue
		}
		if strings.HasPrefix(text, "[") {
			section = "" // of which nothing is known
		}
		s := settingLine.FindStringSubmatch(text)
		if s == nil || strings.Contains(s[2], "::") {
			continue
		}
		key := section + "." + strings.ToLower(s[1])
		if slices.Contains(harmlessKeys, key) || submodule && key == "core.worktree" {
			kept = append(kept, line...)
		}
	}
	return kept
}
