package layout

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

// program is the command line program, and what its commands say of
// themselves.
type program struct {
	path  string
	pages map[string]string
}

// compile builds the program. It is built with the race detector when the tests
// are, since its packages are compiled so already then.
func compile(t *testing.T) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "autosession")
	args := []string{"build", "-o", path}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				args = append(args, "-race")
			}
		}
	}
	c := exec.Command("go", append(args, "./cmd/autosession")...)
	c.Dir = "../.."
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the program: %v\n%s", err, out)
	}
	return program{path: path, pages: map[string]string{}}
}

// help is the text that a command prints of itself; "" when there is no such
// command.
func (p program) help(command ...string) string {
	name := strings.Join(command, " ")
	if text, ok := p.pages[name]; ok {
		return text
	}
	out, err := exec.Command(p.path, append(command, "--help")...).CombinedOutput()
	text := string(out)
	usage := regexp.MustCompile(`(?m)^  autosession ` + regexp.QuoteMeta(name) + `( |$)`)
	if err != nil || !usage.MatchString(text) {
		text = ""
	}
	p.pages[name] = text
	return text
}

var (
	shell   = regexp.MustCompile("(?ms)^```(?:sh|console)\n(.*?)^```")
	flag    = regexp.MustCompile(`^--?[a-z][a-z-]*`)
	setting = regexp.MustCompile("`(--[a-z][a-z-]*)")
	plain   = regexp.MustCompile(`^[a-z]+$`)
)

// commandLines are the command lines of our program in a document: those
// quoted in the text and those in blocks of shell.
func commandLines(text string) [][]string {
	var lines []string
	for _, block := range shell.FindAllStringSubmatch(text, -1) {
		lines = append(lines, strings.Split(block[1], "\n")...)
	}
	for _, m := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		lines = append(lines, m[1])
	}
	var out [][]string
	for _, line := range lines {
		line, _, _ = strings.Cut(line, " #")
		words := strings.Fields(line)
		for i, w := range words {
			if (w == "autosession" || strings.HasSuffix(w, "/autosession")) && (i == 0 || words[i-1] == "run" || words[i-1] == "$") {
				out = append(out, words[i+1:])
			}
		}
	}
	return out
}

func TestDocsNameCommandsThatExist(t *testing.T) {
	p := compile(t)
	run := p.help("run")
	if run == "" {
		t.Fatal("run says nothing of itself")
	}
	seen := 0
	for name, text := range documents(t) {
		for _, words := range commandLines(text) {
			seen++
			checkCommand(t, p, name, words)
		}
		for _, m := range setting.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			if !strings.HasSuffix(name, "doc.go") && !offers(run, m[1]) && !p.anyOffers(m[1]) {
				t.Errorf("%s names the flag %s, which does not exist", name, m[1])
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d command lines are found in the documents", seen)
	}
}

func checkCommand(t *testing.T, p program, document string, words []string) {
	t.Helper()
	var command []string
	text := p.help()
	for _, w := range words {
		switch {
		case flag.MatchString(w):
			if f := flag.FindString(w); !offers(text, f) {
				t.Errorf("%s: autosession %s has no flag %s", document, strings.Join(command, " "), f)
			}
		case len(command) < 2 && plain.MatchString(w):
			further := p.help(append(command, w)...)
			switch {
			case further != "":
				command, text = append(command, w), further
			case len(command) == 0:
				t.Errorf("%s: there is no command autosession %s", document, w)
				return
			}
		}
	}
}

// offers says whether a help text lists a flag.
func offers(text, flag string) bool {
	return regexp.MustCompile(`(?m)^ +(-\w, )?` + regexp.QuoteMeta(flag) + `( |,|$)`).MatchString(text)
}

// anyOffers looks at all the other commands.
func (p program) anyOffers(flag string) bool {
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z]+) `).FindAllStringSubmatch(p.help(), -1) {
		if offers(p.help(m[1]), flag) {
			return true
		}
	}
	return false
}
