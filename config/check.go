package config

import (
	"fmt"
	"net/netip"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inspect says what is wrong with a value of the right type, and the fix.
func (s Setting) inspect(field any) (text, fix string) {
	if n, ok := size(field); ok {
		return s.inspectSize(field, n)
	}
	check := s.check
	if check == nil {
		check = plainText
	}
	for _, item := range texts(field) {
		if len(s.Choices) > 0 {
			if slices.Contains(s.Choices, item) {
				continue
			}
			fix = "write one of " + strings.Join(s.Choices, ", ")
			if near := Nearest(item, s.Choices); near != "" {
				fix = fmt.Sprintf("did you mean %s? It is one of %s", near, strings.Join(s.Choices, ", "))
			}
			return "is none of its values", fix
		}
		if _, isList := field.(*[]string); isList && item == "" {
			return "an item of the list is empty", "remove it"
		}
		if text = check(item); text == "" {
			continue
		}
		if _, isList := field.(*[]string); isList {
			text = fmt.Sprintf("item %s %s", clip(quote(item)), text)
		}
		return text, "correct it, or leave the setting out: " + s.summary()
	}
	return "", ""
}

func (s Setting) inspectSize(field any, n float64) (text, fix string) {
	smallest, largest := s.bound(s.Min), s.bound(s.Max)
	least, _ := size(smallest)
	most, _ := size(largest)
	if n >= least && n <= most {
		return "", ""
	}
	fix = fmt.Sprintf("write %s from %s to %s", withArticle(typeName(field)), bare(smallest), bare(largest))
	if s.Zero != "" {
		fix += "; 0 is " + s.Zero
	}
	if n < least {
		return "is too small", fix
	}
	return "is too large", fix
}

// bound reads Min or Max.
func (s Setting) bound(text string) any {
	field := s.field(new(Config))
	if !store(field, literal{text: text}) {
		panic(fmt.Sprintf("config: the bound %q of %s is no %s", text, s.Name, typeName(field)))
	}
	return field
}

// bare writes a value without the quotes of TOML.
func bare(field any) string { return strings.Trim(format(field), `"`) }

// Checks of texts say what is wrong, as the end of a sentence, or nothing.

// plainText is one line of visible characters, or nothing.
func plainText(s string) string {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "holds a control character or a line break"
	}
	return validText(s)
}

func validText(s string) string {
	if !utf8.ValidString(s) {
		return "is not valid UTF-8"
	}
	if len(s) > 4096 {
		return "is longer than 4096 bytes"
	}
	return ""
}

// commandText may have several lines.
func commandText(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return "holds a control character"
	}
	return validText(s)
}

func needed(s string) string {
	if s == "" {
		return "is empty"
	}
	return plainText(s)
}

func modelName(s string) string {
	if strings.ContainsFunc(s, unicode.IsSpace) {
		return "holds a space"
	}
	return needed(s)
}

func toolName(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ',' }) {
		return "is no name of a tool: it holds a space or a comma"
	}
	return plainText(s)
}

// programName may be followed by a subcommand.
func programName(s string) string {
	name, sub, two := strings.Cut(s, " ")
	if two && (name == "" || sub == "" || sub[0] == '-') || strings.ContainsFunc(sub, unicode.IsSpace) {
		return "is no name of a program, nor a program and its subcommand"
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) && r != ' ' || strings.ContainsRune("*?[]$`'\"|&;<>(){}", r)
	}) {
		return "is no name of a program: it holds a character of the shell"
	}
	return plainText(s)
}

// notesPath keeps us from writing where something is run from.
func notesPath(s string) string {
	if s == "" {
		return "is empty"
	}
	if !filepath.IsLocal(s) || path.Clean(s) != s {
		return "is no plain path inside the project"
	}
	for part := range strings.SplitSeq(s, "/") {
		if strings.HasPrefix(part, ".") {
			return "names a hidden file or directory"
		}
	}
	if slices.Contains([]string{"feature_list.json", FileName, "app_spec.txt", "init.sh"}, s) {
		return "is the name of a file that has another use"
	}
	return plainText(s)
}

func projectGlob(s string) string {
	if strings.HasPrefix(s, "!") {
		return "begins with !, and nothing can be taken out again"
	}
	if !filepath.IsLocal(s) {
		return "is no path inside the project"
	}
	if _, err := path.Match(s, ""); err != nil {
		return "is no sound glob: a bracket or a backslash has no end"
	}
	return plainText(s)
}

func hostName(s string) string {
	name := strings.TrimPrefix(s, ".")
	switch _, err := netip.ParseAddr(strings.Trim(name, "[]")); {
	case err == nil:
		return "is an address, and only names are looked up"
	case strings.Contains(name, "/"):
		return "is no host name: write it without scheme and path"
	case strings.Contains(name, ":"):
		return "is no host name: write it without a port"
	case strings.Contains(name, "*"):
		return "is no host name: write .example.org for all below example.org"
	case len(name) > 253 || name == "":
		return "is no host name"
	}
	for label := range strings.SplitSeq(name, ".") {
		if !hostLabel(label) {
			return "is no host name: its parts are of letters, digits and dashes"
		}
	}
	if strings.HasPrefix(s, ".") && !strings.Contains(name, ".") {
		return "would permit a whole top-level domain"
	}
	return ""
}

func hostLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}
