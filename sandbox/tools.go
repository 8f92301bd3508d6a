package sandbox

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Homes are hidden, and PATH often names directories in them. Of a home only
// that directory is shown, and what the programs in it are known to need: a
// directory that has a bin may hold anything else of a person's.

// toolTrees are the names of directories that hold tools and nothing else.
var toolTrees = []string{
	".pyenv", ".rbenv", ".nodenv", ".goenv", ".jenv", ".plenv", ".phpenv", ".asdf", ".bun", ".deno", ".volta",
	".ghcup", ".linuxbrew", ".rustup", "mise",
}

// prefixParts are what an installed program needs of the directory above its
// bin.
var prefixParts = []string{
	"bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "share", "gems", "specifications", "extensions", "pyvenv.cfg",
}

// treeMarks are files that tell a directory above a bin to be one tool's own,
// all of which it needs: Go, Java, conda, PHP's composer.
var treeMarks = [][]string{{"VERSION", "pkg/tool"}, {"release", "lib/modules"}, {"release", "jre"}, {"conda-meta"}, {"autoload.php", "composer"}}

// credentialNames are secrets that lie in trees of tools.
var credentialNames = []string{
	"credentials", "credentials.toml", "credentials.json", "auth.json", ".npmrc", ".netrc", ".pypirc", ".condarc", ".git-credentials",
}

// need is what programs of PATH need of the homes of people.
type need struct {
	homes  []string
	others []string // places that are written inside: where a link in one leads is no wish of a person's
	paths  []string
}

// needed returns what is to be shown for one directory of PATH, with links
// unresolved.
func (h host) needed(dir string, others []string) []string {
	n := &need{homes: h.homes, others: others}
	real := h.resolve(dir)
	switch {
	case leadsThrough(dir, others):
	case n.inHome(dir) || n.inHome(real):
		for _, one := range []string{dir, real} {
			if n.inHome(one) {
				n.programs(one)
			}
		}
		n.show(dir)
	case !n.show(installTree(dir)):
		n.show(dir)
	}
	return n.paths
}

// programs shows a directory of programs, the tree that it belongs to, and
// where links in it lead.
func (n *need) programs(dir string) {
	if !n.show(dir) {
		return
	}
	for _, path := range n.tree(dir) {
		n.show(path)
	}
	entries, _ := os.ReadDir(dir) // what cannot be listed shows nothing
	for _, e := range entries {
		if e.Type() != fs.ModeSymlink {
			continue
		}
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		n.program(filepath.Clean(target))
	}
}

// program shows a program that a link leads to, if it is one: with the tree
// that it belongs to, or alone.
func (n *need) program(path string) {
	if n.shown(path) {
		return
	}
	real := resolve(path)
	info, err := os.Stat(real)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 || !n.inHome(real) && !n.inHome(path) || leadsThrough(path, n.others) {
		return
	}
	for _, one := range []string{path, real} {
		if modules, _, found := strings.Cut(one, "/node_modules/"); found {
			n.show(modules + "/node_modules")
		} else if dir := filepath.Dir(one); n.inHome(one) && len(n.tree(dir)) > 0 {
			n.programs(dir)
		}
	}
	n.show(path)
}

// tree returns what a directory of programs needs around it.
func (n *need) tree(dir string) []string {
	top := filepath.Dir(dir)
	switch filepath.Base(dir) {
	case ".bin":
		if filepath.Base(top) == "node_modules" {
			return []string{top}
		}
		return nil
	case "bin", "sbin", "shims":
	default:
		return nil
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !exists(filepath.Join(top, name)) })
	}
	switch name := filepath.Base(top); {
	case n.holdsHome(top) || filepath.Dir(top) == "/home" || name == ".local" || name == ".config":
		return nil // where things of all kinds lie
	case name == ".cargo":
		if tools := filepath.Join(filepath.Dir(top), ".rustup"); isDir(tools) {
			return []string{tools}
		}
		return nil
	case slices.Contains(toolTrees, name) || slices.ContainsFunc(treeMarks, func(marks []string) bool { return has(marks...) }):
		return []string{top}
	case !has("lib") && !has("specifications") && !has("pyvenv.cfg"):
		return nil
	}
	var parts []string
	for _, name := range prefixParts {
		part := filepath.Join(top, name)
		// A link that leads out of the tree is none of its parts.
		if real := resolve(part); exists(part) && below(resolve(top), real) {
			parts = append(parts, part)
		}
	}
	return parts
}

// show adds a path. It says whether that is new; a home is never shown.
func (n *need) show(path string) bool {
	if slices.Contains(n.paths, path) || n.holdsHome(path) || n.holdsHome(resolve(path)) {
		return false
	}
	n.paths = append(n.paths, path)
	return true
}

func (n *need) shown(path string) bool {
	return slices.ContainsFunc(n.paths, func(had string) bool { return path == had || below(had, path) })
}

func (n *need) inHome(path string) bool {
	return slices.ContainsFunc(n.homes, func(home string) bool { return below(home, path) })
}

// holdsHome says whether a directory is a home, or holds one.
func (n *need) holdsHome(dir string) bool {
	return slices.ContainsFunc(n.homes, func(home string) bool { return dir == home || below(dir, home) })
}

// leadsThrough says whether the way to a path, link by link, leads through one of
// the places.
func leadsThrough(path string, places []string) bool {
	within := func(p string) bool {
		return slices.ContainsFunc(places, func(place string) bool { return p == place || below(place, p) })
	}
	rest, at := strings.Split(filepath.Clean(path), "/"), "/"
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		if within(next) {
			return true
		}
		target, err := os.Readlink(next)
		if err != nil {
			at = next
			continue
		}
		if links++; links > 40 {
			return true // it leads nowhere
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(at, target)
		}
		rest, at = append(strings.Split(filepath.Clean(target), "/"), rest...), "/"
	}
	return false
}

// installTree is what a directory of programs outside of homes needs around
// it: the directory above a bin or shims, if that is no part of the machine.
func installTree(dir string) string {
	switch filepath.Base(dir) {
	case "bin", "sbin", "shims":
		if tree := filepath.Dir(dir); !slices.Contains(machine, tree) {
			return tree
		}
	}
	return dir
}

// credentials are the secrets that lie in what is shown of PATH.
func credentials(shown []string) []string {
	var files []string
	for _, dir := range shown {
		for _, name := range credentialNames {
			if file := filepath.Join(dir, name); exists(file) {
				files = append(files, resolve(file))
			}
		}
	}
	return files
}
