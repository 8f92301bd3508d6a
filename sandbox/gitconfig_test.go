package sandbox

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sampleSettings are configurations in all forms that git knows.
var sampleSettings = []string{
	"[core]\n\thooksPath = .husky/_\n",
	"[core] hooksPath=a b  ; why\n[include]\npath = x # y\n",
	"[CORE]\n\tHooksPath = \"a # b \" c \n[includeIf \"gitdir:~/\\\"x]\\\"/\"]\n\tpath = \"x\\ty\"\n",
	"[core]\n\thooksPath = a\\\nb\\\\c\n\tbare\n[a.B]\n\tc = d\n",
	"\ufeff[core]\r\n\thooksPath = a\r\n\tx = \r\n; c\n# d\n[e \"\"]f=\n",
	"[core]\n\thooksPath = end",
}

// What git reads of a configuration we read as well.
func TestParseSettings(t *testing.T) {
	for _, sample := range sampleSettings {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(sample), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := exec.Command("git", "config", "-z", "--list", "-f", file).Output()
		if err != nil {
			t.Fatalf("%q: %v", sample, err)
		}
		var want, got []string
		for one := range bytes.SplitSeq(bytes.TrimSuffix(list, []byte{0}), []byte{0}) {
			key, value, valued := strings.Cut(string(one), "\n")
			if !valued {
				value = "true"
			}
			first, last := key[:strings.Index(key, ".")], key[strings.LastIndex(key, ".")+1:]
			if first+"."+last != key {
				first += ".*"
			}
			want = append(want, first+"."+last+"="+value)
		}
		for _, s := range parseSettings([]byte(sample)) {
			got = append(got, s.key+"="+s.value)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", sample, got, want)
		}
	}
}

func FuzzParseSettings(f *testing.F) {
	for _, sample := range sampleSettings {
		f.Add([]byte(sample))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range parseSettings(data) {
			if s.key != strings.ToLower(s.key) {
				t.Errorf("%q: %q", data, s.key)
			}
		}
	})
}

func TestSettingPath(t *testing.T) {
	t.Setenv("HOME", "/home/x")
	for value, want := range map[string]string{
		"a/../b": "/base/b", "/a/./b": "/a/b", "~/a": "/home/x/a", "~y/a": "", "%(prefix)/a": "", "": "", ":(optional)a": "/base/a",
	} {
		if got := settingPath(value, "/base"); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}
