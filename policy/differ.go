package policy

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// What stands here are the places where the parser and bash are known to read
// the same text in two ways. Such text is refused.

// oddText is unquoted text that the parser and bash take differently: a comment
// that ends in a backslash, and a # right after a bracket or a line that goes on.
var oddText = regexp.MustCompile("(?:^|[\\s;&|()<>`])(#)[^\\n]*\\\\\\n|[)\\]}](#)|\\\\\\n(#)")

func (j *judge) oddities(file *syntax.File) {
	if strings.Contains(j.src, "#") {
		j.oddComments(file)
	}
	if strings.Contains(j.src, "<<") {
		syntax.Walk(file, j.oddHeredoc)
	}
	if strings.Contains(j.src, "((") {
		syntax.Walk(file, j.oddArithmetic)
	}
}

func (j *judge) oddComments(file *syntax.File) {
	for from := 0; ; {
		m := oddText.FindStringSubmatchIndex(j.src[from:])
		if m == nil {
			return
		}
		at := from + max(m[2], m[4], m[6])
		if !quotedAt(file, uint(at)) {
			j.refuse(refusal{rule: "P1", part: j.src[max(at-10, 0):min(at+30, len(j.src))], why: "has a # that can be read in two ways",
				instead: "put a comment on a line of its own, and no backslash at its end"})
			return
		}
		from = at + 1
	}
}

// oddHeredoc refuses a here-document that holds a line which ends it: for bash
// it ends there, whatever is still open; for the parser it goes on. In $( )
// bash also takes a line that begins with the word and has a bracket later.
func (j *judge) oddHeredoc(n syntax.Node) bool {
	r, ok := n.(*syntax.Redirect)
	if !ok || r.Hdoc == nil {
		return true
	}
	delim := bareText(r.Word)
	left := len(j.text(r.Hdoc))
	for line := range strings.Lines(j.text(r.Hdoc)) {
		if left -= len(line); left == 0 {
			break // the span ends with the line that ends it
		}
		line = strings.TrimSuffix(line, "\n")
		if r.Op == syntax.DashHdoc {
			line = strings.TrimLeft(line, "\t")
		}
		if line == delim || strings.HasPrefix(line, delim) && strings.Contains(line, ")") {
			j.refuse(refusal{rule: "P1", part: j.text(r.Word), why: "ends the here-document earlier than it seems",
				instead: "choose another word to end it"})
			return false
		}
	}
	return true
}

// quotedAt says that an offset lies in quoted text or in a here-document.
func quotedAt(file *syntax.File, at uint) bool {
	found := false
	within := func(n syntax.Node) bool { return n.Pos().Offset() <= at && at < n.End().Offset() }
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.SglQuoted:
			found = found || within(n)
		case *syntax.DblQuoted:
			found = found || within(n) && !insideSubst(n, at)
		case *syntax.Redirect:
			found = found || n.Hdoc != nil && within(n.Hdoc) && !insideSubst(n.Hdoc, at)
		}
		return !found
	})
	return found
}

// insideSubst says that an offset lies in a command that quoted text holds.
func insideSubst(quoted syntax.Node, at uint) bool {
	inside := false
	syntax.Walk(quoted, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst, *syntax.ProcSubst:
			inside = inside || n.Pos().Offset() <= at && at < n.End().Offset()
			return false
		}
		return true
	})
	return inside
}

// quotesInQuotes refuses single quotes within ${ } between double quotes or in
// a here-document: for bash they may be plain text, and what they hold runs.
func (j *judge) quotesInQuotes(p *syntax.ParamExp) {
	syntax.Walk(p, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst, *syntax.ProcSubst:
			return false
		case *syntax.SglQuoted:
			if n.Dollar || strings.ContainsAny(n.Value, "$`\"\\}") {
				j.refuse(refusal{rule: "P1", part: j.text(p), why: "holds single quotes that bash reads as plain text", instead: "use a variable"})
			}
		}
		return true
	})
}

// bareText is the literal text of a word without its quotes, as in the word
// that ends a here-document.
func bareText(w *syntax.Word) string {
	var b strings.Builder
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			var f fields
			f.unquoted(p.Value)
			b.WriteString(unglob(f.cur))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				if l, ok := q.(*syntax.Lit); ok {
					b.WriteString(inDouble(l.Value))
				}
			}
		}
	}
	return b.String()
}

// oddBackticks refuses what is quoted, escaped or commented between backticks:
// bash looks for the second backtick first and at the quotes afterwards.
func (j *judge) oddBackticks(c *syntax.CmdSubst) {
	if !c.Backquotes {
		return
	}
	from, to := int(c.Left.Offset())+1, int(c.Right.Offset())
	if from > to || to > len(j.src) || strings.ContainsAny(j.src[from:to], "`\\#") || strings.Contains(j.src[from:to], "<<") {
		j.refuse(refusal{rule: "P1", part: j.text(c), why: "has more between its backticks than can be read in one way", instead: "use $( )"})
	}
}

// oddExpansion refuses a process substitution within ${ }, which the parser
// takes as text.
func (j *judge) oddExpansion(p *syntax.ParamExp) {
	syntax.Walk(p, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst, *syntax.ProcSubst:
			return false
		case *syntax.Lit:
			if strings.Contains(n.Value, "<(") || strings.Contains(n.Value, ">(") {
				j.refuse(refusal{rule: "P1", part: j.text(p), why: "has a process substitution within ${ }", instead: "use a variable"})
			}
		}
		return true
	})
}

// plainFile is a word after >& that bash may expand twice without harm.
var plainFile = regexp.MustCompile(`^[A-Za-z0-9_./+-]+$`)

// nestedSubshell begins a line with (( and has one plain command list up to the
// next bracket, which is not doubled: for bash that is no arithmetic.
var nestedSubshell = regexp.MustCompile(`(?m)^([ \t]*\()\(([^()#<\\` + "`" + `]*)\)([^)]|$)`)

// spaceSubshells writes ((a) b) as ( (a) b), which the parser understands.
func spaceSubshells(text string) string {
	if !strings.Contains(text, "((") {
		return text
	}
	return nestedSubshell.ReplaceAllStringFunc(text, func(s string) string {
		m := nestedSubshell.FindStringSubmatch(s)
		if strings.Count(m[2], `"`)%2 != 0 || strings.Count(m[2], "'")%2 != 0 {
			return s
		}
		return m[1] + " " + s[len(m[1]):]
	})
}

// oddArithmetic refuses arithmetic whose end bash could see elsewhere: it
// counts brackets before it knows what is quoted.
func (j *judge) oddArithmetic(n syntax.Node) bool {
	switch n.(type) {
	case *syntax.ArithmExp, *syntax.ArithmCmd:
	default:
		return true
	}
	syntax.Walk(n, func(in syntax.Node) bool {
		bad := false
		switch in := in.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			text := j.text(in)
			bad = strings.Contains(text, "))") || strings.Count(text, "(") != strings.Count(text, ")")
		case *syntax.Redirect:
			bad = in.Hdoc != nil
		}
		if bad {
			j.refuse(refusal{rule: "P1", part: j.text(n), why: "is arithmetic whose end can be read in two ways", instead: "run the command first and use its output"})
		}
		return !bad
	})
	return true
}
