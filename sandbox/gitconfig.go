package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// setting is one setting of git's configuration. The key is section.key, or
// section.*.key where there is a subsection, without capitals.
type setting struct{ key, value string }

// parseSettings reads a configuration as git does. What git would refuse is
// read as far as it makes sense.
func parseSettings(data []byte) []setting {
	var all []setting
	text, section := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n"), ""
	for text = strings.TrimLeft(text, " \t\r\n"); text != ""; text = strings.TrimLeft(text, " \t\r\n") {
		if text[0] == '[' {
			section, text = header(text[1:])
			continue
		}
		end := strings.IndexFunc(text, func(c rune) bool { return !alphanumeric(c) && c != '-' })
		if end < 0 {
			end = len(text)
		}
		name := strings.ToLower(text[:end])
		text = strings.TrimLeft(text[end:], " \t")
		value := "true"
		if strings.HasPrefix(text, "=") && name != "" {
			value, text = settingValue(text[1:])
		} else {
			_, text, _ = strings.Cut(text, "\n")
		}
		if name != "" {
			all = append(all, setting{section + "." + name, value})
		}
	}
	return all
}

func alphanumeric(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// header reads what follows a [ and returns the section.
func header(text string) (section, rest string) {
	end := strings.IndexAny(text, "\"]\n")
	if end < 0 {
		return "", ""
	}
	name := strings.ToLower(strings.TrimSpace(text[:end]))
	switch text[end] {
	case '\n':
		return "", text[end:]
	case ']':
		if first, _, sub := strings.Cut(name, "."); sub {
			name = first + ".*"
		}
		return name, text[end+1:]
	}
	for i := end + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\n':
			return "", text[i:]
		case '"':
			_, rest, _ = strings.Cut(text[i:], "]")
			return name + ".*", rest
		}
	}
	return "", ""
}

// settingValue reads what follows a = and returns the value.
func settingValue(text string) (value, rest string) {
	text = strings.TrimLeft(text, " \t")
	var out []byte
	quoted, solid := false, 0 // what is beyond solid is space that may be dropped
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			return string(out[:solid]), text[i:]
		case c == '"':
			quoted = !quoted
			solid = len(out)
			continue
		case (c == '#' || c == ';') && !quoted:
			_, rest, _ = strings.Cut(text[i:], "\n")
			return string(out[:solid]), rest
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == '\n' {
				continue
			}
			out = append(out, escaped(text[i]))
			solid = len(out)
		default:
			out = append(out, c)
			if quoted || c != ' ' && c != '\t' {
				solid = len(out)
			}
		}
	}
	return string(out[:solid]), ""
}

// escaped is the character that stands behind a backslash.
func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	}
	return c
}

// settings reads files of git's configuration and what they include, whatever
// the conditions of that. What is included is believed as they are.
func (b *believer) settings(files ...string) []setting {
	var all []setting
	for i := 0; i < len(files); i++ {
		data, err := readFile(resolve(files[i]))
		if err != nil {
			continue
		}
		for _, s := range parseSettings(data) {
			all = append(all, s)
			if s.key != "include.path" && s.key != "includeif.*.path" {
				continue
			}
			if at := settingPath(s.value, filepath.Dir(files[i])); at != "" && !slices.Contains(files, at) {
				b.add(at)
				files = append(files, at)
			}
		}
	}
	return all
}

// personal are the files of configuration that count for every repository.
func personal() []string {
	if file := os.Getenv("GIT_CONFIG_GLOBAL"); file != "" {
		return []string{"/etc/gitconfig", file}
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	if config == "" {
		config = settingPath("~/.config", "")
	}
	return []string{"/etc/gitconfig", settingPath("~/.gitconfig", ""), filepath.Join(config, "git/config")}
}

// settingPath is the path that a setting names, or "" when that is not known. What is
// relative is so to base.
func settingPath(value, base string) string {
	value = strings.TrimPrefix(value, ":(optional)")
	if below, ok := strings.CutPrefix(value, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		return filepath.Join(home, below)
	}
	switch {
	case value == "" || base == "" && !filepath.IsAbs(value) || value[0] == '~' || strings.HasPrefix(value, "%("):
		return ""
	case filepath.IsAbs(value):
		return filepath.Clean(value)
	}
	return filepath.Join(base, value)
}

// hookPaths are the directories of hooks that a configuration names, for the
// work tree top. They end with a slash.
func hookPaths(all []setting, top string) []string {
	var paths []string
	for _, s := range all {
		if s.key != "core.hookspath" {
			continue
		}
		at := settingPath(s.value, top)
		if filepath.Base(at) == "_" {
			at = filepath.Dir(at) // those of husky run what lies beside them
		}
		if at != "" {
			paths = append(paths, at+"/")
		}
	}
	return paths
}
