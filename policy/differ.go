package policy

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// What stands here are the places where the parser and bash are known to read
// the same text in two ways. Such text is refused.

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

// oddComments refuses unquoted text that the parser and bash take differently:
// a comment that ends in a backslash, and a # right after a bracket or after a
// line that goes on.
func (j *judge) oddComments(file *syntax.File) {
	var quoted []bool
	at := 0
	for line := range strings.Lines(j.src) {
		goesOn := strings.HasSuffix(line, "\\\n")
		for i := range len(line) {
			if line[i] != '#' || !oddHash(j.src[:at+i], goesOn) {
				continue
			}
			if quoted == nil {
				quoted = quotedText(file, len(j.src))
			}
			if !quoted[at+i] {
				j.refuse(refusal{rule: "P1", part: j.src[max(at+i-10, 0):min(at+i+30, len(j.src))], why: "has a # that can be read in two ways",
					instead: "put a comment on a line of its own, and no backslash at its end"})
				return
			}
		}
		at += len(line)
	}
}

// oddHash says that a # after this text is odd. goesOn says that its line ends
// in a backslash.
func oddHash(before string, goesOn bool) bool {
	if before == "" {
		return goesOn
	}
	switch last := before[len(before)-1]; {
	case strings.IndexByte(")]}", last) >= 0, strings.HasSuffix(before, "\\\n"):
		return true
	default:
		return goesOn && strings.IndexByte(" \t\n;&|(<>`", last) >= 0
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

// quotedText says of each byte whether it lies in quoted text or in a
// here-document, and not in a command that these hold.
func quotedText(file *syntax.File, size int) []bool {
	quoted := make([]bool, size)
	paint := func(n syntax.Node, as bool) {
		for i := n.Pos().Offset(); i < min(n.End().Offset(), uint(size)); i++ {
			quoted[i] = as
		}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
			paint(n, true)
		case *syntax.CmdSubst, *syntax.ProcSubst:
			paint(n, false)
		case *syntax.Redirect:
			if n.Hdoc != nil {
				paint(n.Hdoc, true)
			}
		}
		return true
	})
	return quoted
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
			b.WriteString(unglob(f.arg()))
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
	syntax.Walk(n, func(in syntax.Node) bool { // and all arithmetic in it
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
	return false
}
