package claudecode

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Find returns the absolute path of the program. A command with a slash is a
// path; one without is looked up in the directories of path, a list as in
// PATH; "" looks for "claude" there and then in the places below home that
// its installers use. An error says what to do.
func Find(command, path, home string) (string, error) {
	if strings.ContainsRune(command, filepath.Separator) {
		if err := runnable(command); err != nil {
			return "", fmt.Errorf("cannot use the agent's program: %w", err)
		}
		return filepath.Abs(command)
	}
	name := command
	if name == "" {
		name = "claude"
	}
	var dirs []string
	for _, dir := range filepath.SplitList(path) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		}
	}
	if command == "" {
		dirs = append(dirs, installDirs(home)...)
	}
	for _, dir := range dirs {
		if file := filepath.Join(dir, name); runnable(file) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("cannot find the program %q: install Claude Code, or name its path with --agent-command", name)
}

// installDirs are the places outside PATH where the SDK looks too.
func installDirs(home string) []string {
	dirs := []string{"/usr/local/bin"}
	if home != "" {
		for _, dir := range []string{
			".npm-global/bin", ".local/bin", "node_modules/.bin", ".yarn/bin", ".claude/local",
		} {
			dirs = append(dirs, filepath.Join(home, dir))
		}
	}
	return dirs
}

func runnable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return fmt.Errorf("%s is not a program", path)
	}
	return nil
}

// installTree is the directory that holds all of the program: its package, or
// the directory of a program that is one file.
func installTree(program string) string {
	dir := filepath.Dir(program)
	for d := dir; d != filepath.Dir(d); d = filepath.Dir(d) {
		if filepath.Base(filepath.Dir(d)) == "node_modules" ||
			strings.HasPrefix(filepath.Base(filepath.Dir(d)), "@") && filepath.Base(filepath.Dir(filepath.Dir(d))) == "node_modules" {
			return d
		}
	}
	return dir
}
