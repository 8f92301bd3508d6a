package git

import (
	"bytes"
	"strings"
)

// rule is one line of an ignore file.
type rule struct {
	pattern  string
	negated  bool // what matches is not ignored
	dirOnly  bool
	basename bool // matches the last part of the path, in any directory
	literal  int  // so many bytes at the start of pattern are no wildcards
}

// ruleFile is one ignore file: its rules count below base, which is "" or ends
// with a slash. The last that matches wins.
type ruleFile struct {
	base  string
	rules []rule
}

// parseRules reads an ignore file by git's rules. Nothing in it is an error.
func parseRules(base string, content []byte) ruleFile {
	f := ruleFile{base: base}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	for line := range strings.SplitSeq(string(content), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if nul := strings.IndexByte(line, 0); nul >= 0 {
			line = line[:nul]
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if r, ok := parseRule(trimSpaces(line)); ok {
			f.rules = append(f.rules, r)
		}
	}
	return f
}

func parseRule(line string) (rule, bool) {
	var r rule
	line, r.negated = strings.CutPrefix(line, "!")
	line, r.dirOnly = strings.CutSuffix(line, "/")
	r.basename = !strings.Contains(line, "/")
	r.pattern = strings.TrimPrefix(line, "/")
	r.literal = strings.IndexAny(r.pattern, `*?[\`)
	if r.literal < 0 {
		r.literal = len(r.pattern)
	}
	return r, r.pattern != ""
}

// trimSpaces drops the spaces at the end that no backslash keeps.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
		case '\\':
			i++
			end = min(i+1, len(line))
		default:
			end = i + 1
		}
	}
	return line[:end]
}

// matches says whether the rule is about name, a path below the rule's base.
func (r rule) matches(name string, dir bool) bool {
	if r.dirOnly && !dir {
		return false
	}
	if r.basename {
		name = name[strings.LastIndexByte(name, '/')+1:]
		if r.literal == len(r.pattern) {
			return name == r.pattern
		}
		return wildmatch(r.pattern, name, false)
	}
	// The part without wildcards is cut off first, as git does: a ** that
	// follows it stands at the start of a pattern then.
	if !strings.HasPrefix(name, r.pattern[:r.literal]) {
		return false
	}
	return wildmatch(r.pattern[r.literal:], name[r.literal:], true)
}

// ignores is the ignore files that count in one directory, the weakest first.
type ignores []ruleFile

// match says whether path is ignored by itself. A path in an ignored directory
// is ignored too; the caller knows that it came through one.
func (ig ignores) match(path string, dir bool) bool {
	for i := len(ig) - 1; i >= 0; i-- {
		name, below := strings.CutPrefix(path, ig[i].base)
		if !below {
			continue
		}
		for j := len(ig[i].rules) - 1; j >= 0; j-- {
			if ig[i].rules[j].matches(name, dir) {
				return !ig[i].rules[j].negated
			}
		}
	}
	return false
}

// with returns the files that count in the directory of f.
func (ig ignores) with(f ruleFile) ignores {
	if len(f.rules) == 0 {
		return ig
	}
	return append(ig[:len(ig):len(ig)], f)
}
