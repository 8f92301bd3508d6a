package claudecode

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// How much of each string a shrunk line keeps, in bytes: the first while there
// is room, the second when half of maxLine is used.
const (
	longString  = 64 << 10
	shortString = 256
)

// shrinker copies JSON and leaves out the ends of its long strings, so that
// the result is small and still the same JSON otherwise. What is not JSON
// comes out cut somewhere. It keeps at most maxLine bytes.
type shrinker struct {
	out    []byte
	limit  int  // bytes kept of one string
	inside bool // a string
	escape int  // bytes of an escape sequence that are still to come
	kept   int  // bytes of this string
	full   bool // this string's rest is left out
}

func newShrinker(limit int) *shrinker { return &shrinker{limit: limit} }

// Write takes the next part of the text. It cannot fail.
func (s *shrinker) Write(p []byte) (int, error) {
	for i := 0; i < len(p) && len(s.out) < maxLine; i++ {
		if s.inside && s.full && s.escape == 0 {
			i += untilMark(p[i:])
			if i == len(p) {
				break
			}
		}
		s.take(p[i])
	}
	return len(p), nil
}

// untilMark returns how many bytes of p come before the first quote or
// backslash.
func untilMark(p []byte) int {
	if i := bytes.IndexByte(p, '"'); i >= 0 {
		p = p[:i]
	}
	if i := bytes.IndexByte(p, '\\'); i >= 0 {
		p = p[:i]
	}
	return len(p)
}

func (s *shrinker) take(b byte) {
	if !s.inside {
		s.out = append(s.out, b)
		if b == '"' {
			s.inside, s.full, s.kept = true, false, 0
			if len(s.out) > maxLine/2 {
				s.limit = min(s.limit, shortString)
			}
		}
		return
	}
	switch {
	case s.escape > 0:
		s.escape--
		if s.escape == 0 && b == 'u' {
			s.escape = 4
		}
	case b == '"':
		s.inside = false
		s.out = append(s.out, b)
		return
	case b == '\\':
		s.full = s.full || s.kept >= s.limit
		s.escape = 1
	default:
		s.full = s.full || s.kept >= s.limit && utf8.RuneStart(b)
	}
	if !s.full {
		s.out = append(s.out, b)
		s.kept++
	}
}

// shorten returns JSON whose strings have at most about limit bytes, or the
// same JSON when it is not longer than limit.
func shorten(raw json.RawMessage, limit int) json.RawMessage {
	if len(raw) <= limit {
		return raw
	}
	s := newShrinker(limit)
	s.Write(raw)
	if !json.Valid(s.out) {
		return nil
	}
	return s.out
}

// cutText returns the first part of s, at most limit bytes of whole
// characters.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
