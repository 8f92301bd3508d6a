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
	for _, c := range readCases(t, "sample.jsonl") {
		add(c.Command)
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
		for _, w := range []string{"(@\n)", "( @\n)", "@\nls -la", "echo start\n@", "  @\n\n", "# a comment\n@"} {
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

// hardTexts are made to be slow or deep.
func hardTexts() map[string]string {
	full := func(s string) string { return strings.Repeat(s, maxText/len(s)) }
	deep := func(a, b string, n int) string { return strings.Repeat(a, n) + "ls" + strings.Repeat(b, n) }
	return map[string]string{
		"subshells":    deep("(", ")", 30000),
		"substs":       deep("$(", ")", 20000),
		"braces":       deep("{ ", ";}", 15000),
		"if":           full("if "),
		"not":          full("! "),
		"while":        full("while :; do "),
		"quotes":       full("\"$(echo "),
		"defaults":     full("${x:-"),
		"expansion":    "echo " + strings.Repeat("{1..99}", 40),
		"sequence":     "echo {1..999999999}",
		"loops":        strings.Repeat("for i in {1..60}; do ", 40) + "ls" + strings.Repeat("; done", 40),
		"variables":    func() string { return strings.ReplaceAll(full("aX=1;bX=$aX;"), "X", "z") }(),
		"many names":   manyNames(),
		"branches":     full("if ls; then x=1; fi;"),
		"basename":     deep("$(basename ", ")", 60),
		"doubling":     "x=a;" + strings.Repeat("x=$x$x;", 60) + "echo $x",
		"stars":        "case " + strings.Repeat("a", 30000) + " in " + strings.Repeat("*a", 10000) + ") ls;; esac",
		"cut":          "x=" + strings.Repeat("a", 30000) + "; echo ${x%%" + strings.Repeat("*a", 8000) + "b}",
		"globs":        "rm " + full("*a*"),
		"heredocs":     "cat" + strings.Repeat(" <<E", 3000) + "\n" + strings.Repeat("E\n", 3000),
		"comments":     full("# \\\n"),
		"backticks":    full("`"),
		"arithmetic":   "echo $((" + full("(")[:20000] + "))",
		"commands":     full("ls;"),
		"pipes":        full("ls|") + "ls",
		"too long":     strings.Repeat("ls;", maxText),
		"cds":          full("cd a;"),
		"cd branches":  full("cd a||cd b;"),
		"arrays":       "a=(" + full("x ")[:60000] + "); " + strings.Repeat("a+=(\"${a[@]}\");", 40),
		"sed":          "sed '" + full("s/a/b/;")[:60000] + "' x",
		"awk":          "awk '" + full("{print}")[:60000] + "' x",
		"case":         "case x in " + full("a) ls;; ")[:60000] + "esac",
		"or":           full("ls||"),
		"redirections": "ls " + full(">a "),
	}
}

func manyNames() string {
	var b strings.Builder
	for i := range 4000 {
		b.WriteString("v" + strings.Repeat("a", i%13) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + "=1;")
	}
	return b.String()
}

// TestHardTexts judges what is made to be slow. How long each took is the
// benchmark's to say; here it is enough that all of them end, and none that is
// cut short is allowed.
func TestHardTexts(t *testing.T) {
	p := testPolicy(t)
	for name, s := range hardTexts() {
		r := p.judgeText(s, autosession.Continue, nil) // a panic fails
		if len(s) > maxText && r == nil {
			t.Errorf("%s: allowed with %d bytes", name, len(s))
		}
		if r != nil && r.why == "" {
			t.Errorf("%s: no reason", name)
		}
	}
}

func FuzzCommand(f *testing.F) {
	p := testPolicy(f)
	allowed, denied := corpus(f, p)
	for i, s := range append(allowed, denied...) {
		if i%7 == 0 {
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
	for b.Loop() {
		parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
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
