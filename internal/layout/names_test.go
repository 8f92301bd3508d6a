package layout

import (
	"go/ast"
	"go/build"
	"path"
	"strings"
	"testing"
)

// names knows every identifier that the module declares at the top of a file,
// with fields and methods.
type names map[string]map[string]bool // package directory, then Name or Type.Member

func index(t *testing.T) names {
	t.Helper()
	all := names{}
	for _, f := range sources(t) {
		n := all[f.dir]
		if n == nil {
			n = map[string]bool{}
			all[f.dir] = n
		}
		for _, d := range f.Decls {
			declare(n, d)
		}
	}
	return all
}

func declare(n map[string]bool, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = base(d.Recv.List[0].Type) + "." + name
		}
		n[name] = true
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, id := range s.Names {
					n[id.Name] = true
				}
			case *ast.TypeSpec:
				n[s.Name.Name] = true
				members(n, s)
			}
		}
	}
}

// members declares the fields of a struct and the methods of an interface.
func members(n map[string]bool, s *ast.TypeSpec) {
	var list *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return
	}
	for _, f := range list.List {
		for _, id := range f.Names {
			n[s.Name.Name+"."+id.Name] = true
		}
	}
}

// base is the name of a receiver's type.
func base(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return base(e.X)
	case *ast.IndexExpr:
		return base(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// declared says whether an identifier exists: of the root package, or with the
// name of a package before it. A part of the root may be named with
// "autosession." or without. Identifiers of the standard library exist.
func (n names) declared(identifier string) bool {
	if n["."][strings.TrimPrefix(identifier, "autosession.")] {
		return true
	}
	first, rest, dotted := strings.Cut(identifier, ".")
	if !dotted {
		return false
	}
	for dir, known := range n {
		if path.Base(dir) == first && known[rest] {
			return true
		}
	}
	if first == "main" {
		return n["cmd/autosession"][rest]
	}
	p, err := build.Default.Import(first, "", build.FindOnly)
	return err == nil && p.Goroot
}
