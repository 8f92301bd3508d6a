package policy

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autosession/autosession"
)

var (
	differTexts = flag.Int("differ", 20000, "how many random texts TestBashRunsWhatWasSeen makes up")
	differSeed  = flag.Uint64("differ-seed", 1, "seed of the random texts")
)

// TestBashRunsWhatWasSeen runs commands that the policy allows in a real bash,
// in a throw-away sandbox where every program is a stub that writes down how
// it was called. bash may run nothing that the policy has not seen, with no
// other arguments than it has seen.
func TestBashRunsWhatWasSeen(t *testing.T) {
	p := testPolicy(t)
	var texts []string
	add := func(s string) {
		if p.Command(s, autosession.Continue).Allow && !strings.Contains(s, "while true") && !strings.Contains(s, "until [ -f") { // those wait for ever
			texts = append(texts, s)
		}
	}
	for _, name := range caseFiles {
		for _, c := range readCases(t, name) {
			add(c.Command)
		}
	}
	for _, list := range everyday {
		for _, c := range list {
			add(c)
		}
	}
	for _, r := range rulesByName {
		for _, c := range r.allow {
			add(fill.Replace(c))
		}
	}
	fixed := len(texts)
	rng := rand.New(rand.NewPCG(*differSeed, 7))
	for range *differTexts {
		if s := randomText(rng); strings.Contains(s, "evil") {
			add(s)
		}
	}
	t.Logf("%d known texts, %d random ones", fixed, len(texts)-fixed)
	for i, ran := range runInBash(t, texts) {
		seen := seenCalls(p.Explain(texts[i], autosession.Continue).Parts)
		for _, call := range ran {
			known := func(s []string) bool { return sameCall(s, call) }
			if slices.ContainsFunc(seen, known) {
				continue
			}
			if len(call) > 1 && call[0] == "time" {
				call = call[1:] // after a pipe bash takes time as a program; the policy saw what it runs
			}
			if !slices.ContainsFunc(seen, known) {
				t.Errorf("bash ran %q, which the policy has not seen, in\n%s\nseen: %q", call, texts[i], seen)
			}
		}
	}
}

// randomText puts together pieces of shell syntax that are often read in two
// ways. "evil" is a program that the policy never allows.
func randomText(rng *rand.Rand) string {
	if rng.IntN(2) == 0 {
		return nestedText(rng, 3)
	}
	var b strings.Builder
	for range 2 + rng.IntN(9) {
		b.WriteString(randomPieces[rng.IntN(len(randomPieces))])
		if rng.IntN(3) == 0 {
			b.WriteString(" ")
		}
	}
	return b.String()
}

// nestedText puts pieces where they may be code, quoted text or a comment.
func nestedText(rng *rand.Rand, depth int) string {
	if depth == 0 || rng.IntN(5) == 0 {
		return randomPieces[rng.IntN(len(randomPieces))]
	}
	in := make([]string, 2)
	for i := range in {
		in[i] = nestedText(rng, depth-1)
		for rng.IntN(3) == 0 {
			in[i] += nestedText(rng, depth-1)
		}
	}
	return strings.NewReplacer("@1", in[0], "@2", in[1]).Replace(randomFrames[rng.IntN(len(randomFrames))])
}

var randomFrames = []string{
	"echo \"@1\" @2", "echo '@1' @2", "echo @1 @2", "x=@1; echo $x", "x='@1'; echo \"${x:-@2}\"", "echo ${x:-@1}", "echo ${x#@1}", "echo \"${x%@1}\"", "echo ${x/@1/@2}", "echo \"${x/@1/@2}\"", "echo \"${x:=@1}\"", "echo ${x:@1}", "echo $((@1))", "echo $((1 + @1))",
	"cat <<E\n@1\nE\necho @2", "cat <<'E'\n@1\nE\necho @2", "cat <<-E\n\t@1\n\tE\necho @2", "cat <<\\E\n@1\nE\n", "cat <<E; echo @2\n@1\nE\n", "cat <<E <<F\n@1\nE\n@2\nF\n", "echo \"$(cat <<'E'\n@1\nE\n)\" @2", "cat <<E\n${x:-@1}\nE", "cat <<E\n$(echo @1)\nE", "cat <<< @1",
	"# @1\necho @2", "echo x # @1\necho @2", "echo x #@1\\\necho @2", "[[ @1 ]]", "[[ x == @1 ]]", "[[ x =~ @1 ]]", "[ @1 ]", "case @1 in @2) echo;; esac", "case x in (@1|@2) echo;; *) ls;; esac", "if [ x ]; then echo @1; fi", "for i in @1; do echo @2; done", "while false; do echo @1; done",
	"$(echo @1)", "echo $(echo @1)", "echo `echo @1`", "echo \"`echo @1`\"", "echo <(echo @1)", "(echo @1)", "{ echo @1; }", "echo @1 | ls @2", "echo @1 && ls", "echo @1 & ls", "! echo @1", "time ls @1", "a=(@1 @2); echo ${a[@]}", "a[@1]=@2", "a+=@1", "((x = @1))", "echo {@1,@2}", "echo $'@1'", "echo $\"@1\"", "echo \\@1", "ls @1\\\n@2", "export x=@1", "echo > /tmp/@1", "read x <<< @1", "echo ${#@1}", "echo ~@1", "printf '@1' @2", "echo @1; echo @2", "echo \"@1'@2'\"", "echo '@1'\"@2\"", "x=\"@1\" y='@2' ls", "echo ${x:-'@1'}", "echo \"${x:-'@1'}\"", "echo \"${x:-\"@1\"}\"", "echo ${x:-\"@1\"}", "echo $[@1]", "echo @1;@2", "((echo @1) @2)", "((@1)\n@2)", "((echo @1); echo @2)",
}

var randomPieces = []string{
	"evil", "evil", "evil x", " evil ", "\nevil\n", ";evil;", "ls ", "echo ", "echo ", "ls", "true", "x", "a", "'", "'", "\"", "\"", "`", "\\", "\\\n", "\n", "\n", " ", ";", "&", "|", "&&", "||", "(", ")", "$(", "$(evil)", "`evil`",
	"{", "}", " { ", "; }", "((", "))", "$((", "[[ ", " ]]", "[ ", " ]", "#", " # ", "<<E\n", "<<'E'\n", "<<-E\n", "\nE\n", "E", "<<<", "<(", ">(", "> x", "2>&1", "${x:-", "${x#", "${x/", "${x", "$x", "$", "${#", "$'", "$\"", "\\'", "\\\"", "\\$", "\\`",
	"if ", " then ", " fi", "while ", " do ", " done", "for i in ", "case x in ", " x) ", ";;", " esac", "x=", "x=(", "a[", "]", "!", "! ", "time ", "*", "?", "~", "{a,", ",b}", "=", "+", "-", "0", "1", ":", "%", "@", "^", ",", "\t", "coproc ", "function ", "x() ", "select ", "in", "echo \"$(", "echo '$(", "cat <<E\n", "$[", "\r",
}

// sameCall compares what the policy saw with what bash ran. An argument that
// was not fully known ends the comparison.
func sameCall(seen, ran []string) bool {
	if seen[0] != ran[0] && filepath.Base(seen[0]) != ran[0] {
		return false
	}
	for _, a := range seen[1:] {
		if strings.ContainsAny(a, "*?[") || strings.Contains(a, "<") || strings.Contains(a, "$!") {
			return true
		}
	}
	return slices.Equal(seen[1:], ran[1:])
}

func seenCalls(parts []*Part) [][]string {
	var out [][]string
	for _, p := range parts {
		if p.Program != "" {
			out = append(out, append([]string{p.Program}, p.Args...))
		}
		out = append(out, seenCalls(p.Parts)...)
	}
	return out
}

const bashPrelude = `command_not_found_handle() { printf '%s\0' "$@" $'\2' >> "$__ran"; }`

// bashStub prints what the policy knows that a program prints.
const bashStub = `#!/real/bash
printf '%s\0' "${0##*/}" "$@" $'\2' >> "$__ran"
case "${0##*/} $*" in
dirname*) [[ $1 == */* ]] && printf '%s\n' "${1%/*}" || printf '.\n' ;;
basename*) __name=${1##*/} && printf '%s\n' "${__name%"$2"}" ;;
"git rev-parse --show-toplevel") printf '%s\n' "` + "$__project" + `" ;;
esac
`

const bashDriver = `cd /cases
for f in [0-9]*; do
	(
		cd ` + testProject + `
		IFS= read -r -d '' prelude < /cases/prelude
		IFS= read -r -d '' text < /cases/$f
		exec </dev/null >/dev/null 2>&1
		ulimit -t 2
		export __ran=/log/$f __project=` + testProject + `
		exec /real/bash --noprofile --norc -c "$prelude
$text"
	)
done
exit 0
`

// runInBash runs each text in a bash of its own and returns the calls of
// programs that it made.
func runInBash(t *testing.T, texts []string) [][][]string {
	t.Helper()
	bwrap, err := exec.LookPath("bwrap")
	if err != nil {
		t.Fatal("this test runs commands in a sandbox: install bubblewrap (bwrap)")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal("this test runs commands in bash: install bash")
	}
	dir := t.TempDir()
	for _, d := range []string{"bin", "cases", "log", "app/src"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string, mode fs.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for name := range rulesByName {
		if !strings.Contains(name, "/") && name != "." && name != ":" {
			write("bin/"+name, bashStub, 0o755)
		}
	}
	write("cases/prelude", bashPrelude, 0o644)
	for i, s := range texts {
		write(fmt.Sprintf("cases/%06d", i), s, 0o644)
	}
	write("driver", bashDriver, 0o644)
	for _, f := range []string{"feature_list.json", "package.json", "src/app.js", "src/b.js"} {
		write("app/"+f, "{}\n", 0o644)
	}
	args := []string{"--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", testHome,
		"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", testHome, "--ro-bind", bash, "/real/bash",
		"--ro-bind", filepath.Join(dir, "bin"), "/usr/bin", "--ro-bind", filepath.Join(dir, "bin"), "/bin", "--ro-bind", filepath.Join(dir, "bin"), "/usr/local/bin",
		"--ro-bind", filepath.Join(dir, "cases"), "/cases", "--bind", filepath.Join(dir, "log"), "/log", "--bind", filepath.Join(dir, "app"), testProject,
		"--ro-bind", filepath.Join(dir, "driver"), "/driver"}
	for _, lib := range []string{"/usr/lib", "/usr/lib64", "/lib", "/lib64"} {
		if to, err := os.Readlink(lib); err == nil {
			args = append(args, "--symlink", to, lib)
		} else if _, err := os.Stat(lib); err == nil {
			args = append(args, "--ro-bind", lib, lib)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bwrap, append(args, "/real/bash", "/driver")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot run bash in a sandbox: %v\n%s\nthis test needs a bubblewrap that can make user namespaces", err, out)
	}
	return readRuns(t, dir, len(texts))
}

func readRuns(t *testing.T, dir string, n int) [][][]string {
	out := make([][][]string, n)
	total := 0
	for i := range out {
		b, err := os.ReadFile(filepath.Join(dir, "log", fmt.Sprintf("%06d", i)))
		if err != nil {
			continue // it ran no program
		}
		for rec := range bytes.SplitSeq(b, []byte("\x00\x02\x00")) {
			if len(rec) > 0 {
				out[i] = append(out[i], strings.Split(string(rec), "\x00"))
				total++
			}
		}
	}
	if total < 100 {
		t.Fatalf("only %d programs ran in %d texts: the sandbox does not work", total, n)
	}
	return out
}
