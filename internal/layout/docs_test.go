package layout

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// documents are what must be true of the code. Paths in them start at the
// module's directory or at the document's. Prompts speak of other projects, and
// decisions of what was not taken.
func documents(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range append(files(t, "*.md"), "doc.go") {
		if !strings.HasPrefix(name, "prompts/") && !strings.HasPrefix(name, "docs/decisions/") {
			out[name] = read(t, name)
		}
	}
	return out
}

var (
	fenced     = regexp.MustCompile("(?ms)^```.*?^```")
	quoted     = regexp.MustCompile("`([^`\n]+)`")
	docLink    = regexp.MustCompile(`\[\*?([A-Z][\w.]*|[a-z]\w*\.[A-Z][\w.]*)\]`)
	markdown   = regexp.MustCompile(`\]\(([^)\s#]+)[^)]*\)`)
	identifier = regexp.MustCompile(`^\*?([A-Za-z]\w*(\.[A-Za-z]\w*)*)(\(\))?$`)
	hump       = regexp.MustCompile(`[a-z][A-Z]`)
	shout      = regexp.MustCompile(`^[A-Z0-9_]+$`)
)

// kindOf says what a quoted word of a document must be: a path or an
// identifier of ours, or anything.
func kindOf(word string) string {
	switch ext := path.Ext(word); {
	case strings.ContainsAny(word, " ~$<>*=:,{}\"'…") || strings.HasPrefix(word, "/") || strings.HasPrefix(word, "-") || strings.HasPrefix(word, "..."):
		return ""
	case strings.Contains(word, "/"), ext == ".go", ext == ".md":
		return "path"
	case ext == ".txt" || ext == ".json" || ext == ".toml" || ext == ".db" || ext == ".sh" || ext == ".jsonl" || shout.MatchString(word):
		return "" // files of a project or of its state, variables of the environment
	}
	m := identifier.FindStringSubmatch(word)
	if m == nil {
		return ""
	}
	first := m[1][0]
	if m[2] != "" || m[3] != "" || hump.MatchString(word) || first >= 'A' && first <= 'Z' {
		return "identifier"
	}
	return "" // a plain word: a setting, a command, a reason
}

func TestDocsKinds(t *testing.T) {
	for word, want := range map[string]string{
		"loop.go": "path", "cmd/autosession/wire.go": "path", "sandbox/": "path", "docs/lifecycle.md": "path",
		"~/.local/state": "", "feature_list.json": "", "go test ./...": "", "ANTHROPIC_API_KEY": "",
		"Loop": "identifier", "Session.Close": "identifier", "takeStock": "identifier", "closing.commit": "identifier",
		"apiagent.Agent": "identifier", "hold()": "identifier",
		"complete": "", "limit-iterations": "", "--once": "", "max_turns": "", "claude": "",
	} {
		if got := kindOf(word); got != want {
			t.Errorf("%s is %q, want %q", word, got, want)
		}
	}
}

func TestDocsNameWhatExists(t *testing.T) {
	known := index(t)
	for name, text := range documents(t) {
		words := quoted.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1)
		for _, m := range words {
			checkWord(t, known, name, m[1])
		}
		for _, m := range markdown.FindAllStringSubmatch(text, -1) {
			if strings.HasSuffix(name, ".md") && !strings.Contains(m[1], ":") && !exists(t, name, m[1]) {
				t.Errorf("%s links to %s, which does not exist", name, m[1])
			}
		}
		if strings.HasSuffix(name, ".go") {
			for _, m := range docLink.FindAllStringSubmatch(text, -1) {
				if !known.declared(m[1]) {
					t.Errorf("%s names [%s], which does not exist", name, m[1])
				}
			}
		}
	}
}

func checkWord(t *testing.T, known names, document, word string) {
	t.Helper()
	switch kindOf(word) {
	case "path":
		if !exists(t, document, word) {
			t.Errorf("%s names the path %s, which does not exist", document, word)
		}
	case "identifier":
		if name := identifier.FindStringSubmatch(word)[1]; !known.declared(name) {
			t.Errorf("%s names %s, which does not exist", document, name)
		}
	}
}

func exists(t *testing.T, document, name string) bool {
	t.Helper()
	for _, p := range []string{path.Clean(name), path.Join(path.Dir(document), name)} {
		_, err := fs.Stat(root, p)
		if err == nil {
			return true
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) {
			t.Fatal(err)
		}
	}
	return false
}
