package hands

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// pattern is a glob: * and ? and [...] within one part of a path, ** for any
// number of parts, {a,b} for either. Each entry is one alternative, split at
// its slashes.
type pattern [][]string

// maxAlternatives bounds what braces can blow a pattern up to.
const maxAlternatives = 256

// parsePattern reads a glob.
func parsePattern(text string) (pattern, error) {
	if len(text) > 4096 {
		return nil, errors.New("the pattern is too long")
	}
	plain, err := expand(text)
	if err != nil {
		return nil, err
	}
	var out pattern
	for _, p := range plain {
		parts := strings.Split(strings.TrimPrefix(path.Clean(p), "./"), "/")
		for _, part := range parts {
			if _, err := path.Match(part, "x"); err != nil {
				return nil, fmt.Errorf("the pattern %q is not valid at %q", text, part)
			}
		}
		out = append(out, collapse(parts))
	}
	return out, nil
}

// collapse makes one ** of several in a row.
func collapse(parts []string) []string {
	var out []string
	for _, part := range parts {
		if part == "**" && len(out) > 0 && out[len(out)-1] == "**" {
			continue
		}
		out = append(out, part)
	}
	return out
}

// expand returns text without braces: one text for each choice.
func expand(text string) ([]string, error) {
	done, todo := []string(nil), []string{text}
	for len(todo) > 0 {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		open, end, commas := braces(t)
		if end < 0 {
			done = append(done, t)
		} else {
			start := open + 1
			for _, comma := range append(commas, end) {
				todo = append(todo, t[:open]+t[start:comma]+t[end+1:])
				start = comma + 1
			}
		}
		if len(done)+len(todo) > maxAlternatives {
			return nil, errors.New("the pattern has too many alternatives in braces")
		}
	}
	return done, nil
}

// braces finds the first innermost pair of braces with a comma between them.
// end is -1 when there is none.
func braces(t string) (open, end int, commas []int) {
	open = -1
	for i := 0; i < len(t); i++ {
		switch t[i] {
		case '\\':
			i++
		case '{':
			open, commas = i, nil
		case ',':
			commas = append(commas, i)
		case '}':
			if open >= 0 && len(commas) > 0 {
				return open, i, commas
			}
			open, commas = -1, nil
		}
	}
	return 0, -1, nil
}

// match says whether the pattern matches a whole path.
func (p pattern) match(name string) bool {
	parts := strings.Split(name, "/")
	for _, alternative := range p {
		if matchParts(alternative, parts) {
			return true
		}
	}
	return false
}

// matchParts matches part by part. It goes back to the last ** alone, so that
// no pattern takes long.
func matchParts(pattern, parts []string) bool {
	p, s := 0, 0
	star, from := -1, 0
	for s < len(parts) {
		if p < len(pattern) && pattern[p] == "**" {
			star, from = p, s
			p++
			continue
		}
		if p < len(pattern) {
			if ok, _ := path.Match(pattern[p], parts[s]); ok {
				p++
				s++
				continue
			}
		}
		if star < 0 {
			return false
		}
		from++
		p, s = star+1, from
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}
