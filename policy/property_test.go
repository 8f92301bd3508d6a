package policy

import (
	"strings"
	"testing"
	"testing/synctest"

	"mvdan.cc/sh/v3/syntax"
	"pgregory.net/rapid"

	"github.com/autosession/autosession"
)

// corpus is every command that a test knows, by its verdict.
func corpus(t testing.TB, p *Policy) (allowed, denied []string) {
	add := func(s string) {
		switch v := p.Command(s, autosession.Continue); {
		case v.Allow:
			allowed = append(allowed, s)
		case v.Rule != "P1": // what does not parse may do so with a further line
			denied = append(denied, s)
		}
	}
	for _, name := range caseFiles {
		for _, c := range readCases(t, name) {
			add(c.Command)
		}
	}
	for _, list := range everyday {
		for _, c := range list {
			add(c)
		}
	}
	for _, list := range attacks {
		for _, c := range list {
			add(fill.Replace(c))
		}
	}
	return allowed, denied
}

// wrappings change nothing about what a command does that is bad.
var wrappings = []string{"(@\n)", "( @\n )", "{ @\n}", "if true; then @\nfi", "if @\nthen :; fi", "echo \"$(@\n)\"", "echo $(@\n)", "cat <(@\n)", "@ # a comment", "  @", "@\n", "\n\n@\n\n", "# first\n@", "ls\n@", "@\nls", "true; @", "@\necho done\n",
	"! { @\n}", "while @\ndo break; done", "for i in 1 2; do @\ndone", "case x in x) @\n;; esac", "{ @\n} > /dev/null", "x=$(@\n)", "true && { @\n}", "false || { @\n}", "{ @\n} &", "echo x | { @\n}", "cat <<END_\n$(@\n)\nEND_"}

func TestWrappingNeverAllows(t *testing.T) {
	p := testPolicy(t)
	_, denied := corpus(t, p)
	for _, c := range denied {
		for _, w := range wrappings {
			text := strings.Replace(w, "@", c, 1)
			if p.Command(text, autosession.Continue).Allow {
				t.Errorf("allowed when wrapped: %q", text)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(denied).Draw(t, "command")
		for range rapid.IntRange(1, 4).Draw(t, "depth") {
			text = strings.Replace(rapid.SampledFrom(wrappings).Draw(t, "wrapping"), "@", text, 1)
		}
		if p.Command(text, autosession.Continue).Allow {
			t.Fatalf("allowed when wrapped: %q", text)
		}
	})
}

func TestWrappingKeepsAllowed(t *testing.T) {
	p := testPolicy(t)
	allowed, _ := corpus(t, p)
	for _, c := range allowed {
		if len(c) > maxText/2 || strings.HasPrefix(c, "#") {
			continue // nothing but a comment is no command list
		}
		for _, w := range []string{"(@\n)", "( @\n)", "@ # a comment", "{ @\n}", "if true; then @\nfi", "@\nls -la", "echo start\n@", "  @\n\n", "# a comment\n@"} {
			if strings.HasPrefix(w, "(@") && strings.HasPrefix(c, "((") || strings.HasPrefix(w, "@ #") && strings.Contains(c, "\n") {
				continue // this is another command: ((( is no arithmetic, and a comment may end up in a here-document
			}
			if v := p.Command(strings.Replace(w, "@", c, 1), autosession.Continue); !v.Allow {
				t.Errorf("denied when wrapped in %q: %s\n  %s", w, cut(c), v.Reason)
			}
		}
	}
}

// TestAllowedTogether joins allowed commands: one that leaves the directory or
// ends the shell may change what the next one means, so only the rest is joined.
func TestAllowedTogether(t *testing.T) {
	p := testPolicy(t)
	allowed, _ := corpus(t, p)
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(allowed).Draw(t, "first")
		b := rapid.SampledFrom(allowed).Draw(t, "second")
		if strings.HasPrefix(a, "#") || strings.HasPrefix(b, "#") {
			return
		}
		if v := p.Command("( "+a+"\n)\n( "+b+"\n)", autosession.Continue); !v.Allow {
			t.Fatalf("denied together: %s", v.Reason)
		}
	})
}

func FuzzCommand(f *testing.F) {
	p := testPolicy(f)
	allowed, denied := corpus(f, p)
	for i, s := range append(allowed, denied...) {
		if i%29 == 0 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := p.judgeText(s, autosession.Continue, nil) // a panic fails
		if r != nil {
			if r.reason() == "" || len(r.reason()) > 800 {
				t.Errorf("reason %q", r.reason())
			}
			return
		}
		if _, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(s), ""); err != nil {
			t.Errorf("allowed, but it does not parse: %v", err)
		}
		if e := p.Explain(s, autosession.Continue); !e.Verdict.Allow {
			t.Errorf("allowed, but explained as denied: %s", e)
		}
	})
}

// TestJudgeTogether uses one policy from many goroutines.
func TestJudgeTogether(t *testing.T) {
	p := testPolicy(t)
	allowed, denied := corpus(t, p)
	synctest.Test(t, func(t *testing.T) {
		for range 4 {
			go func() {
				for _, s := range allowed[:100] {
					if !p.Command(s, autosession.Continue).Allow {
						t.Errorf("denied: %s", s)
					}
				}
				for _, s := range denied[:100] {
					if p.Command(s, autosession.Continue).Allow {
						t.Errorf("allowed: %s", s)
					}
				}
			}()
		}
		synctest.Wait()
	})
}

func BenchmarkVerdict(b *testing.B) {
	p := testPolicy(b)
	cases := readCases(b, "sample.jsonl")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		p.Command(cases[n%len(cases)].Command, autosession.Continue)
		n++
	}
}

func BenchmarkParseOnly(b *testing.B) {
	cases := readCases(b, "sample.jsonl")
	b.ReportAllocs()
	n := 0
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	for b.Loop() {
		parser.Parse(strings.NewReader(cases[n%len(cases)].Command), "")
		n++
	}
}

func BenchmarkHard(b *testing.B) {
	p := testPolicy(b)
	for name, s := range hardTexts() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Command(s, autosession.Continue)
			}
		})
	}
}
