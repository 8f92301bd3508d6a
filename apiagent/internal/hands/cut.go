package hands

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxText is how many characters of an output the model is shown.
const MaxText = 30_000

// Cut returns text as valid UTF-8. When it has more than limit characters the
// middle is left out, and a note says so.
func Cut(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	count := utf8.RuneCountInString(text)
	if count <= limit {
		return text
	}
	head, tail := first(text, limit/2), last(text, limit-limit/2)
	return head + note(int64(len(text)-len(head)-len(tail))) + tail
}

func note(bytes int64) string {
	return fmt.Sprintf("\n\n[... %d bytes are left out here; ask for less at a time, or filter ...]\n\n", bytes)
}

// first returns the first n characters of text.
func first(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

// last returns the last n characters of text.
func last(text string, n int) string {
	end := len(text)
	for ; n > 0 && end > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(text[:end])
		end -= size
	}
	return text[end:]
}

// collector keeps the beginning and the end of an output of any length.
type collector struct {
	head, tail []byte
	total      int64
}

// keep is how many bytes a collector keeps of each end: enough for half of
// MaxText whatever the characters.
const keep = MaxText / 2 * utf8.UTFMax

func (c *collector) Write(p []byte) (int, error) {
	n := len(p)
	c.total += int64(n)
	room := min(keep-len(c.head), n)
	c.head = append(c.head, p[:room]...)
	c.tail = append(c.tail, p[room:]...)
	if extra := len(c.tail) - keep; extra > keep {
		c.tail = append(c.tail[:0], c.tail[extra:]...)
	}
	return n, nil
}

// result returns what was collected, cut to MaxText characters.
func (c *collector) result() Result {
	kept := int64(len(c.head) + len(c.tail))
	if kept == c.total {
		text := string(c.head) + string(c.tail)
		return Result{Text: Cut(text, MaxText), Bytes: c.total}
	}
	head := first(strings.ToValidUTF8(string(c.head), "\uFFFD"), MaxText/2)
	tail := last(strings.ToValidUTF8(string(c.tail), "\uFFFD"), MaxText/2)
	return Result{Text: head + note(c.total-int64(len(head)+len(tail))) + tail, Bytes: c.total}
}
