package gateway

import (
	"cmp"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Registry is a host from which this machine's own package managers fetch.
type Registry struct {
	Host string // for [Options].Hosts
	From string // the file or the variable that names it
	// Env hands the setting to the tool inside, whose HOME is another one:
	// NAME=value. "" where no variable can, or where the setting has the name
	// or the password of a user in it.
	Env string
}

// Registries reads which hosts the settings of npm, pip, go and cargo name: in
// their variables in environ (NAME=value, as os.Environ gives them) and in the
// files of the person, who is found by HOME, and of the machine. A project's
// own files are not read. What is not set is not known: a registry that is
// built into a tool is not among them, nor is one that needs another port than
// 80 or 443. Tools that fetch from the same host each name it.
func Registries(environ []string) []Registry {
	return machine{root: "/", env: environ}.registries()
}

// machine is where settings are looked for.
type machine struct {
	root string // of the machine's own files
	env  []string
}

// setting is one that may name registries.
type setting struct {
	key, value string
	variable   string // that says the same to the tool; "" is none
	from       string
}

func (m machine) registries() []Registry {
	var all []Registry
	for _, tool := range [][]setting{m.npm(), m.pip(), m.golang(), m.cargo()} {
		var settled []string
		for _, s := range tool { // the first one that says something counts
			if slices.Contains(settled, s.key) {
				continue
			}
			settled = append(settled, s.key)
			hosts, open := hostsIn(s)
			for _, host := range hosts {
				r := Registry{Host: host, From: s.from}
				if open && s.variable != "" {
					r.Env = s.variable + "=" + s.value
				}
				all = append(all, r)
			}
		}
	}
	return all
}

// hostsIn returns the hosts of the URLs in a setting's value, and whether
// anybody may read the value.
func hostsIn(s setting) (hosts []string, open bool) {
	parts := strings.FieldsFunc(s.value, func(r rune) bool { return r <= ' ' || r == ',' || r == '|' })
	if s.key == "GOSUMDB" && len(parts) == 1 && parts[0] != "off" {
		// The name of a database is its host, with or without its key.
		name, _, _ := strings.Cut(parts[0], "+")
		parts[0] = "https://" + name
	}
	for _, part := range parts {
		if host, ok := registryHost(part); ok {
			hosts = append(hosts, host)
		}
	}
	return hosts, !strings.ContainsAny(s.value, "@\x00")
}

// registryHost is the host of a registry's URL, if it can be reached through
// a gateway.
func registryHost(s string) (host string, ok bool) {
	s = strings.Trim(s, `"'`)
	for _, kind := range []string{"sparse+", "registry+", "git+"} {
		s = strings.TrimPrefix(s, kind)
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" {
		return "", false
	}
	t, err := parseTarget(u.Hostname()+":"+cmp.Or(u.Port(), "443"), "")
	return t.host, err == nil
}

// get returns a variable, or "".
func (m machine) get(name string) string {
	for _, v := range m.env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// home is a path below the person's home, or "".
func (m machine) home(name string) string {
	if home := m.get("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, name)
	}
	return ""
}

// config is a path below the person's directory of settings, or "".
func (m machine) config(name string) string {
	if dir := m.get("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, name)
	}
	return m.home(filepath.Join(".config", name))
}

// beside is a path from the directory above the one in which a program of PATH
// lies, or "".
func (m machine) beside(program, name string) string {
	for _, dir := range filepath.SplitList(m.get("PATH")) {
		file := filepath.Join(dir, program)
		if real, err := filepath.EvalSymlinks(file); filepath.IsAbs(dir) && err == nil {
			return filepath.Join(filepath.Dir(filepath.Dir(real)), name)
		}
	}
	return ""
}

// maxSettings is more than any file of settings has, in bytes.
const maxSettings = 1 << 20

// read returns a file of settings; one that cannot be read is empty.
func read(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSettings))
	if err != nil {
		return ""
	}
	return string(content)
}
