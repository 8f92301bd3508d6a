package config

import (
	"bytes"
	"fmt"
	"strings"
)

// Markdown is docs/configuration.md: every setting, by theme, made from the
// table.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString(introduction)
	theme := ""
	for _, s := range Settings() {
		if s.Theme != theme {
			theme = s.Theme
			fmt.Fprintf(&b, "\n## %s\n", theme)
		}
		b.WriteString(s.markdown())
	}
	return b.Bytes()
}

func (s Setting) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### `%s`\n\n%s\n\n", s.Name, s.Help)
	fmt.Fprintf(&b, "- Value: %s\n", s.valueInWords())
	fmt.Fprintf(&b, "- Default: %s\n", s.defaultInWords())
	fmt.Fprintf(&b, "- Also: `--%s`, `%s`\n", s.Flag(), s.Env())
	fmt.Fprintf(&b, "- Project file: %s\n", s.trustInWords())
	return b.String()
}

func (s Setting) valueInWords() string {
	words := s.Type()
	if len(s.Choices) > 0 {
		words = "one of `" + strings.Join(s.Choices, "`, `") + "`"
	}
	if s.path != noPath {
		words = strings.NewReplacer("text", "path").Replace(words)
	}
	if s.Min != "" {
		words += fmt.Sprintf(", from %s to %s", bare(s.bound(s.Min)), bare(s.bound(s.Max)))
	}
	if s.Zero != "" {
		words += "; 0 is " + s.Zero
	}
	return words
}

func (s Setting) defaultInWords() string {
	if s.Default == "" {
		return "none"
	}
	value := s.bound(s.Default)
	if n, _ := size(value); s.Zero != "" && n == 0 {
		return s.Zero
	}
	return "`" + bare(value) + "`"
}

func (s Setting) trustInWords() string {
	switch {
	case s.Trust == Free:
		return "sets it"
	case s.Trust == Permits:
		return "only when trusted"
	case s.adds():
		return "adds to it"
	case s.Type() == "true or false":
		return "may turn it on; off only when trusted"
	case s.floor > 0:
		return "may raise it; less only when trusted"
	}
	return "may lower it; more only when trusted"
}

const introduction = `<!-- Made from the table in config/settings.go by: go test ./config -run TestDocs -update -->

# Configuration

Nothing here must be set: every setting has a default. ` + "`autosession config`" + ` shows each one with its value
and where that came from.

## Where settings come from

From the weakest to the strongest; the last one that says something wins.

| layer | where | who writes it |
|---|---|---|
| defaults | the program | |
| the person's file | ` + "`$XDG_CONFIG_HOME/autosession/config.toml`, else `~/.config/autosession/config.toml`" + ` | you |
| the project's file | ` + "`autosession.toml`" + ` in the project's root | whoever made the project |
| environment | ` + "`AUTOSESSION_` and the name in upper case" + ` | you |
| flags | ` + "`--` and the name with dashes" + ` | you |

` + "`protect` and `deny`" + ` are different: what the layers name adds up, and no layer takes back what another forbids.

## How to write them

Both files are TOML, without tables: one ` + "`name = value`" + ` below the other.

` + "```toml" + `
model = "claude-sonnet-4-5-20250929"
max_cost = 20
continue_delay = "3s"
protect = ["tests/**", ".github"]
verify = "go test ./..."
` + "```" + `

- A duration is a text such as ` + "`\"90s\"` or `\"1h30m\"`" + `, or a number of seconds.
- A list in the environment is written with commas (` + "`a,b`" + `) or as in a file (` + "`[\"a\", \"b\"]`" + `). A flag for a
  list may be given several times.
- A variable that is empty counts as not set. A flag with an empty value empties a text or a list.
- A relative path in a file starts from that file's directory, elsewhere from the directory you are in.
  ` + "`~/`" + ` is your home.
- A configuration file is a regular file of at most 1 MiB. The project's file may not be a link.

Everything is checked before anything starts. All problems are reported together, each with its place, the nearest
name that exists, and what to do.

## Trust

Who made a project also wrote its ` + "`autosession.toml`" + `, and opening a cloned project must not run or permit
anything. Until you accept the file with ` + "`autosession trust`" + `, it may set what is harmless and make limits stricter.
All else in it is ignored, and you are told. Acceptance is for the file as it is: when it changes, you are asked again.
Each setting below says what the project's file may do with it.

Some variables with this prefix are no settings: ` + "`AUTOSESSION_STATE` (where state is kept), `AUTOSESSION_SESSION`\nand `AUTOSESSION_TREE`" + ` (set inside sessions).
`
