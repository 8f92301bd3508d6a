package policy

import (
	"path"
	"strings"
)

// npmNever are long options, in any abbreviation, with one dash or two.
var npmNever = strings.Fields(`call script-shell userconfig globalconfig global shell editor viewer browser git node-options shell-mode init-module`)

// npmDirs are options whose value is a directory, in any abbreviation.
var npmDirs = strings.Fields("prefix cwd dir cache pack-destination modules-folder cache-folder store-dir virtual-store-dir global-dir")

// Options of which it is known whether a separate value follows: those with
// one, of all and of one program, and those without, as are all that begin with
// --no-. After any other, both are judged.
var (
	npmValues   = words("--registry --loglevel --tag --depth --omit --include")
	npmValuesOf = map[string]map[string]bool{"npm": words("--workspace -w --package"), "npx": words("--workspace -w --package -p"), "pnpm": words("--filter -F")}
	npmFlags    = words(`--silent --yes --quiet --version --verbose --force --all --long --json --parseable --if-present --dry-run --save-dev --save --save-exact
		--save-optional --save-prod --save-bundle --production --prod --dev --legacy-peer-deps --strict-peer-deps --install-links --prefer-offline --prefer-online --offline
		--frozen-lockfile --immutable --ignore-scripts --foreground-scripts --package-lock-only --ws --workspaces --include-workspace-root --recursive --parallel --stream
		--watch --help --ignore-existing --exact --pure-lockfile --check-files --interactive -A -t -i`)
)

// Options of one letter may stand together, after one dash or two. Some of them
// have a value.
const (
	npmLetters      = npmFlagLetters + "CFcmpw"
	npmFlagLetters  = "adfghlnqrsvyBDEHLNOPSW?"
	npmBadInCluster = "cg"
)

var npmVerbList = strings.Fields(`global publish unpublish login logout adduser add-user token owner author access deprecate dist-tag dist-tags team org profile hook star
	unstar edit explore set-script set shell-completion`)

var npmVerbs = set(npmVerbList)

// npmKnown are harmless verbs with which others begin. npm takes any beginning
// of a verb for the verb, if it is of one only.
var npmKnown = words("add c ex exp un se s t a i r")

// npmWord is a verb, an operand, or what may be the value of an option.
type npmWord struct {
	Arg
	maybe bool
}

func sureWords(args []Arg) []npmWord {
	out := make([]npmWord, len(args))
	for i, a := range args {
		out[i].Arg = a
	}
	return out
}

// readings returns, for each word that may be the first, it and what follows.
func (c *call) readings(list []npmWord) [][]npmWord {
	var out [][]npmWord
	for i := range list {
		c.j.spend(stmtWork + len(list))
		if out = append(out, list[i:]); !list[i].maybe {
			break
		}
	}
	return out
}

// checkNPM judges npm, yarn and pnpm.
func checkNPM(c *call, _ *parsed) {
	for _, l := range c.readings(npmWords(c, false)) {
		npmVerb(c, l)
	}
}

// checkNPX judges the program that npx runs. The words after it are its own.
func checkNPX(c *call, _ *parsed) {
	for _, l := range c.readings(npmWords(c, true)) {
		judgePackage(c, l[0].Arg)
		if name, _ := l[0].literal(); localBins[name] {
			in := *c
			in.name, in.args, in.fed = name, nil, false // as any other package
			for _, w := range l[1:] {
				in.args = append(in.args, w.Arg)
			}
			c.j.p.rules[name].judge(&in)
		}
	}
}

// npmWords judges the options of npm and its like and returns the other words.
// With stop the first of them ends the options.
func npmWords(c *call, stop bool) []npmWord {
	var list []npmWord
	maybe := false
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		if a.text == "--" {
			return append(list, sureWords(c.args[i+1:])...)
		}
		if head := a.head(); !strings.HasPrefix(head, "-") || head == "-" {
			maybe = maybe || a.text == "true" || a.text == "false" || a.text == "null" // of any flag
			list = append(list, npmWord{a, maybe})
			if stop && !maybe {
				return append(list, sureWords(c.args[i+1:])...)
			}
			maybe = false
			continue
		}
		var next []Arg
		if i+1 < len(c.args) {
			next = c.args[i+1 : i+2]
		}
		var takes bool
		if takes, maybe = c.npmOption(a, next); takes {
			i++
		}
		if c.j.done() {
			return nil
		}
	}
	return list
}

// npmOption judges an option. It takes the next word, or may take it.
func (c *call) npmOption(a Arg, next []Arg) (takes, may bool) {
	head := a.head()
	name, _, attached := strings.Cut(head, "=")
	bare := strings.TrimLeft(name, "-")
	cluster := strings.Trim(bare, npmLetters) == "" && name != "--cwd"
	if c.npmRefused(name, bare, cluster, a, next) {
		return false, false
	}
	dir, exact := npmDir(name, bare)
	if cluster && !attached && strings.Contains(bare, "C") {
		dir, exact = true, name == "-C"
	}
	switch {
	case strings.HasPrefix(head, "-C") && len(head) > 2 && !cluster:
		c.use(a.from(2), useDir)
	case attached && dir:
		c.use(a.from(len(name)+1), useDir)
	case attached || npmFlags[name] || strings.HasPrefix(name, "--no-") || len(next) == 0:
	case dir:
		c.use(next[0], useDir)
		return exact, !exact
	case npmValues[name] || npmValuesOf[c.name][name]:
		return !strings.HasPrefix(next[0].head(), "-"), false
	default:
		return false, strings.Trim(bare, npmFlagLetters) != ""
	}
	return false, false
}

// npmDir says that an option names a directory, and whether it is spelled out.
func npmDir(name, bare string) (dir, exact bool) {
	for _, n := range npmDirs {
		if n == bare || name == "-C" {
			return true, true
		}
		dir = dir || len(bare) > 1 && strings.HasPrefix(n, bare)
	}
	return dir, false
}

// npmRefused refuses an option by its name, however it is written. npm takes
// -global for --global, and any abbreviation.
func (c *call) npmRefused(name, bare string, cluster bool, a Arg, next []Arg) bool {
	bad := a.pieces != nil && !strings.Contains(a.head(), "=") || strings.HasPrefix(bare, "config.") || strings.HasPrefix(name, "-c") || cluster && strings.ContainsAny(bare, npmBadInCluster)
	for _, n := range npmNever {
		bad = bad || bare != "" && strings.HasPrefix(n, bare) && (len(bare) > 1 || strings.HasPrefix(name, "--"))
	}
	if len(bare) > 2 && strings.HasPrefix("location", bare) {
		val := ""
		if len(next) > 0 {
			val = next[0].text
		}
		bad = bad || !strings.HasSuffix(a.text, "=project") && !strings.HasSuffix(a.text, "=user") && val != "project" && val != "user"
	}
	if bad {
		c.refuse("P9", "has the option "+a.String()+", which reaches outside the project or runs a shell", "leave it out; use npm run and packages of the project")
	}
	return bad
}

var runsPackage = words("exec x dlx run run-script rum urn workspace")

// npmFull are the verbs that a word may stand for: npm takes a beginning, and
// humps for dashes.
func npmFull(verb string) []string {
	var kebab strings.Builder
	for _, r := range verb {
		if r >= 'A' && r <= 'Z' {
			kebab.WriteByte('-')
			r += 'a' - 'A'
		}
		kebab.WriteRune(r)
	}
	verb = kebab.String()
	out := []string{verb}
	if npmKnown[verb] || npmVerbs[verb] || verb == "" {
		return out
	}
	for _, full := range npmVerbList {
		if strings.HasPrefix(full, verb) {
			return []string{full}
		}
	}
	for _, full := range []string{"exec", "config"} {
		if strings.HasPrefix(full, verb) {
			out = append(out, full)
		}
	}
	return out
}

// npmVerb judges the subcommand, and the program that exec and its like run.
func npmVerb(c *call, list []npmWord) {
	verb, ok := list[0].literal()
	if !ok {
		c.refuse("P9", "has a subcommand that is not written out", "write it out")
		return
	}
	verbs := []string{verb}
	if c.name == "npm" {
		verbs = npmFull(verb)
	}
	subs := c.readings(list[1:])
	if len(subs) == 0 {
		subs = [][]npmWord{nil}
	}
	for _, verb := range verbs {
		for _, after := range subs {
			c.npmRuns(verb, after)
		}
	}
}

// npmRuns judges a verb with what follows it.
func (c *call) npmRuns(verb string, after []npmWord) {
	sub := ""
	if len(after) > 0 {
		sub, _ = after[0].literal()
	}
	switch {
	case (verb == "workspace" || verb == "workspaces") && c.name == "yarn" && len(after) > 1:
		for _, l := range c.readings(after[1:]) {
			npmVerb(c, l)
		}
	case npmVerbs[verb] || c.name == "yarn" && verb == "npm" && npmVerbs[sub]:
		c.refuse("P9", verb+" changes what is outside the project", "do without it")
	case (verb == "config" || verb == "c") && sub != "get" && sub != "list" && sub != "ls" && sub != "":
		c.refuse("P9", "changes the configuration of "+c.name, "leave it as it is")
	case runsPackage[verb] && len(after) > 0:
		judgePackage(c, after[0].Arg)
	case c.name != "npm" && !runsPackage[verb]:
		judgePackage(c, literalArg(verb)) // a program of the project, if it is no verb
	}
}

// judgePackage refuses a shell, or what leads to one, as the program to run.
func judgePackage(c *call, a Arg) {
	name, ok := a.literal()
	name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
	base := path.Base(name)
	if i := strings.IndexByte(base, '@'); i > 0 {
		base = base[:i]
	}
	if !ok || never[base] || base == "env" || base == "xargs" || base == "ssh" || base == "npx" && c.name != "npx" && base != name {
		c.refuse("P9", "runs "+a.String()+" by way of "+c.name, "name a package of the project literally")
	}
}
