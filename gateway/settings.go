package gateway

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// What each tool reads, what counts most first.

func (m machine) npm() []setting {
	names := func(key string) bool { return key == "registry" || strings.HasSuffix(key, ":registry") }
	var found []setting
	for _, v := range m.env {
		name, value, _ := strings.Cut(v, "=")
		if key, ok := strings.CutPrefix(strings.ToLower(name), "npm_config_"); ok && names(key) {
			found = append(found, setting{key, value, npmVariable(key), name})
		}
	}
	user := cmp.Or(m.get("npm_config_userconfig"), m.get("NPM_CONFIG_USERCONFIG"), m.home(".npmrc"))
	machines := cmp.Or(m.get("npm_config_globalconfig"), m.get("NPM_CONFIG_GLOBALCONFIG"), m.beside("node", "etc/npmrc"))
	for _, path := range []string{user, machines, filepath.Join(m.root, "etc/npmrc")} {
		for _, s := range pairs(read(path), false) {
			if names(s.key) {
				found = append(found, setting{s.key, os.Expand(s.value, m.get), npmVariable(s.key), path})
			}
		}
	}
	return found
}

// npmVariable is the variable for a setting of npm's, if its name is one that
// every program can hand on.
func npmVariable(key string) string {
	if key == "registry" {
		return "npm_config_registry"
	}
	return ""
}

func (m machine) pip() []setting {
	variables := map[string]string{"index-url": "PIP_INDEX_URL", "extra-index-url": "PIP_EXTRA_INDEX_URL"}
	var found []setting
	for _, key := range slices.Sorted(maps.Keys(variables)) {
		if value := m.get(variables[key]); value != "" {
			found = append(found, setting{key, value, variables[key], variables[key]})
		}
	}
	paths := []string{m.get("PIP_CONFIG_FILE"), m.config("pip/pip.conf"), m.home(".pip/pip.conf"), m.home("Library/Application Support/pip/pip.conf")}
	for _, dir := range filepath.SplitList(cmp.Or(m.get("XDG_CONFIG_DIRS"), filepath.Join(m.root, "etc/xdg"))) {
		paths = append(paths, filepath.Join(dir, "pip/pip.conf"))
	}
	for _, path := range append(paths, filepath.Join(m.root, "etc/pip.conf")) {
		for _, s := range pairs(read(path), true) {
			if key := strings.ReplaceAll(strings.ToLower(s.key), "_", "-"); variables[key] != "" {
				found = append(found, setting{key, s.value, variables[key], path})
			}
		}
	}
	return found
}

func (m machine) golang() []setting {
	keys := []string{"GOPROXY", "GOSUMDB"}
	var found []setting
	for _, key := range keys {
		if value := m.get(key); value != "" {
			found = append(found, setting{key, value, key, key})
		}
	}
	own := m.beside("go", "go.env")
	if root := m.get("GOROOT"); root != "" {
		own = filepath.Join(root, "go.env")
	}
	for _, path := range []string{cmp.Or(m.get("GOENV"), m.config("go/env")), own} {
		for _, s := range pairs(read(path), false) {
			if slices.Contains(keys, s.key) && s.value != "" {
				found = append(found, setting{s.key, s.value, s.key, path})
			}
		}
	}
	return found
}

func (m machine) cargo() []setting {
	var found []setting
	for _, v := range m.env {
		name, value, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "CARGO_REGISTRIES_") && strings.HasSuffix(name, "_INDEX") {
			found = append(found, setting{name, value, name, name})
		}
	}
	dir := cmp.Or(m.get("CARGO_HOME"), m.home(".cargo"))
	for _, name := range []string{"config.toml", "config"} {
		path := filepath.Join(dir, name)
		found = append(found, cargoSettings(read(path), path)...)
	}
	return found
}

// cargoSettings reads a configuration of cargo's. One that is no TOML says
// nothing.
func cargoSettings(content, from string) []setting {
	type registry struct {
		Index    any `toml:"index"`
		Registry any `toml:"registry"`
	}
	var c struct {
		Registries map[string]registry `toml:"registries"`
		Source     map[string]registry `toml:"source"`
		Registry   registry            `toml:"registry"`
	}
	if toml.Unmarshal([]byte(content), &c) != nil {
		return nil
	}
	var found []setting
	add := func(kind string, tables map[string]registry) {
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			key := "CARGO_" + kind + "_" + strings.ReplaceAll(strings.ToUpper(name), "-", "_") + "_INDEX"
			variable := key
			if kind != "REGISTRIES" {
				variable = ""
			}
			for _, value := range []any{tables[name].Index, tables[name].Registry} {
				if s, ok := value.(string); ok {
					found = append(found, setting{key, s, variable, from})
				}
			}
		}
	}
	add("REGISTRIES", c.Registries)
	add("SOURCE", c.Source)
	add("REGISTRY", map[string]registry{"": c.Registry})
	return found
}

// pairs reads the lines NAME = VALUE of a file in the manner of INI, whatever
// its sections. Where lines can be continued, one that begins with a space
// belongs to the one before.
func pairs(content string, continued bool) []setting {
	var found []setting
	for line := range strings.Lines(content) {
		text := strings.TrimSpace(line)
		if text == "" || strings.ContainsAny(text[:1], "#;[") {
			continue
		}
		if continued && (line[0] == ' ' || line[0] == '\t') && len(found) > 0 {
			found[len(found)-1].value += " " + text
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			key, value, _ = strings.Cut(text, ":")
		}
		found = append(found, setting{key: strings.TrimSpace(key), value: strings.Trim(strings.TrimSpace(value), `"'`)})
	}
	return found
}
