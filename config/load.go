package config

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
)

// Sources is where settings come from.
type Sources struct {
	Dir        string                 // the project; it need not exist yet
	WorkDir    string                 // what relative paths in the environment and flags start from; "" is Dir
	Home       string                 // what ~ stands for; "" is HOME of Environ
	ConfigHome string                 // directory of the directory of the person's file; "" is XDG_CONFIG_HOME of Environ, else .config in Home
	Environ    []string               // NAME=value; of several with one name the last counts
	Flags      *pflag.FlagSet         // parsed, with the flags of AddFlags or some of them; nil is none
	Trusted    func(hash string) bool // whether a person accepted the project's file with this hash; nil is never
	Unrescued  bool                   // the project's file may be an agent's: it is not read
}

// UserFile is the path of the person's own file, "" when nothing tells where
// their home is.
func (s Sources) UserFile() string {
	home := s.ConfigHome
	if home == "" {
		home = s.variable("XDG_CONFIG_HOME")
	}
	if !filepath.IsAbs(home) { // as the rule for XDG_CONFIG_HOME says
		home = s.home()
		if home == "" {
			return ""
		}
		home = filepath.Join(home, ".config")
	}
	return filepath.Join(home, "autosession", "config.toml")
}

func (s Sources) home() string {
	if s.Home != "" {
		return s.Home
	}
	return s.variable("HOME")
}

func (s Sources) variable(name string) string {
	for _, v := range last(s.Environ) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// Load reads all layers, checks them and returns the Config that they make.
// The error is an [*Error] with every problem; the Config is then zero.
func Load(s Sources) (Config, error) {
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return Config{}, &Error{[]Problem{{Source: s.Dir, Text: err.Error(), Fix: "go to a directory that exists"}}}
	}
	work := s.WorkDir
	if work == "" {
		work = dir
	}
	l := newLayers(s.home())
	l.defaults(dir)
	l.userFile(s.UserFile())
	if !s.Unrescued {
		l.projectFile(dir, s.Trusted)
	}
	entries, problems := environment(s.Environ, work, l.settings)
	l.problems = append(l.problems, problems...)
	l.add(entries)
	l.add(flags(s.Flags, work, l.settings))
	l.problems = append(l.problems, l.contradictions()...)
	if len(l.problems) > 0 {
		return Config{}, &Error{l.problems}
	}
	return l.config(), nil
}

func (l *layers) defaults(dir string) {
	for _, s := range l.settings {
		if s.Default == "" {
			l.sources[s.Name] = entry{key: s.Name, source: "default", place: Problem{Source: "default"}}
			continue
		}
		l.apply(entry{
			key: s.Name, value: s.word(s.Default), base: dir,
			source: "default", place: Problem{Source: "default"},
		}, false)
	}
}

func (l *layers) userFile(path string) {
	if path == "" {
		return
	}
	data, problem := readUserFile(path)
	if problem != nil {
		l.problems = append(l.problems, *problem)
		return
	}
	entries, problems := parseFile(path, filepath.Dir(path), data)
	l.addFile(entries, problems, false)
}

func (l *layers) projectFile(dir string, trusted func(hash string) bool) {
	data, problem := readProjectFile(dir)
	if problem != nil {
		l.problems = append(l.problems, *problem)
		return
	}
	if data == nil {
		return
	}
	sum := sha256.Sum256(data)
	l.made.Hash = hex.EncodeToString(sum[:])
	entries, problems := parseFile(filepath.Join(dir, FileName), dir, data)
	believed := trusted != nil && trusted(l.made.Hash)
	l.addFile(entries, problems, !believed)
}
