package layout

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The imports run one way:
//
//	cmd ──> adapters ──> root ──> internal
//
// An adapter is any other directory at the top: it adapts one thing to the
// root's interfaces and knows none of the others. Its own subdirectories are
// parts of it.

// layer is the part of the module that a package belongs to: "", "internal",
// "cmd", or an adapter's name.
func layer(dir string) string {
	if dir == "." {
		return ""
	}
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// systemLibraries are what internal/ may use besides the standard library.
var systemLibraries = []string{"golang.org/x/sys"}

// refuse says why the package in dir must not import another one; "" is that
// it may.
func refuse(dir, imported string) string {
	from := layer(dir)
	rest, ours := strings.CutPrefix(imported+"/", module+"/")
	if !ours {
		first, _, _ := strings.Cut(imported, "/")
		switch {
		case !strings.Contains(first, "."): // the standard library
			return ""
		case from == "":
			return "the root imports the standard library and internal/ alone"
		case from == "internal" && !within(imported, systemLibraries):
			return "internal/ imports the standard library and small system libraries alone"
		}
		return ""
	}
	to, _, _ := strings.Cut(rest, "/")
	switch {
	case to == "internal" || from == "cmd" || from == to && from != "":
		return ""
	case from == "internal":
		return "internal/ knows nothing of the packages above it"
	case from == "":
		return "the root knows no adapter and no command"
	case to == "cmd":
		return "nothing knows the commands"
	case to != "":
		return "an adapter knows no other adapter"
	}
	return ""
}

func within(imported string, libraries []string) bool {
	return slices.ContainsFunc(libraries, func(l string) bool {
		return imported == l || strings.HasPrefix(imported, l+"/")
	})
}

func TestLayoutRefuses(t *testing.T) {
	const m = module
	for _, c := range []struct {
		dir, imported string
		ok            bool
	}{
		{".", "os", true},
		{".", m + "/internal/reexec", true},
		{".", m + "/sqlite", false},
		{".", m + "/cmd/autosession/demo", false},
		{".", "golang.org/x/sys/unix", false},
		{"internal/reexec", "golang.org/x/sys/unix", true},
		{"internal/reexec", "golang.org/x/system", false},
		{"internal/reexec", m + "/internal/filelock", true},
		{"internal/reexec", m, false},
		{"internal/reexec", m + "/sqlite", false},
		{"sqlite", m, true},
		{"sqlite", m + "/internal/filelock", true},
		{"sqlite", "modernc.org/sqlite", true},
		{"sqlite", m + "/git", false},
		{"sqlite", m + "/cmd/autosession/demo", false},
		{"apiagent", m + "/apiagent/internal/hands", true},
		{"apiagent/internal/hands", m + "/git", false},
		{"cmd/autosession", m + "/git", true},
		{"cmd/autosession", m + "/cmd/autosession/demo", true},
		{"cmd/autosession", m, true},
	} {
		if why := refuse(c.dir, c.imported); (why == "") != c.ok {
			t.Errorf("%s imports %s: %q", c.dir, c.imported, why)
		}
	}
}

func TestLayoutOfImports(t *testing.T) {
	for _, f := range sources(t) {
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := refuse(f.dir, imported); why != "" {
				t.Errorf("%s imports %s: %s", f.name, imported, why)
			}
		}
	}
}

// Only a sandbox starts what runs for the project. Who else starts a program,
// or looks for one, is listed with what for.
var starts = map[string]string{
	"sandbox":                 "all that runs for the project",
	"apiagent/internal/hands": "the agent's shell commands, inside the sandbox",
	"autosessiontest":         "git, to make projects for tests",
	"git":                     "git, on our own repository and to look at the project's",
	"claudecode":              "looks for the program, which the sandbox starts",
	"claudecode/clitest":      "npm, to install the real program for tests",
	"cmd/autosession-bench":   "our own program, to measure it",
	"cmd/autosession":         "looks for programs, to say what is missing",
}

func TestLayoutOfProcesses(t *testing.T) {
	for _, f := range sources(t) {
		for _, spec := range f.Imports {
			if spec.Path.Value == `"os/exec"` && starts[f.dir] == "" {
				t.Errorf("%s imports os/exec: what runs for a project is started by its Sandbox", f.name)
			}
		}
	}
}

func TestLayoutOfPackageComments(t *testing.T) {
	commented := map[string]bool{}
	for _, f := range sources(t) {
		commented[f.dir] = commented[f.dir] || f.Doc != nil
	}
	for dir, ok := range commented {
		if !ok {
			t.Errorf("the package in %s has no comment that says what it is for", dir)
		}
	}
}

// Nothing happens by being imported, but that our own program learns the names
// of what it may be inside a sandbox.
func TestLayoutOfInit(t *testing.T) {
	for _, f := range sources(t) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || fn.Name.Name != "init" {
				continue
			}
			for _, s := range fn.Body.List {
				if !registers(s) {
					t.Errorf("%s: init does more than reexec.Register", f.name)
				}
			}
		}
	}
}

func registers(s ast.Stmt) bool {
	e, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := e.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	called, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	from, ok := called.X.(*ast.Ident)
	return ok && from.Name == "reexec" && called.Sel.Name == "Register"
}
