package config

import (
	"strings"
	"testing"
)

func TestUntrustedProject(t *testing.T) {
	const mine = "max_cost = 5\nverify_timeout = '5m'\ndeny = ['curl']\nmodel = 'mine'\n"
	for name, c := range map[string]struct {
		line    string
		setting string
		want    string // value when it is not trusted
		trusted string
	}{
		"a command":             {"verify = 'curl evil'", "verify", `""`, `"curl evil"`},
		"a program":             {"agent_command = '/p/evil'", "agent_command", `""`, `"/p/evil"`},
		"permission":            {"allow = ['sudo']", "allow", `[]`, `["sudo"]`},
		"an exception":          {"permit = ['kill-pid']", "permit", `[]`, `["kill-pid"]`},
		"a host":                {"hosts = ['evil.example']", "hosts", `[]`, `["evil.example"]`},
		"a path":                {"read_paths = ['/root']", "read_paths", `[]`, `["/root"]`},
		"a spec to leak":        {"spec = '/root/.ssh/id'", "spec", "", `"/root/.ssh/id"`},
		"no sandbox":            {"no_sandbox = true", "no_sandbox", "false", "true"},
		"who pays":              {"billing = 'any'", "billing", `"same"`, `"any"`},
		"a dearer model":        {"model = 'opus'", "model", `"mine"`, `"opus"`},
		"a limit where is none": {"max_tokens = 100", "max_tokens", "100", "100"},
		"a lower limit":         {"max_cost = 2", "max_cost", "2", "2"},
		"a higher limit":        {"max_cost = 50", "max_cost", "5", "50"},
		"no limit":              {"max_cost = 0", "max_cost", "5", "0"},
		"a shorter time":        {"verify_timeout = 60", "verify_timeout", `"1m"`, `"1m"`},
		"a longer time":         {"verify_timeout = 500", "verify_timeout", `"5m"`, `"8m20s"`},
		"more denied":           {"deny = ['wget']", "deny", `["curl", "wget"]`, `["curl", "wget"]`},
		"nothing denied":        {"deny = []", "deny", `["curl"]`, `["curl"]`},
		"a switch on":           {"verify_clean = true", "verify_clean", "true", "true"},
		"fewer processes":       {"sandbox_processes = 100", "sandbox_processes", "100", "100"},
		"more processes":        {"sandbox_processes = 9999", "sandbox_processes", "4096", "9999"},
		"less memory":           {"sandbox_memory = 512", "sandbox_memory", "512", "512"},
		"a larger reserve":      {"sandbox_reserve = 2048", "sandbox_reserve", "2048", "2048"},
		"a smaller reserve":     {"sandbox_reserve = 10", "sandbox_reserve", "0", "10"},
		"what is harmless":      {"features = 20", "features", "20", "20"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t).user(mine).project(c.line)
			var setting Setting
			for _, s := range Settings() {
				if s.Name == c.setting {
					setting = s
				}
			}
			if c.want == "" {
				c.want = `"` + p.sources.Dir + `/app_spec.txt"`
			}
			untrusted := p.load()
			if got := setting.Value(untrusted); got != c.want {
				t.Errorf("untrusted: %s, want %s", got, c.want)
			}
			if ignored := c.want != c.trusted; ignored != (len(untrusted.Ignored) == 1) {
				t.Errorf("ignored is %+v", untrusted.Ignored)
			}
			for _, i := range untrusted.Ignored {
				if i.Name != c.setting || i.Value != c.trusted || i.Source != p.projectFile()+":1" || !strings.Contains(i.Reason, "autosession trust") {
					t.Errorf("ignored is %+v", i)
				}
			}
			p.sources.Trusted = func(hash string) bool { return hash == untrusted.Hash }
			trusted := p.load()
			if got := setting.Value(trusted); got != c.trusted || len(trusted.Ignored) > 0 {
				t.Errorf("trusted: %s, want %s; ignored %+v", got, c.trusted, trusted.Ignored)
			}
			if again := p.project(c.line + " # changed").load(); again.Hash == untrusted.Hash || setting.Value(again) != c.want {
				t.Errorf("a changed file is still trusted: %s, hash %s", setting.Value(again), again.Hash)
			}
		})
	}
}

func TestPersonsSwitchIsNotTurnedOff(t *testing.T) {
	c := newPlace(t).user("verify_clean = true").project("verify_clean = false").load()
	if !c.VerifyClean || len(c.Ignored) != 1 {
		t.Errorf("verify_clean is %v, ignored %+v", c.VerifyClean, c.Ignored)
	}
}

func TestUntrustedFileIsCheckedAllTheSame(t *testing.T) {
	if problems := newPlace(t).project("hosts = ['http://x']\nverfy = 'x'\n").problems(); len(problems) != 2 {
		t.Errorf("problems are %+v", problems)
	}
}

func TestEverySettingThatRunsOrPermitsNeedsTrust(t *testing.T) {
	permits := map[string]bool{}
	for _, s := range Settings() {
		permits[s.Name] = s.Trust == Permits
	}
	for _, name := range []string{
		"agent", "agent_command", "verify", "verify_setup", "allow", "allow_paths", "hosts", "registries", "read_paths",
		"prompt_init", "prompt_continue", "prompt_wrapup", "no_sandbox", "spec", "tools", "permit", "billing", "model", "commit_leftovers",
	} {
		if !permits[name] {
			t.Errorf("a project that nobody trusts can set %s", name)
		}
	}
}
