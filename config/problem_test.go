package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// One row for each thing that a person, or a hostile project, gets wrong in a
// file.
func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		line   int
		column int
		key    string
		text   string // part of it
		fix    string // part of it
	}{
		"unknown key":        {"\nmodle = 'x'\n", 2, 1, "modle", "is no setting", "did you mean model?"},
		"dashes":             {"max-turns = 5", 1, 1, "max-turns", "is no setting", "did you mean max_turns?"},
		"upper case":         {"Max_Turns = 5", 1, 1, "Max_Turns", "is no setting", "did you mean max_turns?"},
		"nothing near":       {"favourite_colour = 5", 1, 1, "favourite_colour", "is no setting", "autosession config"},
		"dotted key":         {"limits.max_cost = 5", 1, 1, "limits.max_cost", "is no setting", "did you mean max_cost?"},
		"number for text":    {"model = 5", 1, 9, "model", "must be a text", `put it in quotes: model = "5"`},
		"text for number":    {"max_turns = 'five'", 1, 13, "max_turns", "must be a whole number", "without quotes"},
		"quoted number":      {"max_turns = '5'", 1, 13, "max_turns", "must be a whole number", "without quotes"},
		"fraction":           {"max_turns = 1.5", 1, 13, "max_turns", "must be a whole number", ""},
		"text for switch":    {"once = 'true'", 1, 8, "once", "must be true or false", "without quotes"},
		"text for list":      {"allow = 'x'", 1, 9, "allow", "must be a list of texts", `allow = ["a", "b"]`},
		"numbers in list":    {"allow = ['x', 1]", 1, 1, "allow", "must be a list of texts", ""},
		"list in list":       {"allow = [['x']]", 1, 1, "allow", "must be a list of texts", ""},
		"list for text":      {"model = ['x']", 1, 1, "model", "must be a text", ""},
		"date":               {"model = 2026-01-01", 1, 9, "model", "must be a text", ""},
		"inline table":       {"model = {a = 1}", 1, 9, "model", "must be a text", ""},
		"table":              {"once = true\n[limits]\nmax_cost = 2", 2, 2, "[limits]", "no tables", "remove"},
		"array of tables":    {"[[limits]]\nmax_cost = 2", 1, 3, "[limits]", "no tables", ""},
		"no duration":        {"grace = 'soon'", 1, 9, "grace", "must be a duration", `"90s"`},
		"days":               {"grace = '2d'", 1, 9, "grace", "must be a duration", ""},
		"duplicate":          {"grace = 1\nonce = true\ngrace = 2", 3, 1, "grace", "is set already on line 1", "remove one"},
		"negative":           {"continue_delay = -1", 1, 18, "continue_delay", "too small", "from 0s to 24h"},
		"1e9 seconds":        {"continue_delay = 1e9", 1, 18, "continue_delay", "too large", "from 0s to 24h"},
		"1e300 seconds":      {"continue_delay = 1e300", 1, 18, "continue_delay", "must be a duration", ""},
		"NaN":                {"max_cost = nan", 1, 12, "max_cost", "must be a number", ""},
		"infinite":           {"max_cost = -inf", 1, 12, "max_cost", "must be a number", ""},
		"huge":               {"max_turns = 9223372036854775807", 1, 13, "max_turns", "too large", "0 is unlimited"},
		"more than 64 bits":  {"max_turns = 9223372036854775808", 1, 13, "max_turns", "too large to fit", ""},
		"octal of old":       {"max_turns = 010", 1, 13, "", "is not TOML", ""},
		"no choice":          {"agent = 'claude-cod'", 1, 9, "agent", "none of its values", "did you mean claude-code?"},
		"empty choice":       {"billing = ''", 1, 11, "billing", "none of its values", "subscription"},
		"trailing text":      {"once = true yes", 1, 13, "", "is not TOML", ""},
		"no value":           {"once =\n", 1, 7, "", "is not TOML", ""},
		"no quotes":          {"grace = 1\nmodel = claude", 2, 9, "", "is not TOML", "in quotes"},
		"open quote":         {"model = \"claude\n", 1, 16, "", "is not TOML", ""},
		"lone CR":            {"once = true\rgrace = 1", 1, 12, "", "is not TOML", ""},
		"NUL":                {"once = true\x00", 1, 12, "", "is not TOML", ""},
		"byte order mark":    {"\xef\xbb\xbfonce = true", 1, 1, "", "byte order mark", "without"},
		"UTF-16":             {"\xff\xfeo\x00n\x00", 1, 1, "", "not valid UTF-8", "save it as UTF-8"},
		"not UTF-8":          {"once = true # caf\xe9", 1, 18, "", "not valid UTF-8", ""},
		"control character":  {`model = "a\u001bb"`, 1, 9, "model", "control character", ""},
		"model with a space": {"model = 'a b'", 1, 9, "model", "holds a space", ""},
		"empty model":        {"model = ''", 1, 9, "model", "is empty", ""},
		"empty item":         {"hosts = ['']", 1, 1, "hosts", "empty", ""},
		"host with scheme":   {"hosts = ['https://x.org']", 1, 1, "hosts", "without scheme", ""},
		"host with port":     {"hosts = ['x.org:80']", 1, 1, "hosts", "without a port", ""},
		"host as address":    {"hosts = ['10.0.0.1']", 1, 1, "hosts", "is an address", ""},
		"host with star":     {"hosts = ['*.x.org']", 1, 1, "hosts", ".example.org", ""},
		"top-level domain":   {"hosts = ['.com']", 1, 1, "hosts", "top-level", ""},
		"two subcommands":    {"deny = ['git push origin']", 1, 1, "deny", "no name of a program", ""},
		"no exception":       {"permit = ['kill-pids']", 1, 1, "permit", "none of its values", "kill-pid"},
		"program with shell": {"allow = ['rm -rf']", 1, 1, "allow", "no name of a program", ""},
		"protect outside":    {"protect = ['../x']", 1, 1, "protect", "inside the project", ""},
		"protect absolute":   {"protect = ['/etc']", 1, 1, "protect", "inside the project", ""},
		"unsound glob":       {"protect = ['[a']", 1, 1, "protect", "glob", ""},
		"notes outside":      {"notes = '../n.txt'", 1, 9, "notes", "inside the project", ""},
		"notes in .git":      {"notes = '.git/hooks/post-commit'", 1, 9, "notes", "hidden", ""},
		"notes over list":    {"notes = 'feature_list.json'", 1, 9, "notes", "another use", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []*place{newPlace(t).user(c.file), newPlace(t).project(c.file), newPlace(t).project(c.file).trust()} {
				problems := p.problems()
				if len(problems) != 1 {
					t.Fatalf("%d problems: %+v", len(problems), problems)
				}
				got := problems[0]
				if got.Source != p.sources.UserFile() && got.Source != p.projectFile() {
					t.Errorf("source is %q", got.Source)
				}
				if got.Line != c.line || got.Column != c.column || got.Key != c.key {
					t.Errorf("%d:%d %q, want %d:%d %q", got.Line, got.Column, got.Key, c.line, c.column, c.key)
				}
				if !strings.Contains(got.Text, c.text) || !strings.Contains(got.Fix, c.fix) || got.Fix == "" {
					t.Errorf("says %q, %q; want %q, %q", got.Text, got.Fix, c.text, c.fix)
				}
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	p := newPlace(t).
		user("modle = 'x'\ngrace = -5\nonce = 1\n").
		project("max_turns = 'x'\nmax_turn = 3\nfeatures = 2\nmin_features = 3\n").
		env("AUTOSESSION_GRACE=soon", "AUTOSESSION_NOPE=1").
		flags("--max-cost=nan")
	want := []string{
		"config.toml:1:1: modle = \"x\": is no setting; did you mean model?",
		"config.toml:2:9: grace = -5: is too small; write a duration from 1s to 1h",
		"config.toml:3:8: once = 1: must be true or false; write true or false, without quotes",
		"autosession.toml:1:13: max_turns = \"x\": must be a whole number; write a whole number, without quotes",
		"autosession.toml:2:1: max_turn = 3: is no setting; did you mean max_turns?",
		"environment: AUTOSESSION_NOPE: is no setting; ",
		"environment: AUTOSESSION_GRACE = soon: must be a duration; write a duration such as 90s",
		"flags: --max-cost = nan: must be a number; ",
		"autosession.toml:4:16: min_features = 3: is more than features = 2 (" + p.projectFile() + ":3); a list may",
	}
	problems := p.problems()
	text := (&Error{problems}).Error()
	if len(problems) != len(want) || !strings.HasPrefix(text, fmt.Sprintf("cannot use the configuration: %d problems\n", len(want))) {
		t.Errorf("%d problems, want %d:\n%s", len(problems), len(want), text)
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
}

func TestProblemsBeforeASyntaxErrorAreKept(t *testing.T) {
	problems := newPlace(t).user("modle = 'x'\nonce = \ngrace = 1\n").problems()
	if len(problems) != 2 {
		t.Errorf("problems are %+v", problems)
	}
}

func TestContradictions(t *testing.T) {
	for file, want := range map[string]string{
		"features = 10\nmin_features = 20":                   "min_features",
		"verify_timeout = '20m'":                             "verify_timeout",
		"verify_budget = '1m'":                               "verify_timeout",
		"backoff_base = '1h'":                                "backoff_base",
		"backoff_cap = '2h'\nlongest_wait = '1h'":            "backoff_cap",
		"continue_delay = '20m'\nlongest_wait = '15m'":       "continue_delay",
		"agent = 'api'\nbilling = 'subscription'":            "billing",
		"verify_timeout = '1h'\nverify_budget = 'soon'\n#":   "verify_budget", // faulty: no contradiction with it
		"patience_no_progress = 4\npatience_no_proof = 2\n#": "",              // sound
	} {
		p := newPlace(t).user(file)
		if want == "" {
			p.load()
			continue
		}
		problems := p.problems()
		if len(problems) != 1 || problems[0].Key != want || problems[0].Line == 0 || problems[0].Fix == "" {
			t.Errorf("%q: %+v", file, problems)
		}
	}
}

func TestSoundFiles(t *testing.T) {
	for name, file := range map[string]string{
		"empty":            "",
		"comment":          "# nothing",
		"CRLF":             "model = 'x'\r\n\r\nmax_turns = 5\r\n",
		"quoted key":       `"model" = "x"`,
		"many lines":       "verify = '''\ngo vet ./...\ngo test ./...\n'''",
		"escapes":          `verify = "printf '\u00e9\t\\n'"`,
		"signs":            "max_turns = +1_000\nmax_cost = 1e1",
		"whole for number": "max_cost = 3",
	} {
		c := newPlace(t).user(file).load()
		if name == "CRLF" && (c.Model != "x" || c.MaxTurns != 5) {
			t.Errorf("CRLF: %s %d", c.Model, c.MaxTurns)
		}
		if name == "escapes" && c.Verify != "printf 'é\t\\n'" {
			t.Errorf("escapes: %q", c.Verify)
		}
	}
}

// Whatever lies in the place of the file is reported, and opening it does not
// wait.
func TestWhatIsNoFile(t *testing.T) {
	plant := map[string]struct {
		plant   func(path string) error
		project string
		user    string // "" is sound: the person's own file may be a link
	}{
		"directory": {func(p string) error { return os.Mkdir(p, 0o755) }, "is a directory", "is a directory"},
		"FIFO":      {func(p string) error { return syscall.Mkfifo(p, 0o644) }, "is a FIFO", "is a FIFO"},
		"link to a file": {func(p string) error {
			return symlinkTo(p, "elsewhere.toml", "once = true")
		}, "is a symbolic link", ""},
		"link to nothing": {func(p string) error { return os.Symlink("nowhere", p) }, "is a symbolic link", ""},
		"link to itself":  {func(p string) error { return os.Symlink(filepath.Base(p), p) }, "is a symbolic link", "cannot be read"},
		"link to a device": {func(p string) error {
			return os.Symlink("/dev/zero", p)
		}, "is a symbolic link", "is not a regular file"},
		"50 MB": {func(p string) error {
			if err := os.WriteFile(p, nil, 0o644); err != nil {
				return err
			}
			return os.Truncate(p, 50<<20)
		}, "larger than", "larger than"},
	}
	for name, c := range plant {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			if err := c.plant(p.projectFile()); err != nil {
				t.Fatal(err)
			}
			if problems := p.problems(); len(problems) != 1 || !strings.Contains(problems[0].Text, c.project) || problems[0].Fix == "" {
				t.Errorf("project: %+v", problems)
			}
			p = newPlace(t)
			if err := c.plant(p.sources.UserFile()); err != nil {
				t.Fatal(err)
			}
			if c.user == "" {
				p.load()
				return
			}
			if problems := p.problems(); len(problems) != 1 || !strings.Contains(problems[0].Text, c.user) {
				t.Errorf("user: %+v", problems)
			}
		})
	}
}

func symlinkTo(link, name, text string) error {
	if err := os.WriteFile(filepath.Join(filepath.Dir(link), name), []byte(text), 0o644); err != nil {
		return err
	}
	return os.Symlink(name, link)
}

// Root may read everything, so a component that is no directory stands for
// what cannot be read.
func TestUnreadable(t *testing.T) {
	p := newPlace(t)
	file := filepath.Join(p.sources.Home, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p.sources.ConfigHome = file
	if problems := p.problems(); len(problems) != 1 || !strings.Contains(problems[0].Text, "cannot be read") {
		t.Errorf("problems are %+v", problems)
	}
	p = newPlace(t)
	p.sources.Dir = file
	if problems := p.problems(); len(problems) != 1 || !strings.Contains(problems[0].Text, "cannot be read") {
		t.Errorf("problems are %+v", problems)
	}
	if os.Getuid() == 0 {
		return
	}
	p = newPlace(t).user("")
	if err := os.Chmod(p.sources.UserFile(), 0); err != nil {
		t.Fatal(err)
	}
	if problems := p.problems(); len(problems) != 1 || !strings.Contains(problems[0].Text, "permission denied") {
		t.Errorf("problems are %+v", problems)
	}
}

// A file at the size limit that is as bad as can be costs little, and its
// report stays readable.
func TestHostileFiles(t *testing.T) {
	fill := func(unit string) string { return strings.Repeat(unit, (MaxFileSize-100)/len(unit)) }
	var many strings.Builder
	for i := 0; many.Len() < MaxFileSize-100; i++ {
		fmt.Fprintf(&many, "key%d = 1\n", i)
	}
	for name, file := range map[string]string{
		"many keys":    many.String(),
		"deep":         "allow = " + fill("["),
		"deep tables":  "model = " + fill("{a="),
		"long key":     fill("a") + " = 1",
		"long dots":    fill("a.") + "b = 1",
		"long list":    "allow = [" + fill("'a|b',") + "]",
		"long text":    "model = '" + fill("a") + "'",
		"same key":     fill("once = true\n"),
		"many tables":  fill("[a]\n"),
		"escape codes": "\"\\u001b[2J\" = 1\nmodel = \"\\u001b[2J\\u202e\"",
	} {
		start := time.Now()
		problems := newPlace(t).project(file).problems()
		text := (&Error{problems}).Error()
		if len(problems) > maxProblems+10 || len(text) > 64<<10 {
			t.Errorf("%s: %d problems, a report of %d bytes", name, len(problems), len(text))
		}
		if strings.ContainsAny(text, "\x1b\u202e\r") {
			t.Errorf("%s: the report could play tricks on a terminal: %q", name, text)
		}
		t.Logf("%s: %d problems in %s", name, len(problems), time.Since(start))
	}
}
