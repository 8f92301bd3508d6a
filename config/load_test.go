package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// place is a home and a project in directories of their own.
type place struct {
	t       testing.TB
	sources Sources
}

func newPlace(t testing.TB) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{t: t, sources: Sources{Dir: filepath.Join(dir, "project"), Home: filepath.Join(dir, "home")}}
	for _, d := range []string{p.sources.Dir, filepath.Dir(p.sources.UserFile())} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p *place) user(text string) *place {
	p.t.Helper()
	if err := os.WriteFile(p.sources.UserFile(), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return p
}

func (p *place) project(text string) *place {
	p.t.Helper()
	if err := os.WriteFile(p.projectFile(), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return p
}

func (p *place) projectFile() string { return filepath.Join(p.sources.Dir, FileName) }

func (p *place) trust() *place {
	p.sources.Trusted = func(string) bool { return true }
	return p
}

func (p *place) env(variables ...string) *place {
	p.sources.Environ = append(p.sources.Environ, variables...)
	return p
}

func (p *place) flags(args ...string) *place {
	p.t.Helper()
	p.sources.Flags = pflag.NewFlagSet("run", pflag.ContinueOnError)
	AddFlags(p.sources.Flags)
	if err := p.sources.Flags.Parse(args); err != nil {
		p.t.Fatal(err)
	}
	return p
}

func (p *place) load() Config {
	p.t.Helper()
	c, err := Load(p.sources)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

func (p *place) problems() []Problem {
	p.t.Helper()
	c, err := Load(p.sources)
	var all *Error
	if !errors.As(err, &all) {
		p.t.Fatalf("Load says %v, not an *Error", err)
	}
	if !reflect.DeepEqual(c, Config{}) {
		p.t.Errorf("Load returns part of a Config beside its error: %+v", c)
	}
	return all.Problems
}

func (c Config) origin(name string) Origin {
	return c.Origins[slices.IndexFunc(c.Origins, func(o Origin) bool { return o.Name == name })]
}

func TestDefaults(t *testing.T) {
	p := newPlace(t)
	c := p.load()
	if c.Model != "claude-sonnet-4-5-20250929" || c.MaxTurns != 1000 || c.Patience.ContinueDelay != 3*time.Second ||
		c.RunMax.Sessions != 0 || c.MinFeatures != 1 || c.Features != 50 || c.Notes != "claude-progress.txt" {
		t.Errorf("the defaults are not those of the design: %+v", c)
	}
	if want := filepath.Join(p.sources.Dir, "app_spec.txt"); c.Spec != want {
		t.Errorf("spec is %s, want %s", c.Spec, want)
	}
	if c.Patience.LongestWait < 7*24*time.Hour {
		t.Errorf("a weekly limit is longer than the longest wait %s", c.Patience.LongestWait)
	}
	if c.NoSandbox || c.Registries || len(c.Hosts)+len(c.Allow)+len(c.AllowPaths) > 0 {
		t.Errorf("the defaults permit something: %+v", c)
	}
	if c.Hash != "" {
		t.Errorf("a project without a file has the hash %s", c.Hash)
	}
	for _, o := range c.Origins {
		if o.Source != "default" {
			t.Errorf("%s comes from %q", o.Name, o.Source)
		}
	}
}

func TestEachLayerIsStronger(t *testing.T) {
	p := newPlace(t)
	step := func(want string, source string) {
		t.Helper()
		c := p.load()
		if got := c.origin("model"); c.Model != want || got.Source != source || got.Value != `"`+want+`"` {
			t.Errorf("model is %s, %+v; want %s from %s", c.Model, got, want, source)
		}
	}
	p.user("# mine\nmodel = 'user'\n").trust()
	step("user", p.sources.UserFile()+":2")
	p.project("\n\nmodel = 'project'\n")
	step("project", p.projectFile()+":3")
	p.env("AUTOSESSION_MODEL=environment")
	step("environment", "environment AUTOSESSION_MODEL")
	p.flags("--model", "flag")
	step("flag", "flag --model")
}

func TestConfigHome(t *testing.T) {
	for name, c := range map[string]struct {
		sources Sources
		want    string
	}{
		"given":          {Sources{ConfigHome: "/c", Environ: []string{"XDG_CONFIG_HOME=/x", "HOME=/h"}}, "/c/autosession/config.toml"},
		"xdg":            {Sources{Environ: []string{"XDG_CONFIG_HOME=/x", "HOME=/h"}}, "/x/autosession/config.toml"},
		"relative xdg":   {Sources{Environ: []string{"XDG_CONFIG_HOME=x", "HOME=/h"}}, "/h/.config/autosession/config.toml"},
		"home":           {Sources{Environ: []string{"HOME=/h"}}, "/h/.config/autosession/config.toml"},
		"last of two":    {Sources{Environ: []string{"HOME=/g", "HOME=/h"}}, "/h/.config/autosession/config.toml"},
		"nothing at all": {Sources{}, ""},
	} {
		if got := c.sources.UserFile(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestProjectNeedNotExist(t *testing.T) {
	p := newPlace(t)
	p.sources.Dir = filepath.Join(p.sources.Dir, "later")
	p.load()
}

func TestEmptyHome(t *testing.T) {
	c, err := Load(Sources{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if c.Model == "" {
		t.Error("without a home there are no defaults")
	}
}

func TestDurations(t *testing.T) {
	for written, want := range map[string]time.Duration{
		`3`: 3 * time.Second, `"3"`: 3 * time.Second, `"3s"`: 3 * time.Second, `1.5`: 1500 * time.Millisecond,
		`"1h30m"`: 90 * time.Minute, `0`: 0, `"0"`: 0, `1_0`: 10 * time.Second, `0x10`: 16 * time.Second, `"250ms"`: 250 * time.Millisecond,
	} {
		if got := newPlace(t).user("continue_delay = " + written).load().Patience.ContinueDelay; got != want {
			t.Errorf("continue_delay = %s in a file is %s, want %s", written, got, want)
		}
		if strings.ContainsAny(written, "_x") {
			continue
		}
		word := strings.Trim(written, `"`)
		if got := newPlace(t).env("AUTOSESSION_CONTINUE_DELAY=" + word).load().Patience.ContinueDelay; got != want {
			t.Errorf("%s in the environment is %s, want %s", word, got, want)
		}
		if got := newPlace(t).flags("--continue-delay=" + word).load().Patience.ContinueDelay; got != want {
			t.Errorf("%s as a flag is %s, want %s", word, got, want)
		}
	}
}

func TestLists(t *testing.T) {
	want := []string{"terraform", "docker"}
	for name, p := range map[string]*place{
		"file":                 newPlace(t).user("allow = [\n 'terraform', # first\n 'docker',\n]\n"),
		"environment":          newPlace(t).env("AUTOSESSION_ALLOW=terraform, docker"),
		"environment, as TOML": newPlace(t).env(`AUTOSESSION_ALLOW=["terraform", "docker"]`),
		"one flag":             newPlace(t).flags("--allow", "terraform,docker"),
		"two flags":            newPlace(t).flags("--allow", "terraform", "--allow", "docker"),
		"replaced":             newPlace(t).user("allow = ['helm']").flags("--allow=terraform,docker"),
	} {
		if got := p.load().Allow; !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := newPlace(t).user("allow = ['helm']").flags("--allow=").load().Allow; len(got) > 0 {
		t.Errorf("an empty flag leaves %q", got)
	}
}

func TestWhatForbidsAddsUp(t *testing.T) {
	p := newPlace(t).user("deny = ['a', 'b']").project("deny = ['b', 'c']").env("AUTOSESSION_DENY=d").flags("--deny=", "--deny=e")
	c := p.load()
	if want := []string{"a", "b", "c", "d", "e"}; !slices.Equal(c.Deny, want) {
		t.Errorf("deny is %q, want %q", c.Deny, want)
	}
	want := p.sources.UserFile() + ":1, " + p.projectFile() + ":1, environment AUTOSESSION_DENY, flag --deny"
	if got := c.origin("deny").Source; got != want {
		t.Errorf("deny comes from %s, want %s", got, want)
	}
}

func TestRelativePaths(t *testing.T) {
	p := newPlace(t).trust().
		user("prompt_init = 'init.md'\nagent_command = 'claude'\n").
		project("read_paths = ['../data', '~/x', '/opt/./sdk']\nprompt_continue = 'p.md'").
		env("AUTOSESSION_ALLOW_PATHS=out").
		flags("--spec", "s.txt", "--prompt-wrapup=~/w.md")
	p.sources.WorkDir = "/work/here"
	c := p.load()
	dir, home := p.sources.Dir, p.sources.Home
	for name, pair := range map[string][2]string{
		"in the person's file":  {c.PromptInit, filepath.Join(filepath.Dir(p.sources.UserFile()), "init.md")},
		"a bare program":        {c.AgentCommand, "claude"},
		"in the project's file": {c.PromptContinue, filepath.Join(dir, "p.md")},
		"up and out":            {c.ReadPaths[0], filepath.Join(filepath.Dir(dir), "data")},
		"from home":             {c.ReadPaths[1], filepath.Join(home, "x")},
		"absolute":              {c.ReadPaths[2], "/opt/sdk"},
		"in the environment":    {c.AllowPaths[0], "/work/here/out"},
		"as a flag":             {c.Spec, "/work/here/s.txt"},
		"flag from home":        {c.PromptWrapup, filepath.Join(home, "w.md")},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s, want %s", name, pair[0], pair[1])
		}
	}
}

func TestEnvironment(t *testing.T) {
	p := newPlace(t).env("PATH=/bin", "AUTOSESSION_STATE=/s", "AUTOSESSION_SESSION=x", "AUTOSESSION_TREE=y",
		"AUTOSESSION_MODEL=", "AUTOSESSIONS=1",
		"AUTOSESSION_MAX_TURNS=1", "AUTOSESSION_MAX_TURNS=2", "AUTOSESSION_ONCE=yes")
	c := p.load()
	if c.MaxTurns != 2 || !c.Once || c.origin("model").Source != "default" {
		t.Errorf("got %d turns, once %v, model from %s", c.MaxTurns, c.Once, c.origin("model").Source)
	}
	secret := "sk-very-secret"
	problems := newPlace(t).env("AUTOSESSION_API_KEY="+secret, "AUTOSESSION_MODLE=x").problems()
	if len(problems) != 2 || problems[1].Fix != "did you mean AUTOSESSION_MODEL?" {
		t.Errorf("problems are %+v", problems)
	}
	if text := (&Error{problems}).Error(); strings.Contains(text, secret) {
		t.Errorf("the value of an unknown variable is shown: %s", text)
	}
}

func TestFlags(t *testing.T) {
	set := pflag.NewFlagSet("run", pflag.ContinueOnError)
	AddFlags(set)
	for _, s := range Settings() {
		f := set.Lookup(s.Flag())
		if f == nil || f.Usage == "" || f.DefValue != s.Default {
			t.Errorf("flag of %s is %+v", s.Name, f)
		}
	}
	if usage := set.FlagUsages(); !strings.Contains(usage, "--continue-delay duration") || !strings.Contains(usage, "(default 3s)") {
		t.Errorf("the help does not tell type and default:\n%s", usage)
	}
	c := newPlace(t).flags("--no-sandbox", "--max-cost", "2.5", "--verify-clean=true", "--verify", "[ -f done ]").load()
	if !c.NoSandbox || c.RunMax.CostUSD != 2.5 || !c.VerifyClean || c.Verify != "[ -f done ]" {
		t.Errorf("got %+v", c)
	}
	problems := newPlace(t).flags("--max-turns=many", "--grace=-1s", `--allow=["a"`, "--once=perhaps").problems()
	if len(problems) != 4 {
		t.Errorf("problems are %+v", problems)
	}
	other := pflag.NewFlagSet("other", pflag.ContinueOnError)
	other.String("model", "", "another thing of this name")
	if err := other.Parse([]string{"--model=x"}); err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	p.sources.Flags = other
	if c := p.load(); c.origin("model").Source != "default" {
		t.Errorf("a flag that is not ours counts: %+v", c.origin("model"))
	}
}
