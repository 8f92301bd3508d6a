package policy

import (
	"regexp"
	"strings"
)

// processRules are the programs that look at and end processes, and small ones.
var processRules = []rule{
	{names: "ps lsof which whoami uname sleep", lenient: true, operands: "data...",
		allow: []string{"ps aux | grep node", "lsof -ti :3000", "which node npm", "uname -a", "sleep 0.5"}, deny: []string{"ps $(wget x)", "sleep `id`"}},
	{names: "date", operands: "data...", check: checkDate, options: "-u -R --utc --rfc-email --universal --debug flag\n-d --date --rfc-3339 value\n-I --iso-8601 maybe\n-r -f --reference --file read\n-s --set never",
		allow: []string{"date +%Y-%m-%d", "date -u -d '2 days ago'", "date -Iseconds"}, deny: []string{"date -s tomorrow", "date -f /etc/passwd", "date 010100002020"}},
	{names: "kill", lenient: true, operands: "data...", check: checkKill,
		allow: []string{"node x & PID=$!; sleep 1; kill $PID", "kill %1", "kill -9 $!", "sleep 9 & kill -s TERM $!", "npm run dev & P=$!; kill -TERM \"$P\" 2>/dev/null || true"},
		deny:  []string{"kill 1", "kill -9 -1", "kill 0", "kill $PPID", "kill $$", "kill $PID", "kill $(lsof -t -i:3000)", "kill -- -1", "P=1234; kill $P", "kill -9 $(pgrep node)", "kill -STOP $PPID"}},
	{names: "pkill", lenient: true, operands: "data...", check: checkPkill,
		allow: []string{"pkill node", "pkill -f 'node server.js'", "pkill -9 -f vite", "pkill -TERM -f 'npm run dev'", "pkill -KILL node"},
		deny:  []string{"pkill chrome", "pkill -f .", "pkill -f 'nod.*'", "pkill -P 1", "pkill", "pkill node vite", "pkill -u root", "pkill -v node", "pkill $X", "pkill -f 'node|bash'"}},
}

var (
	signals  = regexp.MustCompile(`^-(?:[0-9]{1,2}|(?:SIG)?(?:TERM|KILL|INT|HUP|QUIT|STOP|CONT|USR1|USR2))$`)
	jobs     = regexp.MustCompile(`^%[0-9]+$`)
	pids     = regexp.MustCompile(`^[0-9]{2,9}$`)
	devNames = regexp.MustCompile(`^(?:node|npm|npx|vite|next)(?: [A-Za-z0-9 ._/:=-]*)?$`)
)

// checkDate wants formats only: any other operand sets the clock.
func checkDate(c *call, p *parsed) {
	for _, a := range p.operands {
		if !strings.HasPrefix(a.head(), "+") {
			c.refuse("P9", "sets the clock to "+a.String(), "print it: date +FORMAT")
		}
	}
}

func checkKill(c *call, _ *parsed) {
	args := c.args
	if len(args) > 0 {
		s, _ := args[0].literal()
		switch {
		case s == "-s" && len(args) > 1:
			args = args[2:]
		case signals.MatchString(s):
			args = args[1:]
		}
	}
	if len(args) == 0 {
		c.refuse("P9", "names no process", "name the job: %1, $! or a variable set from $!")
	}
	for _, a := range args {
		s, ok := a.literal()
		if a.is(piecePid) || ok && (jobs.MatchString(s) || c.j.p.permits["kill-pid"] && pids.MatchString(s)) {
			continue
		}
		r := refusal{rule: "P9", part: c.part, why: "signals " + a.String() + ", which was not started in this command",
			instead: "start it as `cmd & PID=$!` and end it with kill $PID, or use pkill -f 'node ...'"}
		if ok && pids.MatchString(s) {
			r.fix = Setting{"permit", "kill-pid"}
		}
		c.refusal(r)
		return
	}
}

func checkPkill(c *call, _ *parsed) {
	var names []Arg
	for _, a := range c.args {
		switch s, _ := a.literal(); s {
		case "-f", "-9", "-15", "-TERM", "-KILL", "-INT":
		default:
			names = append(names, a)
		}
	}
	if len(names) == 1 {
		if s, ok := names[0].literal(); ok && devNames.MatchString(s) {
			return
		}
	}
	c.refuse("P9", "could end more than the project's own servers", "use pkill -f with one name that begins with node, npm, npx, vite or next")
}
