package policy

import (
	"regexp"
	"slices"
	"strings"
)

// gitRules holds git: global options here, a table per subcommand below.
var gitRules = []rule{
	{names: "git", stop: true, operands: "data...", check: checkGit,
		options: "--no-pager --version --no-optional-locks flag\n-C value\n-c -p -P -h --exec-path --config-env --git-dir --work-tree --namespace --super-prefix --paginate --bare --html-path --man-path --info-path --attr-source --literal-pathspecs --glob-pathspecs --noglob-pathspecs --icase-pathspecs --no-replace-objects --list-cmds never",
		allow:   []string{"git status", "git --no-pager log -3", "git -C src status", "git --version", "git", "git -C {{PROJECT}} diff"},
		deny:    []string{"git -c core.pager=id log", "git -ccore.pager=id log", "git --exec-path=. x", "git -C / status", "git $X", "git frobnicate", "git -p log", "git --git-dir=/tmp/x log", "git credential fill", "git log --help $X; git -C ~ log"}},
}

// subcommand is how one subcommand of git is judged.
type subcommand struct {
	options string // further refused or judged options; all other options are harmless
	check   func(g *gitCall)
	calm    bool // as of a rule

	allow, deny []string
	rule        rule
}

// gitCall is a call of one subcommand.
type gitCall struct {
	*call
	sub string
	p   *parsed
	end int // index of the operands that came after --, or -1
}

// gitOptions are judged in every subcommand.
const gitOptions = `--upload-pack --receive-pack --exec --ext-diff --textconv --template --unsafe-paths --open-files-in-pager --config --config-env --filters
		--separate-git-dir never
	--text flag
	--output --output-directory write
	--no-index flag`

// subcommands are the parts of programs that configuration can name: "git gc".
var subcommands = map[string]map[string]*subcommand{"git": gitSubcommands}

// neverSubcommand are what no configuration allows.
var neverSubcommand = map[string]bool{"git filter-branch": true, "git credential": true, "git daemon": true, "git difftool": true, "git mergetool": true,
	"git submodule": true, "git instaweb": true, "git web--browse": true, "git var": true, "git for-each-repo": true, "git hook": true, "git shell": true, "git send-email": true, "git p4": true, "git svn": true, "git help": true, "git update-index": true}

var helper = regexp.MustCompile(`^[A-Za-z0-9]+::`)

func checkGit(c *call, p *parsed) {
	if len(p.operands) == 0 {
		return
	}
	sub, ok := p.operands[0].literal()
	name := "git " + sub
	s := gitSubcommands[sub]
	switch {
	case !ok:
		c.refuse("P9", "has a subcommand that is not written out", "write it out")
		return
	case c.j.p.denied[name]:
		c.refusal(refusal{rule: "deny", part: name, why: "is denied by the configuration", instead: "do without it"})
		return
	case s == nil && c.j.p.allowed[name]:
		s = gitSubcommands["status"]
	case s == nil:
		r := refusal{rule: "P9", part: name, why: "is not an allowed subcommand", instead: "use one of the everyday subcommands of git"}
		if !neverSubcommand[name] && isSubcommandName(sub) {
			r.fix = Setting{"allow", name}
		}
		c.refusal(r)
		return
	}
	in := *c
	in.name, in.args = name, p.operands[1:]
	if dirs := p.values("-C"); len(dirs) > 0 {
		st := *c.st
		in.st = &st
		in.enter(dirs)
	}
	in.gitSub(s, sub)
}

func isSubcommandName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == "" && s[0] != '-'
}

// values returns the values of all options of this name, in order.
func (p *parsed) values(name string) []Arg {
	var out []Arg
	for _, o := range p.opts {
		if o.name == name && o.has {
			out = append(out, o.val)
		}
	}
	return out
}

// enter moves the call to other directories, each seen from the one before.
func (c *call) enter(dirs []Arg) {
	for _, a := range dirs {
		text, ok := a.literal()
		if !ok {
			c.refuse("P9", "runs in a directory that is not written out", "write it out")
			return
		}
		c.use(a, useDir)
		for i, d := range c.st.cwd {
			if i == 0 {
				c.st.cwd = slices.Clone(c.st.cwd)
			}
			c.st.cwd[i].path = locate(d.path, text, plainText).dir
		}
		if strings.HasPrefix(text, "/") {
			c.st.lost = false
		}
	}
}

func (c *call) gitSub(s *subcommand, sub string) {
	g := &gitCall{call: c, sub: sub, p: s.rule.parse(c)}
	g.end = g.p.end
	for _, o := range g.p.opts {
		s.rule.judgeOption(c, o)
	}
	for _, a := range g.p.operands {
		if helper.MatchString(a.head()) || strings.HasPrefix(a.head(), "ssh://-") {
			c.refuse("P9", "names a transport that runs a program: "+a.String(), "use https, ssh or a path")
		}
		if g.p.has("--no-index") || outsidePath(a.head()) {
			c.use(a, useRead)
		}
	}
	if s.check != nil {
		s.check(g)
	}
}

// outsidePath says that an operand names a path that may be outside, and no
// revision or pattern.
func outsidePath(h string) bool {
	return strings.HasPrefix(h, "/") || strings.HasPrefix(h, "../") || h == ".." || strings.Contains(h, "/../")
}

// paths returns the operands that came after --, or all of them.
func (g *gitCall) paths() []Arg {
	if g.end < 0 {
		return g.p.operands
	}
	n := len(g.args) - g.end - 1
	return g.p.operands[len(g.p.operands)-min(n, len(g.p.operands)):]
}

// change judges paths that git writes or deletes (P6). git matches patterns
// itself, also when they were quoted.
func (g *gitCall) change(list []Arg) {
	for _, a := range list {
		s, ok := a.literal()
		switch {
		case strings.HasPrefix(a.head(), ":"):
			g.refuse("P6", "has a path with magic: "+a.String(), "write the path plainly")
		case ok && isPattern(s):
			g.use(globArg(strings.ReplaceAll(s, "*", "**"), looseGlob), useTree)
		case a.is(pieceRef):
		default:
			g.use(a, useTree)
		}
	}
}
