package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxText is how long a command may be, in bytes.
const maxText = 64 << 10

// screen judges the raw text, before anything is parsed: a person who reads a
// command and the shell that runs it must see the same.
func screen(text string) *refusal {
	if len(text) > maxText {
		return &refusal{rule: "P1", why: fmt.Sprintf("the command has %d bytes, more than %d", len(text), maxText),
			instead: "write long content with the Write tool, or split the command"}
	}
	if strings.HasSuffix(text, `\`) {
		return &refusal{rule: "P1", why: "the command ends in a backslash", instead: "finish it"}
	}
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return &refusal{rule: "P1", why: "the command is not valid UTF-8", instead: "write it as plain text"}
			}
		}
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || hidden(r) {
			return &refusal{rule: "P1", why: fmt.Sprintf("the command holds the control or invisible character U+%04X", r),
				instead: "remove it; a newline and a tab are fine"}
		}
	}
	return nil
}

// hidden says that a reader does not see a character, or sees it elsewhere
// than the shell does.
func hidden(r rune) bool {
	switch {
	case r >= 0x80 && r <= 0x9f, // C1 controls
		r == 0xad,                  // soft hyphen
		r == 0x61c,                 // Arabic letter mark
		r == 0x180e,                // Mongolian vowel separator
		r >= 0x200b && r <= 0x200f, // zero width, direction marks
		r >= 0x2028 && r <= 0x202e, // line separators, embeddings
		r >= 0x2060 && r <= 0x206f, // joiners, isolates
		r == 0xfeff,                // byte order mark
		r >= 0xfff9 && r <= 0xfffb, // annotations
		r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}
