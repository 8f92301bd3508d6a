package policy

import (
	"regexp"
	"strings"
)

// wrapperRules are the programs that run the command they are given (P10).
// Their own options are read exactly.
var wrapperRules = []rule{
	{names: "timeout", stop: true, rule: "P10", operands: "data...", check: checkTimeout, options: "-k -s --kill-after --signal value\n--foreground --preserve-status -v --verbose flag",
		allow: []string{"timeout 30 npm test", "timeout -k 5 -s KILL 1m node x.js", "timeout --foreground 5s ls"}, deny: []string{"timeout 5 wget x", "timeout 5 sh -c id", "timeout $T $X", "timeout 5 timeout 5 bash", "timeout 5 cd x", "timeout -x 5 ls", "timeout 5 rm -rf /", "timeout 5 $(echo ls)", "X=ls; timeout 5 $X"}},
	{names: "nohup", stop: true, rule: "P10", operands: "data...", check: func(c *call, p *parsed) { c.inner(p.operands, false) },
		allow: []string{"nohup npm run dev > /tmp/x.log 2>&1 &"}, deny: []string{"nohup wget x &", "nohup --x ls", "nohup bash x.sh"}},
	{names: "nice", stop: true, rule: "P10", operands: "data...", check: func(c *call, p *parsed) { c.inner(p.operands, false) }, options: "-n --adjustment value\n-# flag",
		allow: []string{"nice -n 10 npm test", "nice -10 make"}, deny: []string{"nice wget x", "nice -n 5 sh", "nice $X"}},
	{names: "time", stop: true, rule: "P10", operands: "data...", check: func(c *call, p *parsed) { c.inner(p.operands, false) }, options: "-p flag",
		allow: []string{"time npm test", `\time -p ls`}, deny: []string{`\time -o x ls`, "time wget x", `\time -f x ls`}},
	{names: "env", stop: true, rule: "P10", operands: "data...", check: checkEnv, options: "-i -0 --ignore-environment --null flag\n-u --unset value",
		allow: []string{"env", "env A=1 npm test", "env -i ls", "env | sort", "env NODE_ENV=test PORT=3 node x.js", "env -u FOO ls"},
		deny:  []string{"env -S 'sh -c id'", "env sh", "env PATH=/tmp ls", "env LD_PRELOAD=x ls", "env -i sh -c id", "env --split-string=x", "env -C / ls", "env $X ls", "env A=1 wget x", "env -u PATH ls", "env --chdir=/ ls", "env A=$B C=1 bash", "env -vS x"}},
	{names: "xargs", stop: true, rule: "P10", operands: "data...", check: checkXargs,
		options: "-0 -r -t -x --null --no-run-if-empty --verbose --exit flag\n-I -n -P -L -s -d -E --max-args --max-procs --max-lines --max-chars --delimiter value\n-a --arg-file read\n-i -l -e --replace --eof maybe",
		allow:   []string{"git ls-files | xargs wc -l", "find . -name '*.js' -print0 | xargs -0 grep -l x", "ls | xargs -I{} echo {}", "xargs -n1 -P4 cat < x", "ls *.sh | xargs chmod +x", "git diff --name-only | xargs npx eslint", "xargs", "ls | xargs -I{} cp {} dist/"},
		deny:    []string{"echo x | xargs rm -rf", "xargs sh -c id", "xargs -I{} bash -c {}", "xargs node", "xargs mv -t x", "xargs chmod 777", "xargs $X", "xargs -I{} {}", "xargs -t touch", "xargs -a /etc/passwd ls", "xargs env", "xargs python3 -c", "xargs kill", "xargs sed -i s/a/b/", "ls | xargs -I% %", "xargs timeout 5 sh", "xargs tee", "xargs -p ls", "xargs --process-slot-var=PATH ls", "xargs npm", "xargs git"}},
}

var duration = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)?[smhd]?$`)

func checkTimeout(c *call, p *parsed) {
	if len(p.operands) < 2 {
		c.refuse("P10", "has no duration and command", "write timeout SECONDS COMMAND")
		return
	}
	if s, ok := p.operands[0].literal(); !(ok && duration.MatchString(s)) && !p.operands[0].is(pieceDigits) {
		c.refuse("P10", "has a duration that is not written out", "write timeout SECONDS COMMAND")
		return
	}
	c.inner(p.operands[1:], false)
}

func checkEnv(c *call, p *parsed) {
	for _, o := range p.opts {
		if o.name == "-u" || o.name == "--unset" {
			if s, ok := o.val.literal(); !ok || harmfulName(s) {
				c.refuse("P4", "takes "+o.val.String()+" away, which changes what programs run", "leave it as it is")
			}
		}
	}
	for i, a := range p.operands {
		name, _, assigns := strings.Cut(a.head(), "=")
		if !assigns {
			c.inner(p.operands[i:], false)
			return
		}
		if !isName(name) || harmfulName(name) || a.many {
			c.refuse("P4", "sets "+name+", which changes what programs run", "leave it as it is")
			return
		}
	}
}

func checkXargs(c *call, p *parsed) {
	mark := ""
	for _, o := range p.opts {
		switch o.name {
		case "-I":
			s, ok := o.val.literal()
			if !ok || s == "" {
				c.refuse("P10", "has a placeholder that is not written out", "use -I{}")
				return
			}
			mark = s
		case "-i", "--replace":
			mark = "{}"
			if s, ok := o.val.literal(); ok && o.has {
				mark = s
			}
		}
	}
	if len(p.operands) == 0 {
		return
	}
	inner := make([]Arg, 0, len(p.operands)+1)
	for i, a := range p.operands {
		if s, ok := a.literal(); ok && mark != "" && strings.Contains(s, mark) {
			if i == 0 {
				c.refuse("P10", "runs what it reads", "name the program")
				return
			}
			a = placed(a, mark, unknownArg())
		}
		inner = append(inner, a)
	}
	if mark == "" {
		inner = append(inner, Arg{pieces: []piece{{kind: pieceUnknown}}, many: true})
	}
	c.fed = true
	c.inner(inner, true)
}
