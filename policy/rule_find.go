package policy

import "strings"

// findRules holds find: starting points, then an expression of which every
// word must be known (P9, P10).
var findRules = []rule{
	{names: "find", lenient: true, operands: "data...", check: checkFind,
		allow: []string{"find . -name '*.ts' -not -path './node_modules/*' | wc -l", `find src -type f \( -name a -o -name b \) -print0`,
			"find . -name '*.js' -exec grep -l x {} +", `find src -name '*.sh' -exec chmod +x {} \;`, `find "$D" -type f`, "find src -exec sed -i 's/a/b/' {} +",
			"find . -newer package.json -mtime -1 -printf '%p\\n'"},
		deny: []string{"find . -delete", "find / -name x", `find . -exec sh -c id \;`, `find . -exec rm {} \;`, "find . -fprintf x y", "find . -fls x", "find . $X",
			`find . -execdir ls \;`, `find . -ok ls \;`, "find ~ -name x", "find . -newer /etc/passwd", "find . -exec {} +", "find . -exec sed -i s/a/b/ {} +", "find -files0-from /etc/x",
			`find . -exec node {} \;`, "find . -exec ls {}", `find .git -type f -exec chmod +x {} \;`}},
}

var (
	findFlags = words(`! ( ) , -a -o -and -or -not -daystart -depth -d -follow -ignore_readdir_race -noignore_readdir_race -mount -xdev -noleaf -nowarn -warn
		-empty -executable -readable -writable -false -true -nouser -nogroup -ls -print -print0 -prune -quit -help --help -version --version`)
	findValues = words(`-maxdepth -mindepth -regextype -amin -atime -cmin -ctime -fstype -gid -group -ilname -iname -inum -ipath -iregex -iwholename
		-links -lname -mmin -mtime -name -path -perm -regex -size -type -uid -used -user -wholename -xtype -context -printf`)
	findReads = words("-newer -anewer -cnewer -samefile")
)

func checkFind(c *call, _ *parsed) {
	i, starts := findStarts(c)
	for ; i < len(c.args); i++ {
		s, ok := c.args[i].literal()
		switch {
		case !ok:
			c.refuse("P9", "has a word in its expression that is not known: "+c.args[i].String(), "write it out, quoted")
			return
		case findFlags[s]:
		case findValues[s]:
			i++
		case findReads[s] || strings.HasPrefix(s, "-newer") && len(s) == len("-newerXY"):
			if i++; i < len(c.args) && (len(s) != len("-newerXY") || s[len(s)-1] != 't') {
				c.use(c.args[i], useRead)
			}
		case s == "-exec":
			n := c.findExec(c.args[i+1:], starts)
			if n < 0 {
				return
			}
			i += n
		default:
			c.refuse("P9", "has "+s+", which runs, writes or is not known", "search with find and act in a command of its own")
			return
		}
	}
}

// findStarts judges the options and the starting points before the expression.
func findStarts(c *call) (i int, starts []Arg) {
	for ; i < len(c.args); i++ {
		a := c.args[i]
		s, ok := a.literal()
		if ok && (s == "-H" || s == "-L" || s == "-P" || s == "-O1" || s == "-O2" || s == "-O3" || s == "--") {
			continue
		}
		if h := a.head(); h != "" && (h[0] == '-' || h == "(" || h == "!" || h == ",") {
			break
		}
		if len(starts) > 0 && a.head() == "" && a.has(pieceUnknown) {
			break // it could as well be an expression
		}
		starts = append(starts, a)
		c.use(a, useRead)
	}
	if len(starts) == 0 {
		starts = []Arg{literalArg(".")}
	}
	return i, starts
}

// findExec judges the command of -exec and returns how many words it takes, or
// -1 after a refusal.
func (c *call) findExec(rest []Arg, starts []Arg) int {
	end := -1
	for i, a := range rest {
		if s, ok := a.literal(); ok && (s == ";" || s == "+" && i > 0 && rest[i-1].text == "{}") {
			end = i
			break
		}
	}
	if end < 1 {
		c.refuse("P10", "has an -exec without an end", `end it with \; or +`)
		return -1
	}
	if strings.Contains(rest[0].String(), "{}") {
		c.refuse("P10", "runs what it finds", "name the program")
		return -1
	}
	for _, start := range starts {
		inner := make([]Arg, end)
		for i, a := range rest[:end] {
			inner[i] = placed(a, "{}", foundBelow(start))
		}
		if c.inner(inner, true); c.j.done() {
			return -1
		}
	}
	return end + 1
}

// foundBelow is a path that find prints for a starting point.
func foundBelow(start Arg) Arg {
	if _, _, ok := start.pattern(); !ok {
		return unknownArg()
	}
	var f fields
	f.addArg(start)
	f.add(pieceText, "/")
	f.add(pieceDeep, "")
	return f.arg()
}

// placed puts what replaces a placeholder into an argument.
func placed(a Arg, mark string, what Arg) Arg {
	s, ok := a.literal()
	if !ok || !strings.Contains(s, mark) {
		return a
	}
	var f fields
	for i, lit := range strings.Split(s, mark) {
		if i > 0 {
			f.addArg(what)
		}
		f.add(pieceText, lit)
	}
	return f.arg()
}
