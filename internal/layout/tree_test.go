package layout

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
)

const module = "github.com/autosession/autosession"

// root is the module's directory.
var root = os.DirFS("../..")

// files lists the module's files that match one of the patterns of names,
// without what git ignores, test data and nested modules.
func files(t *testing.T, patterns ...string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && foreign(name):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		for _, p := range patterns {
			if ok, err := path.Match(p, d.Name()); err != nil || ok {
				found = append(found, name)
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("there is no file like %v", patterns)
	}
	return found
}

// foreign says that a directory is none of the module's own packages.
func foreign(name string) bool {
	if name == "." {
		return false
	}
	base := path.Base(name)
	_, err := fs.Stat(root, name+"/go.mod")
	return err == nil || base == "testdata" || base == "node_modules" || base == "bin" || base == ".git" || base == ".tools"
}

// source is one Go file that is not a test.
type source struct {
	name string // from the module's directory
	dir  string // its package
	*ast.File
}

// sources parses all Go files that are not tests, for every system.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	for _, name := range files(t, "*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text := read(t, name)
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, source{name: name, dir: path.Dir(name), File: f})
	}
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := fs.ReadFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is missing", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
