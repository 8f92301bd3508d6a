package config

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
)

// layers puts one layer on the other.
type layers struct {
	home     string
	settings []Setting
	names    []string
	made     Config
	sources  map[string]entry // who set each setting last
	problems []Problem
	faulty   map[string]bool // settings that some layer got wrong
}

func newLayers(home string) *layers {
	l := &layers{home: home, settings: Settings(), sources: map[string]entry{}, faulty: map[string]bool{}}
	for _, s := range l.settings {
		l.names = append(l.names, s.Name)
	}
	return l
}

// config is what was made, with where each setting came from.
func (l *layers) config() Config {
	for _, s := range l.settings {
		l.made.Origins = append(l.made.Origins, Origin{
			Name: s.Name, Value: s.Value(l.made), Native: native(s.field(&l.made)), Source: l.sources[s.Name].source,
		})
	}
	return l.made
}

// addFile adds a file's entries, and what was wrong with the file.
func (l *layers) addFile(entries []entry, problems []Problem, untrusted bool) {
	for _, p := range problems {
		l.faulty[p.Key] = true
	}
	l.problems = append(l.problems, problems...)
	for _, e := range entries {
		l.apply(e, untrusted)
	}
}

func (l *layers) add(entries []entry) {
	for _, e := range entries {
		l.apply(e, false)
	}
}

// apply lets an entry of the next layer count. One that is not trusted counts
// only as far as it narrows.
func (l *layers) apply(e entry, untrusted bool) {
	i := slices.Index(l.names, e.key)
	if i < 0 {
		l.unknown(e)
		return
	}
	s := l.settings[i]
	scratch := l.read(s, e)
	if scratch == nil {
		l.faulty[s.Name] = true
		return
	}
	present, next := s.field(&l.made), s.field(scratch)
	if reason := l.objection(s, present, next); untrusted && reason != "" {
		if format(present) != format(next) {
			l.made.Ignored = append(l.made.Ignored, Ignored{Name: s.Name, Value: format(next), Native: native(next), Source: e.source, Reason: reason})
		}
		return
	}
	if before := l.sources[s.Name]; s.adds() && len(*present.(*[]string)) > 0 {
		e.source = before.source + ", " + e.source
		union(present.(*[]string), *next.(*[]string))
	} else {
		assign(present, next)
	}
	l.sources[s.Name] = e
}

func (l *layers) unknown(e entry) {
	if len(l.problems) >= maxProblems {
		return
	}
	name := e.key[strings.LastIndex(e.key, ".")+1:]
	p := e.problem("is no setting", unknownFix(name, l.names, ""))
	p.Line, p.Column = e.keyLine, e.keyColumn
	p.Key = clip(p.Key)
	l.problems = append(l.problems, p)
}

// read makes a value of an entry, in a Config of its own, or reports why not.
func (l *layers) read(s Setting, e entry) *Config {
	scratch := new(Config)
	field := s.field(scratch)
	if !store(field, e.value) {
		l.problems = append(l.problems, e.problem("must be "+withArticle(typeName(field)), howToWrite(field, s, e.value)))
		return nil
	}
	if e.place.Value == "" {
		e.place.Value = clip(format(field))
	}
	if text, fix := s.inspect(field); text != "" {
		l.problems = append(l.problems, e.problem(text, fix))
		return nil
	}
	if text := l.resolve(s, field, e.base); text != "" {
		l.problems = append(l.problems, e.problem(text, "write an absolute path"))
		return nil
	}
	return scratch
}

// resolve makes the paths of a setting absolute.
func (l *layers) resolve(s Setting, field any, base string) (problem string) {
	if s.path == noPath {
		return ""
	}
	absolute := func(p string) string {
		rest, fromHome := strings.CutPrefix(p, "~/")
		switch {
		case p == "" || s.path == programPath && !strings.Contains(p, "/"):
			return p
		case fromHome && l.home == "":
			problem = "begins with ~, and nothing says where your home is"
			return p
		case fromHome:
			return filepath.Join(l.home, rest)
		case filepath.IsAbs(p):
			return filepath.Clean(p)
		}
		return filepath.Join(base, p)
	}
	switch p := field.(type) {
	case *string:
		*p = absolute(*p)
	case *[]string:
		for i := range *p {
			(*p)[i] = absolute((*p)[i])
		}
	}
	return problem
}

// objection says why a file that is not trusted may not change present to
// next, or nothing.
func (l *layers) objection(s Setting, present, next any) string {
	switch {
	case s.Trust == Free, s.Trust == Narrows && s.narrows(present, next):
		return ""
	case s.Trust == Narrows:
		return fmt.Sprintf("it would loosen %s (%s); it counts after `autosession trust`", format(present), l.sources[s.Name].source)
	}
	return "it runs or permits something; it counts after `autosession trust`"
}

// adds says that the setting's lists add up over the layers, so that no layer
// can take back what another forbids.
func (s Setting) adds() bool {
	_, isList := s.field(new(Config)).(*[]string)
	return isList && s.Trust == Narrows
}

// narrows says that next is at least as strict as present.
func (s Setting) narrows(present, next any) bool {
	if p, ok := present.(*bool); ok {
		return *next.(*bool) || !*p
	}
	before, isSize := size(present)
	after, _ := size(next)
	switch {
	case !isSize:
		return true
	case s.floor > 0:
		return cmp.Or(after, s.floor) >= cmp.Or(before, s.floor)
	case s.Zero != "":
		return orInfinite(after) <= orInfinite(before)
	}
	return after <= before
}

func orInfinite(n float64) float64 {
	if n == 0 {
		return math.Inf(1)
	}
	return n
}

// union adds what is new to a list, in a new array.
func union(list *[]string, more []string) {
	out := slices.Clone(*list)
	for _, item := range more {
		if !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	*list = out
}
