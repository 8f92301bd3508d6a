package gateway

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newMachine writes files below a directory that is both / and HOME's parent.
func newMachine(t *testing.T, files map[string]string, env ...string) machine {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range env {
		env[i] = strings.ReplaceAll(v, "@", root)
	}
	return machine{root, append(env, "HOME="+filepath.Join(root, "home"))}
}

func TestRegistries(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		env   []string
		want  string
	}{
		"nothing": {},
		"npm": {
			files: map[string]string{"home/.npmrc": "; mine\n registry = https://npm.corp.example/path/\n@scope:registry=\"http://scope.example\"\n//npm.corp.example/:_authToken=SECRET\n", "etc/npmrc": "registry=https://other.example"},
			want:  "npm.corp.example scope.example",
		},
		"npm by variable": {
			files: map[string]string{"home/.npmrc": "registry=https://npm.corp.example"},
			env:   []string{"NPM_CONFIG_REGISTRY=https://variable.example"},
			want:  "variable.example",
		},
		"npm with variables": {
			files: map[string]string{"elsewhere": "registry=https://user:${TOKEN}@${NAME}.example/"},
			env:   []string{"npm_config_userconfig=@/elsewhere", "TOKEN=SECRET", "NAME=expanded"},
			want:  "expanded.example",
		},
		"npm of the machine": {
			files: map[string]string{"opt/bin/node": "", "opt/etc/npmrc": "registry=https://machine.example"},
			env:   []string{"PATH=relative:@/none:@/opt/bin"},
			want:  "machine.example",
		},
		"pip": {
			files: map[string]string{
				"home/.config/pip/pip.conf": "[global]\nindex-url = https://user:SECRET@pip.example/simple\n[install]\nextra_index_url =\n    https://one.example/simple\n    # none\n    https://two.example:443/\n",
				"etc/pip.conf":              "[global]\nindex-url: https://other.example",
			},
			want: "pip.example one.example two.example",
		},
		"pip of the machine": {files: map[string]string{"etc/pip.conf": "[global]\nindex-url: https://other.example"}, want: "other.example"},
		"pip by variable":    {env: []string{"PIP_EXTRA_INDEX_URL=https://a.example https://b.example"}, want: "a.example b.example"},
		"go": {
			files: map[string]string{"home/.config/go/env": "GOPROXY=https://a.example|https://b.example,direct\nGOFLAGS=-mod=mod\n", "go/go.env": "# own\nGOPROXY=https://c.example\nGOSUMDB=sum.example\n"},
			env:   []string{"GOROOT=@/go"},
			want:  "a.example b.example sum.example",
		},
		"go by its own file": {
			files: map[string]string{"go/bin/go": "", "go/go.env": "GOPROXY=https://c.example,direct"},
			env:   []string{"PATH=@/go/bin"},
			want:  "c.example",
		},
		"go off":      {env: []string{"GOPROXY=off", "GOSUMDB=off"}},
		"go sum keys": {env: []string{"GOSUMDB=sum.example+033de0ae+Ac4zctda0e5eza"}, want: "sum.example"},
		"go sum URL":  {env: []string{"GOSUMDB=sum.example+033de0ae+Ac4 https://mirror.example"}, want: "mirror.example"},
		"cargo": {
			files: map[string]string{"home/.cargo/config.toml": "[registries.corp]\nindex = \"sparse+https://cargo.example/index/\"\ntoken = \"SECRET\"\n[source.builtin]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+https://mirror.example/\"\n[registry]\ndefault = \"corp\"\n"},
			env:   []string{"CARGO_REGISTRIES_OTHER_INDEX=https://git.example/index"},
			want:  "git.example cargo.example mirror.example",
		},
		"cargo by variable": {
			files: map[string]string{"cargo/config": "[registries.my-corp]\nindex = \"https://cargo.example\""},
			env:   []string{"CARGO_HOME=@/cargo", "CARGO_REGISTRIES_MY_CORP_INDEX=https://variable.example"},
			want:  "variable.example",
		},
		"out of reach": {
			files: map[string]string{
				"home/.npmrc":             "registry=http://localhost:4873\n@a:registry=ftp://a.example\n@b:registry=https://10.0.0.1\n@c:registry=file:///x\n@d:registry=nonsense\n@e:registry=https://[::1]/\n",
				"home/.cargo/config.toml": "[registries]\nx = 1\n[",
				"home/.pip/pip.conf":      "index-url",
			},
			env: []string{"GOPROXY=https://a.example:8443,file:///x", "CARGO_REGISTRIES_X_INDEX=ssh://git@a.example/x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var hosts []string
			for _, r := range newMachine(t, test.files, test.env...).registries() {
				hosts = append(hosts, r.Host)
				if r.From == "" || strings.Contains(r.From+r.Env, "SECRET") {
					t.Errorf("%+v", r)
				}
			}
			if !slices.Equal(hosts, strings.Fields(test.want)) {
				t.Errorf("got %v, want %s", hosts, test.want)
			}
			if _, err := parseRules(hosts); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRegistriesOfThisMachine(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "env"), []byte("GOPROXY=https://a.example"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := Registry{"a.example", filepath.Join(root, "env"), "GOPROXY=https://a.example"}
	if all := Registries([]string{"GOENV=" + want.From}); !slices.Contains(all, want) {
		t.Errorf("%v", all)
	}
}

// The tools inside have another HOME, and are told what was set in this one.
func TestRegistriesInside(t *testing.T) {
	m := newMachine(t, map[string]string{
		"home/.npmrc":               "registry=https://npm.example\n@scope:registry=https://scope.example",
		"home/.config/pip/pip.conf": "[global]\nindex-url = https://user:SECRET@pip.example\nextra-index-url = https://more.example",
		"home/.cargo/config.toml":   "[registries.my-corp]\nindex = 'https://cargo.example'\n[source.x]\nregistry = 'https://source.example'",
	}, "GOPROXY=https://npm.example/go,direct", "GOSUMDB=off")
	var env []string
	for _, r := range m.registries() {
		if r.Env != "" {
			env = append(env, r.Env)
		}
	}
	want := []string{
		"npm_config_registry=https://npm.example", "PIP_EXTRA_INDEX_URL=https://more.example",
		"GOPROXY=https://npm.example/go,direct", "CARGO_REGISTRIES_MY_CORP_INDEX=https://cargo.example",
	}
	if !slices.Equal(env, want) {
		t.Errorf("got  %q\nwant %q", env, want)
	}
}

func FuzzSettings(f *testing.F) {
	f.Add("registry=https://a.example\n [x]\n  y\n", true)
	f.Add("a:registry = 'https://u:p@a.example:443/x'", false)
	f.Add("[registries.x]\nindex='sparse+https://a.example'\n", false)
	f.Add("GOPROXY=https://a.example|https://b.example,direct\nGOSUMDB=x+y", false)
	f.Fuzz(func(t *testing.T, content string, continued bool) {
		for _, s := range append(pairs(content, continued), cargoSettings(content, "x")...) {
			hosts, _ := hostsIn(s)
			for _, host := range hosts {
				if name, err := parseName(host); err != nil || name != host {
					t.Errorf("%q names %q: %v", content, host, err)
				}
			}
		}
	})
}
