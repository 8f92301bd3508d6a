package policy

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Links resolves links, the only thing a policy looks at outside its input.
type Links interface {
	// Real returns where an absolute path leads: the real path of its deepest
	// parent that exists, with the rest added. The path need not be clean: ..
	// leads up from where a link led. When it cannot be told, ok is false and
	// the path is refused.
	Real(path string) (real string, ok bool)
}

// area is a directory and what may be done in it. The longest one that holds a
// path decides.
type area struct {
	dir string
	may access
}

type access uint8

const (
	mayNothing access = iota // outside
	mayNotKnow               // our state: not even read
	mayRead
	mayTemp  // read and write, a temporary directory
	mayWrite // read and write
	mayProject
)

// readable are the files outside of every area that may be read.
var readable = words(`/etc/os-release /dev/null /dev/stdin /dev/stdout /dev/stderr
	/proc/cpuinfo /proc/meminfo /proc/version /proc/loadavg`)

// writable are the files outside of every area that may be written.
var writable = words(`/dev/null /dev/stdout /dev/stderr`)

// areas lists the directories that matter, the longest first. A project, home
// or state directory below a temporary one takes the whole entry of the
// temporary directory that holds it out: its neighbours are someone else's.
func (o *Options) areas() []area {
	var out []area
	add := func(may access, dirs ...string) {
		for _, d := range dirs {
			if d == "" {
				continue
			}
			out = append(out, area{path.Clean(d), may})
			if o.Links == nil {
				continue
			}
			if real, ok := o.Links.Real(path.Clean(d)); ok && real != path.Clean(d) {
				out = append(out, area{real, may})
			}
		}
	}
	add(mayNotKnow, o.State)
	add(mayProject, o.Project)
	add(mayWrite, o.AllowPaths...)
	add(mayTemp, o.Temp...)
	add(mayRead, o.ReadPaths...)
	add(mayRead, "/usr", "/bin", "/opt", "/lib", "/lib32", "/lib64", "/libx32", "/libexec")
	add(mayNothing, o.Home)
	for _, t := range o.Temp {
		for _, d := range []string{o.Project, o.Home, o.State} {
			if rest, ok := below(path.Clean(t), path.Clean(d)); ok && strings.Contains(rest, "/") {
				entry, _, _ := strings.Cut(rest, "/")
				add(mayNothing, path.Join(t, entry))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b area) int { return len(b.dir) - len(a.dir) })
	return out
}

// below returns the part of p under dir. Both are clean and absolute.
func below(dir, p string) (rest string, ok bool) {
	if dir == "/" {
		return strings.TrimPrefix(p, "/"), true
	}
	if !strings.HasPrefix(p, dir) {
		return "", false
	}
	if len(p) == len(dir) {
		return "", true
	}
	return p[len(dir)+1:], p[len(dir)] == '/'
}

// at tells what may be done with a clean absolute path, and its part below the
// directory that decided.
func (p *Policy) at(abs string) (may access, rest string) {
	for _, a := range p.areas {
		if rest, ok := below(a.dir, abs); ok {
			return a.may, rest
		}
	}
	return mayNothing, ""
}

// place is an absolute path as far as it is known: the literal part, and the
// components from the first one that is a pattern.
type place struct {
	dir   string   // clean and absolute, literal
	raw   string   // dir as it was written, when it goes up: where it leads may be another place
	rest  []string // patterns and literals below dir; a literal has no pattern characters or escapes them
	shell bool     // the patterns are those of bash
	up    bool     // it goes up from what a pattern matches
}

func (pl place) String() string {
	if len(pl.rest) == 0 {
		return pl.dir
	}
	return path.Join(pl.dir, strings.Join(pl.rest, "/"))
}

// manyStars are the same to bash as one, if they are no whole name.
var manyStars = regexp.MustCompile(`\*\*+`)

// locate resolves a path text against a directory.
func locate(dir, text string, g globbing) place {
	if path.IsAbs(text) {
		dir = "/"
	}
	up := strings.Contains(text, "..")
	if g == plainText {
		pl := place{dir: path.Join(dir, text)}
		if up {
			pl.raw = dir + "/" + text
		}
		return pl
	}
	pl := place{dir: dir, shell: g == shellGlob}
	raw := dir
	for c := range strings.SplitSeq(text, "/") {
		switch {
		case c == "" || c == ".":
		case c == "..":
			if len(pl.rest) > 0 {
				pl.up = true // of a link, or of nothing
			}
			pl.dir = path.Dir(pl.dir)
			raw += "/.."
		case len(pl.rest) == 0 && !isPattern(c):
			c = unescapePattern(c)
			pl.dir = path.Join(pl.dir, c)
			raw += "/" + c
		case strings.Contains(c, "**"):
			if c != "**" && pl.shell {
				c = manyStars.ReplaceAllString(c, "*")
			} else {
				c = "**"
			}
			pl.rest = append(pl.rest, c)
		default:
			pl.rest = append(pl.rest, c)
		}
	}
	if up {
		pl.raw = raw
	}
	return pl
}

// use is what a command does with a path.
type use uint8

const (
	useRead  use = iota
	useWrite     // make or change a file
	useDir       // make or fill a directory, which may be the project itself
	useTree      // move or delete, with all that is below
)

// judge tells why a place may not be used so, or nil.
func (p *Policy) judgePlace(pl place, u use, list bool) (why, instead string, fix Setting) {
	if len(pl.rest) == 0 && (u == useRead && readable[pl.dir] || u != useRead && writable[pl.dir]) {
		return "", "", Setting{}
	}
	if pl.up {
		return "goes up from a directory that is not known", "write the path without ..", Setting{}
	}
	if p.opt.Links != nil {
		real, ok := p.opt.Links.Real(pl.dir)
		if ok && pl.raw != "" {
			to, follows := p.opt.Links.Real(pl.raw)
			if ok = follows; ok && to != real {
				if why, instead, fix = p.judgePlace(place{dir: to, rest: pl.rest, shell: pl.shell}, u, list); why != "" {
					return why, instead, fix
				}
			}
		}
		if !ok {
			return "leads through a link that cannot be resolved", "use a plain path inside the project", Setting{}
		}
		pl.dir = real
	}
	may, rest := p.at(pl.dir)
	if may == mayNotKnow {
		return "belongs to the state of autosession", "leave it alone; work inside the project", Setting{}
	}
	if u == useRead {
		return p.judgeRead(pl, may)
	}
	if may < mayTemp {
		return "is written outside the project and the temporary directory",
			"write inside the project or " + p.opt.Temp[0], Setting{"allow_paths", pl.dir}
	}
	if may != mayProject {
		if u == useTree && rest == "" && len(pl.rest) == 0 {
			return "is a whole directory that others use", "name what is inside it", Setting{}
		}
		return p.judgeHolds(pl, u)
	}
	return p.judgeShields(split(rest, pl.rest), u, list, pl.shell)
}

func (p *Policy) judgeRead(pl place, may access) (why, instead string, fix Setting) {
	if may >= mayRead {
		return "", "", Setting{}
	}
	if pl.dir == "/" && len(pl.rest) > 0 && strings.HasPrefix(pl.rest[0], "lib") {
		return "", "", Setting{}
	}
	return "is outside the project, the temporary directory and what may be read",
		"read inside the project", Setting{"read_paths", pl.dir}
}

// judgeHolds refuses to move or delete what holds the project, home or state.
func (p *Policy) judgeHolds(pl place, u use) (why, instead string, fix Setting) {
	if u != useTree {
		return "", "", Setting{}
	}
	for _, a := range p.areas {
		if a.may == mayRead || a.may == mayTemp || a.may == mayWrite {
			continue
		}
		if rest, ok := below(pl.dir, a.dir); ok && overlapPrefix(pl.rest, split(rest, nil), overlap) {
			return "holds the project or what belongs to others", "name what is inside the project", Setting{}
		}
	}
	return "", "", Setting{}
}

func (p *Policy) judgeShields(rel []string, u use, list, shell bool) (why, instead string, fix Setting) {
	if len(rel) == 0 && u != useDir {
		return "is the project itself", "name files inside it", Setting{}
	}
	granted := slices.ContainsFunc(p.granted, func(g []string) bool { return len(rel) >= len(g) && slices.Equal(rel[:len(g)], g) })
	for _, s := range p.protected {
		if s.list && list || !s.list && granted || !s.covers(rel, u, shell) {
			continue
		}
		if s.list {
			return "could change feature_list.json, which shell commands may not",
				`set "passes" to true with the Edit tool when a feature works`, Setting{}
		}
		return "could change " + s.name + ", which is protected", "leave it as it is, or name other files", Setting{}
	}
	return "", "", Setting{}
}

func split(rest string, more []string) []string {
	if rest == "" {
		return more
	}
	parts := strings.Split(rest, "/")
	for i, c := range parts {
		parts[i] = escapePattern(c)
	}
	return append(parts, more...)
}
