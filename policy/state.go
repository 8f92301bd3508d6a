package policy

import (
	"slices"
	"strings"
)

// state is what is known at one point of a command: the variables that the
// same text assigned and where it stands. It is a value; copies share.
type state struct {
	vars *binding
	cwd  []dir // where it may stand, the likely one first
	lost bool  // or anywhere inside the project and the temporary directories
	dead bool  // this point is never reached
}

// dir is a place where a command may stand.
type dir struct {
	path string
	soft bool // only if a plain cd before it failed
}

// binding is one assignment; later ones come first.
type binding struct {
	name  string
	val   value
	next  *binding
	depth int
}

// value is what a variable holds: one argument, or the elements of an array.
type value struct {
	args  []Arg
	array bool
}

func unknownValue() value { return value{args: []Arg{unknownArg()}} }

const (
	maxBindings = 512 // in a chain, before it is made shorter
	maxNames    = 256 // different variables in one command
	maxDirs     = 8
)

func (s *state) lookup(name string) (value, bool) {
	for b := s.vars; b != nil; b = b.next {
		if b.name == name {
			return b.val, true
		}
	}
	return value{}, false
}

// bind assigns. It is false when there are too many variables.
func (s *state) bind(name string, v value) bool {
	depth := 1
	if s.vars != nil {
		depth = s.vars.depth + 1
	}
	s.vars = &binding{name, v, s.vars, depth}
	if depth < maxBindings {
		return true
	}
	return s.compact()
}

func (s *state) compact() bool {
	seen := map[string]value{}
	var order []string
	for b := s.vars; b != nil; b = b.next {
		if _, ok := seen[b.name]; !ok {
			seen[b.name] = b.val
			order = append(order, b.name)
		}
	}
	s.vars = nil
	for i, name := range slices.Backward(order) {
		s.vars = &binding{name, seen[name], s.vars, len(order) - i}
	}
	return len(order) <= maxNames
}

// merge is what is known where two ways meet.
func merge(a, b state) state {
	if a.dead {
		return b
	}
	if b.dead {
		return a
	}
	out := state{vars: mergeVars(a, b), lost: a.lost || b.lost, cwd: a.cwd}
	if !slices.Equal(a.cwd, b.cwd) {
		out.cwd = slices.Clone(a.cwd)
		for _, d := range b.cwd {
			out.addDir(d)
		}
	}
	if len(out.cwd) > maxDirs {
		out.lost, out.cwd = true, out.cwd[:maxDirs]
	}
	return out
}

// addDir adds a place; one that is known for sure hides a soft one.
func (s *state) addDir(d dir) {
	for i, have := range s.cwd {
		if have.path == d.path {
			s.cwd[i].soft = have.soft && d.soft
			return
		}
	}
	s.cwd = append(s.cwd, d)
}

func mergeVars(a, b state) *binding {
	if a.vars == b.vars {
		return a.vars
	}
	x, y := a.vars, b.vars
	names := map[string]bool{}
	for x != y {
		if y == nil || x != nil && x.depth >= y.depth {
			names[x.name] = true
			x = x.next
		} else {
			names[y.name] = true
			y = y.next
		}
	}
	out := state{vars: x}
	for name := range names {
		va, oka := a.lookup(name)
		vb, okb := b.lookup(name)
		if oka && okb && va.equal(vb) {
			out.bind(name, va)
		} else {
			out.bind(name, unknownValue())
		}
	}
	return out.vars
}

// isNumber says that a value is a number that is not negative.
func (v value) isNumber() bool {
	if len(v.args) != 1 || v.array {
		return false
	}
	s, ok := v.args[0].literal()
	return v.args[0].is(pieceDigits) || ok && s != "" && strings.Trim(s, "0123456789") == ""
}

func (v value) equal(w value) bool {
	return v.array == w.array && slices.EqualFunc(v.args, w.args, func(a, b Arg) bool {
		return a.text == b.text && a.many == b.many && slices.Equal(a.pieces, b.pieces)
	})
}

// here is the directory it stands in, if there is only one.
func (s *state) here() (string, bool) {
	if s.lost || len(s.cwd) != 1 {
		return "", false
	}
	return s.cwd[0].path, true
}
