package policy

import (
	"path"
	"strings"
)

// call is one simple command with its arguments expanded.
type call struct {
	j      *judge
	st     *state // what is known when it succeeds
	failed state  // what is known when it fails
	name   string // the program, without its directory
	args   []Arg
	part   string // as it was written
	word   string // the program word as it was written
	ends   bool   // nothing after it is reached
	found  bool   // its operands come from xargs or find
	fed    bool   // what xargs reads for it may be options
}

// systemBins are the directories from which an allowed program may be named.
var systemBins = words("/bin /usr/bin /usr/local/bin /sbin /usr/sbin")

var (
	localBins = words("tsc vite jest")
	venvBins  = words("python python3 pip pip3 pytest")
)

// refuse denies the call. rule is P9 where the page says so.
func (c *call) refuse(rule, why, instead string) {
	c.refusal(refusal{rule: rule, why: why, instead: instead})
}

func (c *call) refusal(r refusal) {
	if r.part == "" {
		r.part = c.part
	}
	c.j.refuse(r)
}

// run finds the rule of the program and judges the call by it (P3).
func (c *call) run() {
	if strings.Contains(c.name, "/") && !c.byPath() {
		return
	}
	if c.j.p.denied[c.name] {
		c.refusal(refusal{rule: "deny", part: c.word, why: "is denied by the configuration", instead: "do without " + c.name})
		return
	}
	r := c.j.p.rules[c.name]
	switch {
	case r != nil:
		r.judge(c)
	case c.j.p.allowed[c.name]:
		generic.judge(c)
	case never[c.name]:
		c.refusal(refusal{rule: "P3", part: c.word, why: "is never allowed, since it runs what cannot be judged",
			instead: "write the commands out; put longer work into a script that node, python or make runs"})
	default:
		c.refusal(refusal{rule: "P3", part: c.word, why: "is not an allowed program", instead: instead(c.name),
			fix: Setting{"allow", c.name}})
	}
}

// byPath judges a program word with a slash and leaves the bare name.
func (c *call) byPath() bool {
	dir, base := path.Split(c.name)
	if systemBins[strings.TrimSuffix(dir, "/")] && dir == path.Clean(dir)+"/" {
		c.name = base
		if c.j.p.rules[base] == nil || !c.j.p.rules[base].builtin {
			return true
		}
	}
	if here, ok := c.st.here(); ok || path.IsAbs(c.name) {
		full := path.Join(here, c.name)
		if path.IsAbs(c.name) {
			full = path.Clean(c.name)
		}
		if c.inProject(full) {
			return true
		}
	}
	c.refusal(refusal{rule: "P3", part: c.word, why: "is a program at a path that is not allowed",
		instead: "use the bare name of an allowed program, ./init.sh, node_modules/.bin or .venv/bin"})
	return false
}

// inProject allows the few programs that a project brings along.
func (c *call) inProject(full string) bool {
	may, rest := c.j.p.at(full)
	if may != mayProject {
		return false
	}
	if rest == "init.sh" {
		c.name = "./init.sh"
		return true
	}
	comps := strings.Split("/"+rest, "/")
	n := len(comps)
	if n < 4 {
		return false
	}
	base := comps[n-1]
	local := comps[n-3] == "node_modules" && comps[n-2] == ".bin" && localBins[base]
	venv := (comps[n-3] == ".venv" || comps[n-3] == "venv") && comps[n-2] == "bin" && venvBins[base]
	if local || venv {
		c.name = base
	}
	return local || venv
}

// use judges a path of the call.
func (c *call) use(a Arg, u use) {
	if r := c.j.judgeUse(c.st, a, u); r != nil {
		r.part = a.String()
		if r.part == "" {
			r.part = c.part
		}
		r.part = c.name + " ... " + r.part
		c.refusal(*r)
	}
}

// inner judges the command that a wrapper runs.
func (c *call) inner(args []Arg, found bool) {
	if len(args) == 0 {
		return
	}
	name, ok := args[0].literal()
	if !ok || name == "" || args[0].built {
		c.refuse("P10", "runs a program that is not written out", "write the name of the program literally")
		return
	}
	size := 4 * stmtWork
	for _, a := range args {
		size += 1 + len(a.text)
	}
	if !c.j.spend(size) {
		return
	}
	in := &call{j: c.j, st: c.st, failed: c.failed, name: name, args: args[1:], part: c.part, word: name, found: c.found || found, fed: c.fed}
	if r := c.j.p.rules[name]; r != nil && r.builtin || notForFound[path.Base(name)] && in.found {
		c.refuse("P10", "runs "+name+", which "+c.name+" may not run", "run it directly, with its operands written out")
		return
	}
	c.j.noteCall(in, args)
	in.run()
	c.j.close()
}

// insteadOf is what does the work of programs that agents often ask for.
var insteadOf = map[string]string{
	"wget": "use curl, to localhost", "egrep": "use grep -E", "fgrep": "use grep -F", "gawk": "use awk", "mawk": "use awk", "printenv": "use env", "unset": "assign an empty value", "ln": "copy with cp", "rmdir": "use rm -r",
	"tar": "copy the files, or use git archive", "gofmt": "use go fmt", "which": "use command -v", "type": "use command -v",
	"pgrep": "use ps aux | grep", "killall": "use pkill -f 'node ...'", "fuser": "use lsof to look, and pkill -f 'node ...' to end",
	"ss": "use lsof -i", "netstat": "use lsof -i", "top": "use ps aux", "less": "use head or tail", "more": "use head or tail", "vim": "use the Edit tool", "nano": "use the Edit tool",
	"playwright": "use npx playwright", "eslint": "use npx eslint", "prettier": "use npx prettier", "vitest": "use npx vitest", "bun": "use npm", "uv": "use pip", "poetry": "use pip",
}

func instead(name string) string {
	if s := insteadOf[name]; s != "" {
		return s
	}
	return "use ls, cat, grep, find, sed, git, npm, npx, node, python3, make or another allowed program"
}

// notForFound are programs that may not get operands that nobody can see.
var notForFound = words(`rm mv node python python3 pip pip3 npm yarn pnpm go cargo make
	kill pkill curl find xargs env init.sh`)
