package policy

import (
	"regexp"
	"strings"
)

var gitSubcommands = gitTables(map[string]*subcommand{
	"version": {allow: []string{"git version"}, deny: []string{"git version $(wget x)"}},
	"status":  {allow: []string{"git status --porcelain"}, deny: []string{"git status /etc"}},
	"log":     {options: "-n -S -G -L --since --until --author --grep value\n--format --pretty maybe\n-O read", allow: []string{"git log --oneline -5 HEAD..main -- src", `git log --format='%h %s' $(git merge-base a b 2>/dev/null || true) || true`}[:1], deny: []string{"git log --output=.git/x", "git log --outp=/etc/x", "git log --ext-diff", "git log --textc", "git log --pretty --output=.git/x"}},
	"diff": {options: "-S -G value\n-O read", allow: []string{"git diff HEAD -- src/", "git diff --stat --cached", "git diff --no-index a b"},
		deny: []string{"git diff --no-index a /etc/passwd", "git diff /dev/null /etc/passwd", "git diff --output=/etc/x", "git diff --ext-d"}},
	"show": {options: "-O read", allow: []string{"git show HEAD:package.json", `git show "$SHA" --stat`}, deny: []string{"git show --output=.git/hooks/pre-commit HEAD:x", "git show --textconv"}},
	"add":  {calm: true, options: "--pathspec-from-file read", allow: []string{"git add .", "git add -A", "git add -f feature_list.json", "git add -p"}, deny: []string{"git add /etc/passwd", "git add ../x"}},
	"commit": {options: "-m -C -c --message --author --date --reuse-message --reedit-message --fixup --squash --trailer --cleanup value\n-F --file --pathspec-from-file read\n-t never\n-S --gpg-sign -u --untracked-files maybe",
		allow: []string{"git commit -am 'x > y && z'", "git commit --amend --no-edit", "git commit -F /tmp/msg", "git commit -qm \"$(cat <<'EOF'\na `b` $c\nEOF\n)\""},
		deny:  []string{"git commit -F {{HOME}}/.ssh/id_rsa", "git commit -t x", "git commit --template=x", "git commit -aF/etc/passwd", "git commit -m \"$(wget x)\"", "git commit --fil=/etc/passwd"}},
	"branch": {options: "-u --set-upstream-to value\n--edit-description never", allow: []string{"git branch -a", "git branch -D old", "git branch --show-current"}, deny: []string{"git branch --edit-description x"}},
	"checkout": {options: "-b -B --orphan --conflict value\n--pathspec-from-file never", check: func(g *gitCall) { checkCheckout(g) },
		allow: []string{"git checkout -b feature/login", "git checkout main", "git checkout HEAD~1 -- src/a.js", "git checkout -- src", "git checkout -"},
		deny:  []string{"git checkout feature_list.json", "git checkout HEAD~3 -- feature_list.json", "git checkout -- .", "git checkout -- '*.json'", "git checkout main feature_list.json", "git checkout -- :/feature_list.json", "git checkout -- \"$F\"", "git checkout '*[^~]'"}},
	"switch": {options: "-c -C --create --force-create --orphan --conflict value\n--force flag", allow: []string{"git switch -c x", "git switch main"}, deny: []string{"git switch $(wget x)"}},
	"restore": {options: "-s --source --conflict value\n-S -W --staged --worktree flag\n--pathspec-from-file never", check: func(g *gitCall) {
		if g.p.has("-S", "--staged") && !g.p.has("-W", "--worktree") {
			return
		}
		g.change(g.p.operands)
	}, allow: []string{"git restore src/a.js", "git restore --staged .", "git restore -s HEAD~1 src"}, deny: []string{"git restore .", "git restore feature_list.json", "git restore -SW feature_list.json", "git restore --source=HEAD~2 -- '*.json'", "git restore -s HEAD~1 .claude"}},
	"stash": {options: "-m --message value\n--pathspec-from-file read", allow: []string{"git stash -u", "git stash pop", "git stash push -m x src", "git stash list"}, deny: []string{"git stash show --ext-diff"}},
	"merge": {options: "-m -X --strategy-option value\n-s --strategy value\n-F --file read", check: func(g *gitCall) { checkStrategy(g) },
		allow: []string{"git merge --no-ff feature -m x", "git merge --abort", "git merge -X theirs x"}, deny: []string{"git merge -s evil x", "git merge -F /etc/passwd x"}},
	"rebase": {options: "-x -i --interactive --edit-todo never\n-s -X --strategy --strategy-option --onto value", check: func(g *gitCall) { checkStrategy(g) },
		allow: []string{"git rebase main", "git rebase --continue", "git rebase --onto a b c"}, deny: []string{"git rebase -x id HEAD~2", "git rebase -i HEAD~3", "git rebase --exe id main", "git rebase --interact main", "git rebase -qx id m", "git rebase -s evil m"}},
	"reset": {options: "--pathspec-from-file read", allow: []string{"git reset --hard HEAD~1", "git reset HEAD feature_list.json"}, deny: []string{"git reset `wget x`"}},
	"tag":   {options: "-m -u --message --local-user value\n-F --file read", allow: []string{"git tag v1", "git tag -a v1 -m x", "git tag -d v1"}, deny: []string{"git tag -F /etc/passwd v1", "git tag -aF/etc/passwd v"}},
	"mv":    {check: func(g *gitCall) { g.change(g.p.operands) }, allow: []string{"git mv a.js b.js"}, deny: []string{"git mv feature_list.json x", "git mv a feature_list.json", "git mv a .claude/", "git mv a ../b"}},
	"rm": {options: "--pathspec-from-file never", check: func(g *gitCall) { g.change(g.p.operands) }, allow: []string{"git rm -r --cached node_modules", "git rm old.js"},
		deny: []string{"git rm feature_list.json", "git rm -r .", "git rm '*.json'", "git rm -- 'feat*'", "git rm :/feature_list.json"}},
	"init": {options: "-b --initial-branch --object-format --ref-format value\n--shared maybe", check: func(g *gitCall) { g.dirs(g.p.operands) },
		allow: []string{"git init", "git init -b main .", "git init -q sub"}, deny: []string{"git init --template=/tmp/x", "git init {{HOME}}/x", "git init --separate-git-dir=x"}},
	"clone": {options: "-c -u never\n-b -o -j --branch --origin --depth --jobs --filter --shallow-since --shallow-exclude --server-option value\n--reference --reference-if-able --bundle-uri read\n--recurse-submodules maybe",
		check: checkClone, allow: []string{"git clone --depth 1 https://example.org/a.git lib"}, deny: []string{"git clone -c x=y . copy", "git clone -u x . y", "git clone https://example.org/a /etc/x", "git clone --upload-pac=x . y", "git clone 'ext::sh -c id' x", "git clone {{HOME}}/secret x", "git clone --conf x=y . z", "git clone --template=x . y", "git clone $U x", "git clone https://example.org/.claude", "git clone file://{{HOME}}/secret x", "git clone -- -oProxyCommand=id:x y", "git clone ssh://-oProxyCommand=id/x y"}},
	"fetch":     {options: "-o -j --server-option --depth --jobs --filter --refmap value", check: remoteOperands, allow: []string{"git fetch origin", "git fetch --all --prune"}, deny: []string{"git fetch ext::sh", "git fetch --upload-pack=x", "git fetch /etc", "git fetch file:///etc", "git fetch $X"}},
	"pull":      {options: "-s -X --strategy --strategy-option -o -j --depth --jobs --filter value\n-r --rebase maybe", check: checkPull, allow: []string{"git pull --rebase origin main", "git pull"}, deny: []string{"git pull --upload-pack=x", "git pull ext::sh", "git pull -s evil"}},
	"ls-remote": {options: "-o --server-option --sort value", check: remoteOperands, allow: []string{"git ls-remote --heads origin"}, deny: []string{"git ls-remote --upload-pa=x test", "git ls-remote --exec=x y", "git ls-remote ext::sh"}},
	"push": {options: "-o --push-option --repo value", check: checkPush,
		allow: []string{"git push -u origin main", "git push", "git push origin HEAD:refs/heads/x", "git push --tags", "git push -u origin $(git branch --show-current)"},
		deny:  []string{"git push -f", "git push --force-with-lease origin main", "git push origin +main", "git push origin :main", "git push --mirror", "git push --delete origin x", "git push -d origin x", "git push -uf origin main", "git push --forc", "git push origin \"$B\"", "git push ext::sh main", "git push --receive-pack=x", "git push --dele origin x", "git push --repo=ext::sh", "git push --prune origin"}},
	"blame":     {options: "-L --date --ignore-rev value\n-S --contents --ignore-revs-file read", allow: []string{"git blame -L 1,5 src/a.js"}, deny: []string{"git blame --contents /etc/passwd x", "git blame --textconv x"}},
	"ls-files":  {calm: true, options: "-x --exclude value\n-X --exclude-from read", allow: []string{"git ls-files -m", "git ls-files '*.ts'"}, deny: []string{"git ls-files -X /etc/passwd"}},
	"rev-parse": {allow: []string{"git rev-parse --short HEAD"}, deny: []string{"git rev-parse <(wget x)"}},
	"config": {check: checkGitConfig, options: "-f --file --blob --type --default --comment --value --url value", allow: []string{"git config user.name x", "git config --get remote.origin.url", "git config --list", "git config --local pull.rebase true", "git config get user.email", "git config set user.name x", "git config --global --get user.name"},
		deny: []string{"git config core.hooksPath x", "git config --global user.name x", "git config alias.x '!id'", "git config --unset user.name", "git config -e", "git config set core.pager x", "git config -f /etc/x a.b", "git config --add user.name x", "git config $K v", "git config core.fsmonitor id", "git config --system pull.rebase true", "git config edit", "git config --glob user.name x", "git config --replace-all core.editor x", "git config include.path x"}},
	"remote":      {check: func(g *gitCall) { remoteOperands(g) }, allow: []string{"git remote -v", "git remote add origin https://example.org/a.git"}, deny: []string{"git remote add x 'ext::sh -c id'", "git remote set-url origin ext::x"}},
	"cherry-pick": {options: "-m -X --mainline --strategy --strategy-option value", check: func(g *gitCall) { checkStrategy(g) }, allow: []string{"git cherry-pick abc123", "git cherry-pick -s abc123"}, deny: []string{"git cherry-pick --strategy=evil x"}},
	"revert":      {options: "-m -X --mainline --strategy --strategy-option value", check: func(g *gitCall) { checkStrategy(g) }, allow: []string{"git revert --no-edit HEAD"}, deny: []string{"git revert --strategy evil x"}},
	"describe":    {allow: []string{"git describe --tags"}, deny: []string{"git describe $(wget x)"}},
	"shortlog":    {options: "--output write", allow: []string{"git shortlog -sn"}, deny: []string{"git shortlog --output=/etc/x"}},
	"reflog":      {allow: []string{"git reflog -5"}, deny: []string{"git reflog --output=/etc/x"}},
	"grep": {options: "-O never\n-e -A -B -C -m value\n-f read\n-n -i -l -w -v -E -F -P -G -h -H -c -o -q -z -W -p -r -a -I -L flag", check: nil,
		allow: []string{"git grep -n later -- src", "git grep -e 'a|b'"}, deny: []string{"git grep -O x", "git grep --open-files-in-pager='sh -c id' x", "git grep -nOsh x", "git grep --open=x y", "git grep -f /etc/passwd", "git grep --no-index x /etc", "git grep -e a --and -Osh -e b", "git grep -A -Osh b"}},
	"apply":        {options: "-p -C --directory value\n--build-fake-ancestor write", check: func(g *gitCall) { applyDirectory(g) }, allow: []string{"git apply fix.patch", "git apply --check -p1 x"}, deny: []string{"git apply --unsafe-paths x", "git apply /etc/x", "git apply --unsafe x", "git apply --directory=../x y", "git apply --directory=.git x"}},
	"clean":        {options: "-e --exclude value", check: func(g *gitCall) { g.change(g.p.operands) }, allow: []string{"git clean -fd", "git clean -n"}, deny: []string{"git clean -f feature_list.json"}},
	"worktree":     {options: "-b -B --reason value", check: checkWorktree, allow: []string{"git worktree add /tmp/wt", "git worktree list", "git worktree add -b x wt main"}, deny: []string{"git worktree add {{HOME}}/wt", "git worktree add ../wt", "git worktree add .git/x", "git worktree move a {{HOME}}/x", "git worktree add $X", "git worktree add --orphan ../x"}},
	"archive":      {options: "-o write\n--remote never\n--add-file read\n--format --prefix --mtime --add-virtual-file value", allow: []string{"git archive -o /tmp/x.tar HEAD"}, deny: []string{"git archive --remote=x HEAD", "git archive -o .git/x HEAD", "git archive --exec=x HEAD", "git archive --add-file=/etc/passwd HEAD", "git archive --rem=x HEAD"}},
	"bundle":       {check: checkBundle, allow: []string{"git bundle create /tmp/x.bundle main", "git bundle verify x"}, deny: []string{"git bundle create {{HOME}}/x main", "git bundle create feature_list.json main", "git bundle verify /etc/x"}},
	"format-patch": {options: "-o dir\n-v --start-number --subject-prefix --in-reply-to --to --cc --signature value\n--signature-file --description-file read", allow: []string{"git format-patch -o /tmp HEAD~2", "git format-patch -1"}, deny: []string{"git format-patch -o /etc HEAD", "git format-patch --output-dir=/etc HEAD", "git format-patch --signature-file=/etc/passwd -1", "git format-patch -n -o .git HEAD~1"}},
	"bisect":       {check: func(g *gitCall) { checkBisect(g) }, allow: []string{"git bisect start HEAD v1", "git bisect good"}, deny: []string{"git bisect run sh x", "git bisect \"$X\"", "git bisect visualize"}},
	"show-ref":     {allow: []string{"git show-ref --heads"}, deny: []string{"git show-ref `wget x`"}},
	"cat-file":     {allow: []string{"git cat-file -p HEAD"}, deny: []string{"git cat-file --textconv HEAD:x", "git cat-file --filters HEAD:x"}},
})

func gitTables(m map[string]*subcommand) map[string]*subcommand {
	for name, s := range m {
		s.rule = rule{names: "git " + name, lenient: true, calm: s.calm, options: s.options + "\n" + gitOptions}
		if strings.Contains(s.options, "--output write") {
			s.rule.options = strings.Replace(s.rule.options, "--output write", "", 1)
		}
		s.rule.readTable()
	}
	return m
}

// dirs judges operands that are directories to make or fill.
func (g *gitCall) dirs(list []Arg) {
	for _, a := range list {
		g.use(a, useDir)
	}
}

// checkCheckout judges the operands that could be paths. The one before -- is
// a revision; what is no path looks like one inside the project.
func checkCheckout(g *gitCall) {
	if g.end >= 0 {
		g.change(g.paths())
		return
	}
	for _, a := range g.p.operands {
		if a.text != "-" { // the branch before
			g.change([]Arg{a})
		}
	}
}

var rebases = words("true false merges m preserve p")

// checkPull refuses a rebase that opens an editor.
func checkPull(g *gitCall) {
	checkStrategy(g)
	remoteOperands(g)
	if how, ok := g.p.value("-r", "--rebase"); ok && !rebases[how.text] {
		g.refuse("P9", "asks a person what to rebase", "use --rebase or --rebase=merges")
	}
}

var strategies = words("ort recursive resolve octopus ours subtree")

// checkStrategy allows the merge strategies of git itself: any other is a
// program.
func checkStrategy(g *gitCall) {
	for _, o := range g.p.opts {
		if o.name != "-s" && o.name != "--strategy" {
			continue
		}
		if s, ok := o.val.literal(); !ok || !strategies[s] {
			g.refuse("P9", "names a merge strategy that is a program of its own", "use ort, ours or leave it out")
		}
	}
}

// remoteOperands wants remotes and refs written out: an unknown word could be
// an option that runs a program.
func remoteOperands(g *gitCall) {
	for _, a := range g.p.operands {
		switch head := a.head(); {
		case a.has(pieceUnknown) && head == "":
			g.refuse("P9", "names a remote or branch that is not known", "write it out")
			return
		case strings.HasPrefix(head, "-") && len(head) > 1:
			g.refuse("P9", "names a remote or branch that looks like an option: "+a.String(), "write its name")
			return
		case strings.HasPrefix(head, "file://"):
			g.use(a.from(len("file://")), useRead)
		}
	}
}

func checkClone(g *gitCall) {
	remoteOperands(g)
	ops := g.p.operands
	if len(ops) == 0 {
		return
	}
	if h := ops[0].head(); strings.HasPrefix(h, ".") || strings.HasPrefix(h, "/") {
		g.use(ops[0], useRead)
	}
	if len(ops) > 1 {
		g.dirs(ops[1:])
		return
	}
	g.dirs([]Arg{literalArg(cloneName(ops[0].String()))})
}

// cloneName is the directory that git makes of an address.
func cloneName(address string) string {
	name := strings.TrimRight(address, "/")
	name = strings.TrimRight(strings.TrimSuffix(name, "/.git"), "/")
	name = name[strings.LastIndexAny(name, "/:")+1:]
	return strings.TrimSuffix(name, ".git")
}

func checkPush(g *gitCall) {
	remoteOperands(g)
	for _, o := range g.p.opts {
		if o.name == "--repo" && helper.MatchString(o.val.head()) {
			g.refuse("P9", "names a transport that runs a program", "use a remote's name")
		}
	}
	if g.j.p.permits["git-force-push"] {
		return
	}
	refuse := func(what string) {
		g.refusal(refusal{rule: "P9", part: g.part, why: what, instead: "push without it; resolve what differs with pull and merge",
			fix: Setting{"permit", "git-force-push"}})
	}
	for _, a := range g.args {
		s := a.head()
		switch {
		case a.text == "--":
		case strings.HasPrefix(s, "--"):
			name, _, _ := strings.Cut(s, "=")
			for _, bad := range []string{"--force", "--force-with-lease", "--force-if-includes", "--mirror", "--delete", "--prune"} {
				if len(name) > 2 && strings.HasPrefix(bad, name) {
					refuse("overwrites or deletes what is at the remote")
					return
				}
			}
		case strings.HasPrefix(s, "-") && strings.ContainsAny(s, "fd") && !strings.HasPrefix(s, "-o"):
			refuse("overwrites or deletes what is at the remote")
			return
		case strings.HasPrefix(s, "+") || strings.HasPrefix(s, ":"):
			refuse("overwrites or deletes what is at the remote")
			return
		}
	}
	for _, a := range g.p.operands {
		if strings.HasPrefix(a.head(), "/") || strings.HasPrefix(a.head(), ".") {
			g.use(a, useDir)
		}
	}
}

// configKeys may be set, in the repository.
var configKeys = words("user.name user.email init.defaultbranch core.autocrlf pull.rebase")

var (
	configReads = words("--get --get-all --get-regexp --list --get-urlmatch --get-color --get-colorbool --show-origin --show-scope --name-only -l -z --null --local --global --system --worktree --includes --no-includes --type --bool --int --path --default")
	configKey   = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
)

// checkGitConfig allows reading, and setting a few keys of the repository.
func checkGitConfig(g *gitCall) {
	read, elsewhere := false, false
	for i, a := range g.args {
		s, ok := a.literal()
		name, _, _ := strings.Cut(s, "=")
		if !strings.HasPrefix(a.head(), "-") || g.end >= 0 && i >= g.end {
			continue
		}
		if !ok || !configReads[name] {
			g.refuse("P9", "has "+a.String()+", which is not a way of reading", "read with --get, or set user.name or user.email")
			return
		}
		read = read || strings.HasPrefix(name, "--get") || name == "--list" || name == "-l"
		elsewhere = elsewhere || name == "--global" || name == "--system" || name == "--worktree"
	}
	ops := g.p.operands
	if len(ops) > 0 {
		switch s, _ := ops[0].literal(); s {
		case "get", "list":
			return
		case "set":
			ops = ops[1:]
		case "unset", "edit", "rename-section", "remove-section":
			g.refuse("P9", "changes the configuration of git", "leave it as it is")
			return
		}
	}
	if read || len(ops) == 0 {
		return
	}
	key, ok := ops[0].literal()
	switch {
	case !ok || !configKey.MatchString(key):
		g.refuse("P9", "names a key that is not written out", "write it out")
	case len(ops) == 1 && !strings.EqualFold(ops[0].text, "set"):
	case strings.EqualFold(key, "pull.rebase") && !rebases[ops[1].text]:
		g.refuse("P9", "sets pull.rebase to what may open an editor", "set it to true, false or merges")
	case !configKeys[strings.ToLower(key)] || elsewhere:
		g.refuse("P9", "sets "+key+", which may change what git runs", "set only user.name, user.email, init.defaultBranch, core.autocrlf or pull.rebase of this repository")
	}
}

func checkWorktree(g *gitCall) {
	ops := g.p.operands
	if len(ops) < 2 {
		return
	}
	switch verb, _ := ops[0].literal(); verb {
	case "add":
		g.use(ops[1], useDir)
	case "move":
		g.dirs(ops[1:])
	case "list", "prune", "remove", "lock", "unlock", "repair":
	default:
		g.refuse("P9", "does something to worktrees that is not known", "use add, list, remove or prune")
	}
}

func checkBundle(g *gitCall) {
	ops := g.p.operands
	if len(ops) < 2 {
		return
	}
	switch verb, _ := ops[0].literal(); verb {
	case "create":
		g.use(ops[1], useWrite)
	case "verify", "list-heads", "unbundle":
		g.use(ops[1], useRead)
	default:
		g.refuse("P9", "does something with a bundle that is not known", "use create or verify")
	}
}

var bisectVerbs = words("start bad good new old skip reset log next terms")

func checkBisect(g *gitCall) {
	if len(g.p.operands) == 0 {
		return
	}
	if verb, ok := g.p.operands[0].literal(); !ok || !bisectVerbs[verb] {
		g.refuse("P9", "runs a program for each step", "use start, good, bad and reset")
	}
}

func applyDirectory(g *gitCall) {
	if dir, ok := g.p.value("--directory"); ok {
		g.use(dir, useDir)
	}
}
