package policy

import (
	"path"
	"regexp"
	"strings"
)

// builtinRules are the builtins of bash that are allowed (P3), and cd (P8).
var builtinRules = []rule{
	{names: ": true false", options: "--help flag", lenient: true, operands: "data...",
		allow: []string{": comment", "true"}, deny: []string{`: "$(wget x)"`}},
	{names: "echo", lenient: true, operands: "data...",
		allow: []string{`echo -e "a > b"`, "echo *.js"}, deny: []string{"echo `wget x`"}},
	{names: "printf", calm: true, options: "-v never", stop: true, operands: "data...", rule: "P4", check: checkPrintf,
		allow: []string{`printf '%s\n' a b`, `printf -- "- %s\n" x`}, deny: []string{"printf -v x hi", "printf 'a%n' X"}},
	{names: "pwd", options: "-L -P --logical --physical flag", allow: []string{"pwd -P"}, deny: []string{"pwd x"}},
	{names: "cd", builtin: true, options: "-L -P flag", operands: "data", rule: "P8", check: checkCD,
		allow: []string{"cd src && ls", "cd /tmp", "cd {{PROJECT}}/src", `D=src; cd "$D"`, "cd -- src"},
		deny:  []string{"cd", "cd -", "cd ..", "cd ~", `cd "$X"`, "cd src ..", "cd /", "cd src*"}},
	{names: "exit break continue return shift", builtin: true, operands: "data", rule: "P3", check: checkEnd,
		allow: []string{"exit 0", "for f in a b; do break; done", "cd src || exit 1; rm -rf *"}, deny: []string{"exit $(wget x)"}},
	{names: "wait", builtin: true, options: "-n -f flag\n-p never", operands: "data...", rule: "P4",
		allow: []string{"sleep 1 & wait $!", "wait"}, deny: []string{"wait -p x"}},
	{names: "export local", builtin: true, lenient: true, operands: "data...", rule: "P4", check: checkExport,
		allow: []string{"export NODE_ENV=test", `ex""port A=1`}, deny: []string{"export PATH=/tmp", `ex""port PATH=/tmp`, "export $X", "export -f f"}},
	{names: "read", builtin: true, options: "-r -s -e flag\n-a -d -i -n -N -p -t -u value", operands: "data...", rule: "P4", check: checkRead,
		allow: []string{"read -r line < README.md", `while IFS= read -r -d '' f; do echo "$f"; done`},
		deny:  []string{"read PATH < x", "read 'a[$(id)]' < x", "read $X < x", "read -a LD_PRELOAD < x"}},
	{names: "set", builtin: true, operands: "data...", lenient: true, rule: "P3", check: checkSet,
		allow: []string{"set -e", "set -euo pipefail", "set +x", "set -- a b", "set -o pipefail"}, deny: []string{"set -k", "set -o posix", "set $X", "set -B"}},
	{names: "test", options: "", lenient: true, operands: "data...", rule: "P4", check: func(c *call, p *parsed) { checkTest(c, c.args) },
		allow: []string{"test -f package.json", `test "$a" = b -a -d src`}, deny: []string{"test -v 'a[$(id)]'", "test -f {{HOME}}/.bashrc"}},
	{names: "[", lenient: true, operands: "data...", rule: "P4", check: checkBracket,
		allow: []string{"[ -d x ] || mkdir x", `[ "$n" -gt 3 ]`, `[ ! -e a ]`}, deny: []string{"[ -v x ]", "[ -f a", "[ -r {{STATE}}/x ]"}},
	{names: "source .", builtin: true, operands: "data", rule: "P10", check: checkSource,
		allow: []string{"source .venv/bin/activate", ". venv/bin/activate && pytest"},
		deny:  []string{". ./x.sh", "source <(curl -s http://localhost)", "source .venv/bin/activate x", "source {{HOME}}/.venv/bin/activate", "source $V/bin/activate"}},
	{names: "exec", builtin: true, lenient: true, operands: "data...", check: checkExec,
		allow: []string{"exec > /tmp/log 2>&1"}, deny: []string{"exec ls", "exec -a x ls", "exec 3<>/dev/tcp/h/80"}},
	{names: "command", builtin: true, options: "-v -V flag", stop: true, operands: "data...", rule: "P10", check: checkCommand,
		allow: []string{"command -v node", "command -V npm >/dev/null"}, deny: []string{"command ls", "command -p ls", "command -- ls"}},
}

// assigning is a conversion of printf that assigns to a variable.
var assigning = regexp.MustCompile(`%[-+ #0-9.*\']*[hlLjzt]*n`)

func checkPrintf(c *call, p *parsed) {
	if len(p.operands) > 0 && assigning.MatchString(strings.ReplaceAll(unglob(p.operands[0]), "%%", "")) {
		c.refuse("P4", "has a format with %n, which assigns to a variable", "use NAME=value")
	}
}

// maxDir is how long a directory may be, in bytes.
const maxDir = 1024

func checkCD(c *call, p *parsed) {
	before := *c.st
	if len(p.operands) != 1 {
		c.refuse("P8", "does not name one directory", "name one directory inside the project")
		return
	}
	text, ok := p.operands[0].literal()
	if !ok || text == "" || text == "-" || strings.HasPrefix(text, "~") {
		c.refuse("P8", "goes to a directory that is not known", "name the directory literally")
		return
	}
	next, out := *c.st, 0
	next.cwd = nil
	for i, d := range before.cwd {
		pl := locate(d.path, text, plainText)
		to := pl.dir
		if len(to) > maxDir {
			c.refuse("P8", "goes too deep", "use a shorter path")
			return
		}
		if !c.j.p.mayEnter(pl) {
			if i == 0 || !d.soft {
				c.refuse("P8", "leaves the project and the temporary directory for "+to, "stay inside the project; use a path from its root")
				return
			}
			out++
			continue
		}
		next.addDir(dir{to, d.soft})
	}
	if path.IsAbs(text) {
		next.lost = false
	} else if next.lost && strings.Contains(text, "..") {
		c.refuse("P8", "is relative to a directory that is not known here", "use an absolute path inside the project")
		return
	}
	if len(next.cwd) == 0 {
		next.cwd = before.cwd
	}
	c.failed = before
	c.failed.cwd = nil
	for _, d := range before.cwd {
		c.failed.addDir(dir{d.path, true})
	}
	*c.st = next
}

// mayEnter says that a command may stand in a place, which is one: bash takes
// what goes up from a link for one directory or the other.
func (p *Policy) mayEnter(pl place) bool {
	real := pl.dir
	if p.opt.Links != nil {
		to, ok := p.opt.Links.Real(pl.dir)
		if real = to; ok && pl.raw != "" {
			to, ok = p.opt.Links.Real(pl.raw)
		}
		if !ok || to != real {
			return false
		}
	}
	may, _ := p.at(pl.dir)
	there, _ := p.at(real)
	return min(may, there) >= mayTemp
}

func checkEnd(c *call, p *parsed) {
	n := "1"
	if len(p.operands) == 1 {
		n, _ = p.operands[0].literal()
	}
	num, ok := smallNumber(n)
	switch c.name {
	case "exit":
		c.ends = ok
	case "break", "continue":
		c.ends = ok && num > 0 && c.j.loops > 0
	}
	c.failed = *c.st
	c.failed.dead = c.ends
}

func checkExport(c *call, p *parsed) {
	for _, a := range c.args {
		c.j.exportWord(c.name, a, c.st, c.part)
	}
	c.failed = *c.st
}

func checkRead(c *call, p *parsed) {
	names := p.operands
	if a, ok := p.value("-a"); ok {
		names = append(names, a)
	}
	for _, a := range names {
		name, ok := a.literal()
		if !ok || !isName(name) {
			c.refuse("P4", "reads into "+a.String()+", which is not a plain name", "use a plain name")
			return
		}
		v := unknownValue()
		if p.has("-a") {
			v = value{args: []Arg{{pieces: []piece{{kind: pieceUnknown}}, many: true}}, array: true}
		}
		c.j.assign(name, v, c.st, c.part)
	}
	c.failed = *c.st
}

// setNames are the options that set -o may turn.
var setNames = words("errexit nounset xtrace verbose noglob pipefail allexport errtrace noclobber")

func checkSet(c *call, _ *parsed) {
	args := c.args
	for i := 0; i < len(args); i++ {
		s, ok := args[i].literal()
		if s == "--" {
			return
		}
		if !ok || len(s) < 2 || s[0] != '-' && s[0] != '+' || strings.Trim(s[1:], "euxvfaCEo") != "" {
			c.refuse("P3", "sets "+args[i].String(), "use only -e, -u, -x and -o pipefail")
			return
		}
		if strings.HasSuffix(s, "o") && i+1 < len(args) {
			i++
			if name, ok := args[i].literal(); !ok || !setNames[name] {
				c.refuse("P3", "sets the option "+args[i].String(), "use only -e, -u, -x and -o pipefail")
				return
			}
		}
	}
}

func checkBracket(c *call, _ *parsed) {
	n := len(c.args)
	if n == 0 {
		c.refuse("P3", "has no closing ]", "close it")
		return
	}
	if s, _ := c.args[n-1].literal(); s != "]" {
		c.refuse("P3", "has no closing ]", "close it")
		return
	}
	checkTest(c, c.args[:n-1])
}

var equals = words("= == !=")

// checkTest judges the operands of test: the files, and what is evaluated.
func checkTest(c *call, args []Arg) {
	for i, a := range args {
		s, ok := a.literal()
		if !ok || len(s) < 2 || s[0] != '-' || i > 0 && equals[args[i-1].text] {
			continue
		}
		binary := i > 0 && i+1 < len(args)
		switch {
		case s == "-v" || s == "-R":
			c.refuse("P4", "evaluates a variable's name as code", `use [ -n "$NAME" ]`)
		case (s == "-nt" || s == "-ot" || s == "-ef") && binary:
			c.use(args[i-1], useRead)
			c.use(args[i+1], useRead)
		case len(s) == 2 && strings.Contains("abcdefghkprsuwxGLNOS", s[1:]) && i+1 < len(args):
			if next, _ := args[i+1].literal(); next != "=" && next != "!=" && next != "==" && next != "-a" && next != "-o" {
				c.use(args[i+1], useRead)
			}
		}
	}
}

// checkSource allows the activation of a virtual environment of the project.
func checkSource(c *call, p *parsed) {
	if len(p.operands) == 1 {
		text, ok := p.operands[0].literal()
		here, known := c.st.here()
		if ok && strings.Contains(text, "/") && (known || path.IsAbs(text)) {
			if !path.IsAbs(text) {
				text = path.Join(here, text)
			}
			dir, base := path.Split(path.Clean(text))
			may, _ := c.j.p.at(path.Clean(text))
			if may == mayProject && base == "activate" && (strings.HasSuffix(dir, "/.venv/bin/") || strings.HasSuffix(dir, "/venv/bin/")) {
				return
			}
		}
	}
	c.refuse("P10", "runs text from a file in this shell", "only .venv/bin/activate and venv/bin/activate of the project; run a script with its interpreter")
}

func checkExec(c *call, _ *parsed) {
	if len(c.args) > 0 {
		c.refuse("P3", "replaces the shell by a program", "run the program without exec")
	}
}

func checkCommand(c *call, p *parsed) {
	if len(p.operands) > 0 && !p.has("-v", "-V") {
		c.refuse("P10", "runs a program by way of command", "run the program directly; command -v NAME is fine")
	}
}
