package config

import (
	"testing"
)

// FuzzFile: no file makes Load panic; it becomes a whole Config or a report.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "model = 'x'\n", "max_turns = 0x10\r\ngrace = 1.5\n", "allow = ['a', \"b\"]", "[table]\nx = 1", "a.b.c = {d = [1, 2]}",
		"\xef\xbb\xbfonce = true", "verify = '''\na\nb'''", "model = \"\\u001b\\U0001F600\"", "grace = 1e400", "x = 2026-01-01T00:00:00Z",
		"once = true\nonce = false", "max_cost = nan", "hosts = [", "= 1", "\"\" = 1", "a = 1 # \xff", "model = \x00", "[[a]]\n[a.b]", "deny = [[[]]]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, untrusted := range []bool{true, false} {
			l := newLayers("/home")
			l.defaults("/project")
			entries, problems := parseFile("file", "/project", data)
			l.addFile(entries, problems, untrusted)
			l.problems = append(l.problems, l.contradictions()...)
			c := l.config()
			if len(l.problems) > 0 {
				for _, p := range l.problems {
					if p.Source == "" || p.Text == "" || p.Line < 1 || p.Column < 1 {
						t.Errorf("%q: a problem without its place: %+v", data, p)
					}
				}
				if text := (&Error{l.problems}).Error(); len(text) > 200<<10 {
					t.Errorf("%q: a report of %d bytes", data, len(text))
				}
				continue
			}
			for _, s := range Settings() {
				if s.path != noPath {
					continue // it was checked as it was written, and is longer now
				}
				if text, _ := s.inspect(s.field(&c)); text != "" {
					t.Errorf("%q: %s = %s %s", data, s.Name, s.Value(c), text)
				}
			}
		}
	})
}

// FuzzWords: nothing in the environment makes a panic, or a Config that is
// not sound.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{"", "3s", "a,b", "[\"a\"]", "[", "[1]", "nan", "-1", "true", "1e9", "~/x", "[a]\nmodel = 'x'"} {
		for i := range Settings() {
			f.Add(i, seed)
		}
	}
	settings := Settings()
	f.Fuzz(func(t *testing.T, i int, word string) {
		if i < 0 || i >= len(settings) {
			return
		}
		s := settings[i]
		l := newLayers("/home")
		l.defaults("/project")
		entries, problems := environment([]string{s.Env() + "=" + word}, "/base", settings)
		l.addFile(entries, problems, false)
		if c := l.config(); len(l.problems) == 0 && s.path == noPath {
			if text, _ := s.inspect(s.field(&c)); text != "" {
				t.Errorf("%s = %s %s", s.Name, s.Value(c), text)
			}
		}
	})
}
