package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/autosession/autosession"
)

// refuse says all that is wrong with what Start was asked for.
func refuse(s autosession.Scope, c autosession.Command) error {
	var problems []error
	wrong := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("cannot start a process tree: "+format, args...))
	}
	if !validSession.MatchString(s.Session) {
		wrong("%q is not an id of a session", s.Session)
	}
	absolute := func(what, path string) {
		if !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
			wrong("%s %q is not an absolute path", what, path)
		}
	}
	absolute("the project", s.Dir)
	absolute("HOME", s.Home)
	if c.Dir != "" {
		absolute("the working directory", c.Dir)
	}
	for _, path := range s.ReadOnly {
		absolute("the read-only path", path)
		if !below(s.Dir, path) {
			wrong("the read-only path %s is not below the project", path)
		}
	}
	for _, bind := range s.Binds {
		absolute("the further path", bind.Path)
	}
	if (c.Path == "") == (c.Reexec == "") {
		wrong("it needs a program, or an entry of ours, and not both")
	}
	for _, v := range c.Env {
		if name, _, ok := strings.Cut(v, "="); !ok || name == "" || strings.ContainsRune(v, 0) {
			wrong("%q is not a variable: NAME=value", v)
		}
	}
	return errors.Join(problems...)
}

// below says whether path is within dir, and not dir itself.
func below(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, "../")
}

// makeHome makes the agent's HOME when it is absent.
func makeHome(home string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("cannot make the agent's home: %v", err)
	}
	return nil
}
