package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	names := map[string]bool{}
	themes := []string{}
	fields := map[any]string{}
	var shared Config
	for _, s := range Settings() {
		if names[s.Name] || s.Name == "" || s.Help == "" || strings.ToLower(s.Name) != s.Name {
			t.Errorf("%q has no name of its own, or no help", s.Name)
		}
		names[s.Name] = true
		if other := fields[s.field(&shared)]; other != "" {
			t.Errorf("%s and %s have one field", other, s.Name)
		}
		fields[s.field(&shared)] = s.Name
		if len(themes) == 0 || themes[len(themes)-1] != s.Theme {
			if slices.Contains(themes, s.Theme) {
				t.Errorf("%s is away from the others of %q", s.Name, s.Theme)
			}
			themes = append(themes, s.Theme)
		}
		if s.Trust != Free && s.Trust != Narrows && s.Trust != Permits {
			t.Errorf("%s does not say who may set it", s.Name)
		}
		if _, sized := size(s.field(&shared)); sized != (s.Min != "" && s.Max != "") {
			t.Errorf("%s has no range, or should have none", s.Name)
		}
		if _, isText := s.field(&shared).(*string); isText && s.Trust == Narrows {
			t.Errorf("%s is a text, and no text is stricter than another", s.Name)
		}
		if s.Default != "" {
			if text, _ := s.inspect(s.bound(s.Default)); text != "" {
				t.Errorf("the default of %s %s", s.Name, text)
			}
		}
	}
}

// draw returns a sound value of a setting, as a word.
func draw(t *rapid.T, s Setting) string {
	label := s.Name
	if len(s.Choices) > 0 {
		return rapid.SampledFrom(s.Choices).Draw(t, label)
	}
	switch field := s.field(new(Config)).(type) {
	case *bool:
		return fmt.Sprint(rapid.Bool().Draw(t, label))
	case *string:
		return drawText(t, s)
	case *[]string:
		var items []string
		for range rapid.IntRange(0, 3).Draw(t, label) {
			items = append(items, drawText(t, s))
		}
		return format(&items)
	case *time.Duration:
		low, high := s.bound(s.Min).(*time.Duration), s.bound(s.Max).(*time.Duration)
		return time.Duration(rapid.Int64Range(int64(*low), int64(*high)).Draw(t, label)).String()
	case *float64:
		low, high := s.bound(s.Min).(*float64), s.bound(s.Max).(*float64)
		f := rapid.Float64Range(*low, *high).Draw(t, label)
		return format(&f)
	default:
		low, _ := size(s.bound(s.Min))
		high, _ := size(s.bound(s.Max))
		typeName(field)
		return fmt.Sprint(rapid.Int64Range(int64(low), int64(high)).Draw(t, label))
	}
}

func drawText(t *rapid.T, s Setting) string {
	plain := rapid.StringMatching(`[a-z][a-z0-9]{0,8}`).Draw(t, s.Name)
	switch {
	case s.path != noPath:
		return "/" + plain + rapid.SampledFrom([]string{"", " b", "'", `"q"`, `\`, "é", "#x"}).Draw(t, "path")
	case s.Name == "verify" || s.Name == "verify_setup":
		return rapid.StringMatching(`[ -~é\n\t]{0,40}`).Draw(t, s.Name)
	case s.Name == "hosts":
		return rapid.SampledFrom([]string{"", ".", "a."}).Draw(t, "host") + plain + ".org"
	}
	return plain
}

// A sound configuration that is written as a file, and as an environment, is
// loaded as it was.
func TestWrittenAndLoaded(t *testing.T) {
	settings := Settings()
	rapid.Check(t, func(t *rapid.T) {
		var file strings.Builder
		var environ []string
		want := map[string]string{}
		for _, s := range settings {
			word := draw(t, s)
			c := new(Config)
			if !store(s.field(c), s.word(word)) {
				t.Fatalf("%s = %s is not sound", s.Name, word)
			}
			want[s.Name] = s.Value(*c)
			fmt.Fprintf(&file, "%s = %s\n", s.Name, s.Value(*c))
			if word != "" {
				environ = append(environ, s.Env()+"="+word)
			}
		}
		for _, c := range []Config{fromFile(t, file.String()), fromEnvironment(t, environ)} {
			for _, s := range settings {
				if got := s.Value(c); got != want[s.Name] && want[s.Name] != `""` {
					t.Errorf("%s is %s, want %s", s.Name, got, want[s.Name])
				}
			}
		}
	})
}

// fromFile puts a file on the defaults, and leaves contradictions out.
func fromFile(t *rapid.T, text string) Config {
	l := newLayers("/home")
	l.defaults("/project")
	entries, problems := parseFile("f", "/base", []byte(text))
	l.addFile(entries, problems, false)
	return made(t, l, text)
}

func fromEnvironment(t *rapid.T, environ []string) Config {
	l := newLayers("/home")
	l.defaults("/project")
	entries, problems := environment(environ, "/base", l.settings)
	l.addFile(entries, problems, false)
	return made(t, l, strings.Join(environ, "\n"))
}

func made(t *rapid.T, l *layers, text string) Config {
	if len(l.problems) > 0 {
		t.Fatalf("%v\n%s", &Error{l.problems}, text)
	}
	return l.config()
}

// Whatever layers set a setting, the strongest of them wins, and Origins says
// so.
func TestStrongestLayerWins(t *testing.T) {
	home, project := t.TempDir(), t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		p := &place{t: t, sources: Sources{Dir: project, ConfigHome: home}}
		layers := []string{p.sources.UserFile() + ":1", filepath.Join(project, FileName) + ":1", "environment AUTOSESSION_MAX_TURNS", "flag --max-turns"}
		want, wantSource := 1000, "default"
		l := newLayers(home)
		l.defaults(project)
		for i, source := range layers {
			if !rapid.Bool().Draw(rt, source) {
				continue
			}
			want, wantSource = rapid.IntRange(0, 1000).Draw(rt, "turns"), source
			text := fmt.Sprintf("max_turns = %d", want)
			switch i {
			case 0, 1:
				entries, problems := parseFile(strings.TrimSuffix(source, ":1"), project, []byte(text))
				l.addFile(entries, problems, false)
			case 2:
				entries, problems := environment([]string{fmt.Sprintf("AUTOSESSION_MAX_TURNS=%d", want)}, project, l.settings)
				l.addFile(entries, problems, false)
			case 3:
				p.flags(fmt.Sprintf("--max-turns=%d", want))
				l.add(flags(p.sources.Flags, project, l.settings))
			}
		}
		c := made(rt, l, "")
		if got := c.origin("max_turns"); c.MaxTurns != want || got.Source != wantSource {
			rt.Errorf("max_turns is %d, %+v; want %d from %s", c.MaxTurns, got, want, wantSource)
		}
	})
}

// Nothing that a file says makes an untrusted project less strict.
func TestUntrustedOnlyNarrows(t *testing.T) {
	settings := Settings()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(settings).Draw(t, "setting")
		l := newLayers("/home")
		l.defaults("/project")
		mine, theirs := draw(t, s), draw(t, s)
		l.apply(entry{key: s.Name, value: s.word(mine), source: "mine"}, false)
		before := l.made
		l.apply(entry{key: s.Name, value: s.word(theirs), source: "theirs"}, true)
		after := made(t, l, theirs)
		if !looser(s, before, after) {
			return
		}
		t.Errorf("%s went from %s to %s", s.Name, s.Value(before), s.Value(after))
	})
}

// looser says that after permits what before did not; it is written anew here,
// so that it does not share a fault with what it checks.
func looser(s Setting, before, after Config) bool {
	if s.Trust == Free || s.Value(before) == s.Value(after) {
		return false
	}
	if s.Trust == Permits {
		return true
	}
	switch a := s.field(&after).(type) {
	case *bool:
		return !*a
	case *[]string:
		for _, item := range *s.field(&before).(*[]string) {
			if !slices.Contains(*a, item) {
				return true
			}
		}
		return false
	}
	x, _ := size(s.field(&before))
	y, _ := size(s.field(&after))
	if s.Name == "sandbox_reserve" {
		reserve := func(mib float64) float64 {
			if mib == 0 {
				return 1024
			}
			return mib
		}
		return reserve(y) < reserve(x)
	}
	if s.Zero != "" && x == 0 {
		return false
	}
	return y > x || s.Zero != "" && y == 0
}

func TestNearest(t *testing.T) {
	names := []string{}
	for _, s := range Settings() {
		names = append(names, s.Name)
	}
	for key, want := range map[string]string{
		"modle": "model", "maxcost": "max_cost", "max_turn": "max_turns", "continue-delay": "continue_delay",
		"verifytimeout": "verify_timeout", "NO_SANDBOX": "no_sandbox", "host": "hosts", "xyzzy_plugh": "", "": "", "é": "",
	} {
		if got := Nearest(key, names); got != want {
			t.Errorf("%q is near %q, want %q", key, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching(`[ab_]{0,8}`).Draw(t, "a"), rapid.StringMatching(`[ab_]{0,8}`).Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Errorf("%q and %q are %d apart", a, b, d)
		}
	})
}
