package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/autosession/autosession"
)

// hardTexts are made to be slow or deep.
func hardTexts() map[string]string {
	full := func(s string) string { return strings.Repeat(s, maxText/len(s)) }
	most := func(s string) string { return full(s)[:60000/len(s)*len(s)] }
	deep := func(a, b string, n int) string { return strings.Repeat(a, n) + "ls" + strings.Repeat(b, n) }
	return map[string]string{
		"subshells":    deep("(", ")", 30000),
		"substs":       deep("$(", ")", 20000),
		"groups":       deep("{ ", ";}", 15000),
		"if":           full("if "),
		"not":          full("! "),
		"while":        full("while :; do "),
		"quotes":       full("\"$(echo "),
		"defaults":     full("${x:-"),
		"expansion":    "echo " + strings.Repeat("{1..99}", 40),
		"sequence":     "echo {1..999999999}",
		"open braces":  "echo " + most("{a,"),
		"loops":        strings.Repeat("for i in {1..60}; do ", 40) + "ls" + strings.Repeat("; done", 40),
		"long loop":    "for i in {1..60}; do echo " + most("ls ") + "; done",
		"escapes loop": "for i in {1..4000}; do echo " + most("a\\$") + "; done",
		"variables":    most("az=1;bz=$az;"),
		"many names":   manyNames(),
		"one name":     "echo " + most("$x"),
		"branches":     full("if ls; then x=1; fi;"),
		"basename":     deep("$(basename ", ")", 60),
		"doubling":     "x=a;" + strings.Repeat("x=$x$x;", 60) + "echo $x",
		"stars":        "case " + strings.Repeat("a", 30000) + " in " + strings.Repeat("*a", 10000) + ") ls;; esac",
		"cut":          "x=" + strings.Repeat("a", 30000) + "; echo ${x%%" + strings.Repeat("*a", 8000) + "b}",
		"globs":        "rm " + most("*a*"),
		"long glob":    "rm " + most("[a]*"),
		"long path":    "cat " + most("a/") + "*",
		"paths":        "cat " + most("a/b/c "),
		"heredocs":     "cat" + strings.Repeat(" <<E", 3000) + "\n" + strings.Repeat("E\n", 3000),
		"one heredoc":  "cat <<E\n" + most("$(ls) ") + "\nE",
		"comments":     full("# \\\n"),
		"no comments":  "echo '" + most("# \\\n") + "'",
		"hashes":       "echo " + most("')#'"),
		"escapes":      most("evil\\$"),
		"backticks":    full("`"),
		"brackets":     "echo $((" + full("(")[:20000] + "))",
		"ternaries":    "echo $((" + most("a ? ") + "))",
		"sums":         "echo $((1" + most("+1") + "))",
		"nested sums":  "echo " + deep("$((1+", "))", 100),
		"commands":     full("ls;"),
		"no commands":  full(":;"),
		"pipes":        full("ls|") + "ls",
		"or":           full("ls||"),
		"tests":        "[[ a" + most(" && a") + " ]]",
		"too long":     strings.Repeat("ls;", maxText),
		"cds":          full("cd a;"),
		"cd branches":  full("cd a||cd b;"),
		"arrays":       "a=(" + most("x ") + "); " + strings.Repeat("a+=(\"${a[@]}\");", 40),
		"sed":          "sed '" + most("s/a/b/;") + "' x",
		"sed brackets": "sed 's/" + most("[") + "/b/' x",
		"awk":          "awk '" + most("{print}") + "' x",
		"awk patterns": "awk '" + most("(/[") + "' x",
		"awk comments": "awk '" + most("#x\n") + "' x",
		"case":         "case x in " + most("a) ls;; ") + "esac",
		"redirections": "ls " + full(">a "),
		"assigned":     strings.Repeat("a=1 ", 7000) + strings.Repeat(">a ", 7000),
		"find":         "find " + strings.Repeat("a ", 4000) + strings.Repeat("-exec ls {} + ", 3000),
		"xargs":        "xargs -I a echo " + most("a"),
		"tilde":        "x=(" + most("~ ") + ")",
	}
}

func manyNames() string {
	var b strings.Builder
	for i := range 4000 {
		b.WriteString("v" + strings.Repeat("a", i%13) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + "=1;")
	}
	return b.String()
}

// TestHardTexts judges what is made to be slow. Work is counted, not time: the
// benchmark tells what that takes.
func TestHardTexts(t *testing.T) {
	p := testPolicy(t)
	for name, s := range hardTexts() {
		work, r := p.judgeCounted(s, autosession.Continue, nil) // a panic fails
		if work > maxSpent+1 {
			t.Errorf("%s: %d steps of work", name, work)
		}
		if (len(s) > maxText || work > maxSpent) && r == nil {
			t.Errorf("%s: allowed with %d bytes and %d steps", name, len(s), work)
		}
		if r != nil && r.why == "" {
			t.Errorf("%s: no reason", name)
		}
	}
}

// workFrames are where a repeated piece of text may stand.
var workFrames = []string{"@", "echo @", "echo \"@\"", "echo '@'", "x='@'; echo ${x%%*b}", "sed '@' x", "awk '@' x", "rm @", "(( 1 @ ))", "[[ a @ ]]", "for i in {1..60}; do echo @; done", "cat <<E\n@\nE", "x=(@)", "case @ in a) ls;; esac", "ls > @", "echo ${x:-@}"}

// TestWorkGrowsWithTheText repeats pieces of syntax. Twice the text is twice the
// work, or four times where each part is compared with each.
func TestWorkGrowsWithTheText(t *testing.T) {
	p := testPolicy(t)
	for _, piece := range randomPieces {
		for _, frame := range workFrames {
			work := func(bytes int) (int, bool) {
				n, r := p.judgeCounted(strings.Replace(frame, "@", strings.Repeat(piece, bytes/len(piece)), 1), autosession.Continue, nil)
				return n, r == nil
			}
			once, _ := work(1000)
			twice, allowed := work(2000)
			if twice > maxSpent+1 || allowed && twice > 5*once {
				t.Errorf("%q in %q: %d steps, and %d for twice the text", piece, frame, once, twice)
			}
		}
	}
}

// TestDeepTexts refuses what is nested deeply, and not what only looks so.
func TestDeepTexts(t *testing.T) {
	p := testPolicy(t)
	for _, pair := range []string{"( |)", "$(|)", "{ |;}", "if |; then :; fi", "while |; do :; done", "\"$(echo |)\"", "<(|)", "echo ${x:-$(|)}", "echo $((1+|))", "! |"} {
		open, shut, _ := strings.Cut(pair, "|")
		for _, n := range []int{300, 3000} {
			checkCase(t, p, fmt.Sprintf("%d times %s", n, pair), strings.Repeat(open, n)+"wget x"+strings.Repeat(shut, n), false)
		}
	}
	for name, s := range longTexts() {
		checkCase(t, p, name, s, true)
		checkCase(t, p, name+" and one more", s+"\nwget x", false)
	}
}

// longTexts are long, and as harmless as each of their lines.
func longTexts() map[string]string {
	join := func(n int, sep, format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = strings.ReplaceAll(format, "#", fmt.Sprint(i))
		}
		return strings.Join(parts, sep)
	}
	return map[string]string{
		"words":      "echo " + join(3000, " ", "w#"),
		"lines":      join(1000, "\n", "echo line #"),
		"list":       join(500, "; ", "echo #"),
		"and":        join(300, " && ", "test -f a#"),
		"and or":     join(200, " || ", "test -f a# && echo #"),
		"pipe":       join(200, " | ", "cat"),
		"program":    "cat > big.py <<'EOF'\n" + join(600, "\n", "def f#(x):\n    if x:\n        for i in range(3):\n            print('({[')") + "\nEOF",
		"brackets":   "cat > big.json <<'EOF'\n" + strings.Repeat("{\"a\":[", 700) + "\nEOF",
		"keywords":   "cat > big.txt <<'EOF'\n" + strings.Repeat("if ( while { for [ case \n", 2000) + "EOF",
		"hashes":     "cat > x.md <<'EOF'\n" + strings.Repeat("- it's (a) `b` $(c) # d \\\n", 2000) + "EOF",
		"message":    "git commit -m '" + strings.Repeat("word; ", 3000) + "'",
		"script":     "node -e '" + strings.Repeat("console.log(1);", 3000) + "'",
		"dirs":       "mkdir -p " + join(1500, " ", "src/d#/e"),
		"files":      "touch " + join(2000, " ", "src/f#.ts"),
		"heredocs":   join(300, "\n", "cat > src/f#.ts <<'EOF'\nexport const x# = `#`;\nEOF"),
		"loop":       "for i in " + join(1000, " ", "#") + "; do echo $i; done",
		"sequence":   "for i in {1..1000}; do echo $i > /tmp/f$i; done",
		"variables":  join(200, "\n", "A#=#") + "\necho $A1",
		"branches":   strings.Repeat("if [ -f a ]; then echo a; fi\n", 500),
		"quotes":     "echo '" + join(1000, "'\\''", "x") + "'",
		"sed":        "sed -i " + join(300, " ", "-e s/a#/b#/") + " src/x.js",
		"jq":         "jq '" + join(500, "|", ".a#") + "' x.json",
		"substs":     "echo \"" + strings.Repeat("$(date) ", 200) + "\"",
		"case":       "case $X in " + join(300, " ", "a#) echo #;;") + " esac",
		"some depth": strings.Repeat("( ", 40) + "ls" + strings.Repeat(" )", 40),
	}
}
