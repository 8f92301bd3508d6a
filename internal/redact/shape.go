package redact

import "strings"

// shape is how the keys of one kind look: how they begin, and what follows.
type shape struct {
	anchor string
	least  int // of bytes that follow; all that fit belong to the key
	fits   func(byte) bool
	dots   int  // so many dots at least are among them
	digit  bool // a digit is among them
	apart  bool // the anchor does not go on with a word
	keep   bool // the anchor is no secret
}

// shapes are the keys and tokens that can be told by their looks.
var shapes = [...]shape{
	{anchor: "sk-ant-", least: 10, fits: token},
	{anchor: "sk-proj-", least: 10, fits: token},
	{anchor: "sk-", least: 20, fits: token, digit: true, apart: true},
	{anchor: "sk_live_", least: 16, fits: token},
	{anchor: "rk_live_", least: 16, fits: token},
	{anchor: "ghp_", least: 20, fits: token},
	{anchor: "gho_", least: 20, fits: token},
	{anchor: "ghu_", least: 20, fits: token},
	{anchor: "ghs_", least: 20, fits: token},
	{anchor: "ghr_", least: 20, fits: token},
	{anchor: "github_pat_", least: 20, fits: token},
	{anchor: "glpat-", least: 16, fits: token},
	{anchor: "npm_", least: 30, fits: token, digit: true},
	{anchor: "xoxb-", least: 10, fits: token},
	{anchor: "xoxa-", least: 10, fits: token},
	{anchor: "xoxp-", least: 10, fits: token},
	{anchor: "xoxr-", least: 10, fits: token},
	{anchor: "xoxs-", least: 10, fits: token},
	{anchor: "AKIA", least: 16, fits: upper},
	{anchor: "ASIA", least: 16, fits: upper},
	{anchor: "AIza", least: 30, fits: token},
	{anchor: "eyJ", least: 20, fits: dotted, dots: 2},
	{anchor: "Bearer ", least: 16, fits: bearer, keep: true},
	{anchor: "bearer ", least: 16, fits: bearer, keep: true},
}

func upper(c byte) bool  { return c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' }
func token(c byte) bool  { return upper(c) || c >= 'a' && c <= 'z' || c == '_' || c == '-' }
func dotted(c byte) bool { return token(c) || c == '.' }
func bearer(c byte) bool { return dotted(c) || c == '~' || c == '+' || c == '/' || c == '=' }

// pairs tells with which two bytes an anchor begins, so that most of a text is
// looked at once.
type pairs [256][4]uint64

var beginnings = pairsOf(shapes[:])

func pairsOf(list []shape) (p pairs) {
	for _, s := range list {
		p[s.anchor[0]][s.anchor[1]>>6] |= 1 << (s.anchor[1] & 63)
	}
	return p
}

func (p *pairs) has(a, b byte) bool { return p[a][b>>6]&(1<<(b&63)) != 0 }

// knownKeys replaces all that has the shape of a key.
func knownKeys(text string) string {
	var b strings.Builder
	var failed [len(shapes)]int
	done := 0 // of text is in b
	for at := 0; at+1 < len(text); at++ {
		if !beginnings.has(text[at], text[at+1]) {
			continue
		}
		from, to := keyAt(text, at, &failed)
		if from == to {
			continue
		}
		b.WriteString(text[done:from])
		b.WriteString(Mark)
		done, at = to, to-1
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// keyAt finds the key that begins at a place; from is to when there is none.
// failed says up to where each shape has nothing: what follows an anchor and is
// no key holds no shorter key of the same shape.
func keyAt(text string, at int, failed *[len(shapes)]int) (from, to int) {
	for i := range shapes {
		s := &shapes[i]
		if at < failed[i] || !strings.HasPrefix(text[at:], s.anchor) {
			continue
		}
		from = at + len(s.anchor)
		for to = from; to < len(text) && s.fits(text[to]); {
			to++
		}
		switch {
		case !s.is(text, at, text[from:to]):
			failed[i] = to
		case s.keep:
			return from, to
		default:
			return at, to
		}
	}
	return at, at
}

// is says whether what follows the anchor at a place makes it a key.
func (s *shape) is(text string, at int, rest string) bool {
	return len(rest) >= s.least && strings.Count(rest, ".") >= s.dots &&
		(!s.digit || strings.ContainsAny(rest, "0123456789")) &&
		(!s.apart || at == 0 || !token(text[at-1]) || at > 1 && text[at-2] == '\\') // as in \n
}

// privateKeys replaces blocks of private keys, also one that has no end.
func privateKeys(text string) string {
	const begin, end, kind = "-----BEGIN ", "-----END ", "PRIVATE KEY"
	if !strings.Contains(text, begin) || !strings.Contains(text, kind) {
		return text
	}
	var b strings.Builder
	for {
		before, block, found := strings.Cut(text, begin)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		head, _, _ := strings.Cut(block, "-----")
		if len(head) > 40 || !strings.Contains(head, kind) {
			b.WriteString(begin)
			text = block
			continue
		}
		b.WriteString(Mark)
		_, after, _ := strings.Cut(block, end)
		var ended bool
		if _, text, ended = strings.Cut(after, "-----"); !ended {
			return b.String()
		}
	}
}
