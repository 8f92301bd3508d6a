package sandbox

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// secretPatterns are files that only matter when we run as root: others cannot
// read them anyway. Most are found as private too; these lie deeper.
var secretPatterns = []string{
	"/etc/shadow*", "/etc/gshadow*", "/etc/sudoers", "/etc/security/opasswd*", "/etc/ssh/ssh_host_*_key", "/etc/ssl/private/*",
	"/etc/pki/tls/private/*", "/etc/pki/private/*", "/etc/letsencrypt/archive/*/privkey*", "/etc/letsencrypt/accounts/*/*/*/private_key.json",
	"/etc/apt/auth.conf", "/etc/apt/auth.conf.d/*", "/etc/krb5.keytab", "/etc/NetworkManager/system-connections/*", "/etc/wireguard/*",
	"/etc/docker/key.json", "/etc/kubernetes/*.conf", "/etc/kubernetes/pki/*.key", "/etc/kubernetes/pki/*/*.key", "/etc/rancher/*/*.yaml",
	"/etc/mysql/debian.cnf", "/etc/ppp/*-secrets", "/etc/ipsec.secrets", "/etc/openvpn/*/*.key",
	"/var/lib/kubelet/pki/*", "/var/cache/debconf/passwords.dat*", "/var/lib/cloud/instances/*/user-data.txt*", "/var/backups/*shadow*",
}

// privatePlaces are where it is looked for what is not for everybody, and how
// deep: deeper is more than a session's start is worth.
var privatePlaces = []struct {
	dir  string
	deep int
}{{"/etc", 3}, {"/usr/local/etc", 2}, {"/var", 2}, {"/opt", 2}, {"/srv", 2}, {"/boot", 1}}

// private returns what is not for everybody to read, but for us: what belongs
// to the machine and is closed is no tool. Of root's there is much.
func private() []string {
	var all []string
	for _, place := range privatePlaces {
		all = append(all, privateIn(place.dir, place.deep)...)
	}
	return all
}

func privateIn(dir string, deep int) []string {
	entries, _ := os.ReadDir(dir) // what we cannot list a tree cannot either
	var all []string
	for _, e := range entries {
		if !e.IsDir() && !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue
		}
		path := filepath.Join(dir, e.Name())
		stat, ok := info.Sys().(*syscall.Stat_t)
		switch rights := info.Mode().Perm(); {
		case !ok:
		case e.IsDir() && rights&0o005 == 0:
			if enters(stat) {
				all = append(all, path)
			}
		case e.IsDir() && deep > 1:
			all = append(all, privateIn(path, deep-1)...)
		case e.Type().IsRegular() && rights&0o004 == 0 && may(stat, 0o004):
			all = append(all, path)
		}
	}
	return all
}

// readable returns the files of patterns that this process may read.
func readable(patterns []string) []string {
	var files []string
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern) // the patterns are sound
		for _, name := range found {
			info, err := os.Lstat(name)
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			if file, err := os.Open(name); err == nil {
				file.Close()
				files = append(files, name)
			}
		}
	}
	return files
}

// isPlain says whether a path is a file, and no directory.
func isPlain(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type()&fs.ModeDir == 0
}
