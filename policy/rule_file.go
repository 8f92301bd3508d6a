package policy

import (
	"path"
	"regexp"
	"strings"
)

// fileRules are the programs that look at and change files.
var fileRules = []rule{
	{names: "ls", lenient: true, operands: "read...", options: "-I -T -w --ignore --tabsize --width --hide --block-size --indicator-style --time-style --sort --time --format --quoting-style value\n-1 flag",
		allow: []string{"ls -la", "ls *.json src/ 2>/dev/null", "ls /usr/bin"}, deny: []string{"ls ..", "ls ~", "ls {{STATE}}", "ls /", "ls /home"}},
	{names: "stat", lenient: true, operands: "read...", options: "-c --format --printf --cached value",
		allow: []string{"stat -c %s x", "stat -Lt x"}, deny: []string{"stat {{HOME}}/.ssh", "stat -t /etc/shadow"}},
	{names: "file", lenient: true, calm: true, operands: "read...", options: "-F -e -P --separator --exclude --parameter value\n-f -m --files-from --magic-file read\n-C --compile never",
		allow: []string{"file src/a.png", "file -bi x"}, deny: []string{"file -C -m x", "file -f /etc/x", "file -m /etc/x y"}},
	{names: "realpath", lenient: true, operands: "read...", options: "--relative-to --relative-base read\n-e -m -L -P -q -s -z flag",
		allow: []string{"realpath src", "realpath -m a/b"}, deny: []string{"realpath -m /etc/shadow", "realpath --relative-to=/etc x"}},
	{names: "du", lenient: true, operands: "read...", options: "-d -B -t --max-depth --block-size --threshold --exclude --time-style value\n-X --exclude-from --files0-from read\n--time maybe\n-m -k -h -s -a -c flag",
		allow: []string{"du -sh node_modules", "du -m src", "du -d1 ."}, deny: []string{"du --files0-from=/etc/x", "du -m /etc"}},
	{names: "tree", lenient: true, exact: true, operands: "read...", options: "-L -I -P -H -T --charset --filelimit --timefmt --sort value\n-o write\n-R never\n--fromfile --gitfile --infofile flag",
		allow: []string{"tree -L 2 -I node_modules", "tree src -o /tmp/t"}, deny: []string{"tree /", "tree -o feature_list.json", "tree -o/etc/x", "tree -R"}},
	{names: "touch", operands: "write...", options: "-a -c -h -m -f --no-create --no-dereference flag\n-d -t --date --time value\n-r --reference read",
		allow: []string{"touch a b", "touch src/x.js", "touch -d yesterday x"}, deny: []string{"touch {{HOME}}/.bashrc", "touch .git/x", "touch feature_list.json", "touch -r /etc/passwd x"}},
	{names: "mkdir", operands: "dir...", options: "-p -v -Z --parents --verbose flag\n-m --mode value",
		allow: []string{"mkdir -p src/{a,b}/c", "mkdir -p -m 755 x"}, deny: []string{"mkdir /etc/x", "mkdir -p .claude/commands", `mkdir "$D"`, "mkdir ../x"}},
	{names: "cp", calm: true, operands: "data...", check: checkCopy,
		options: `-a -b -d -f -i -H -l -L -n -P -p -R -r -s -T -u -v -x -Z --archive --attributes-only --force --interactive --link --dereference --no-clobber --no-dereference
			--recursive --symbolic-link --no-target-directory --verbose --one-file-system --remove-destination --strip-trailing-slashes --copy-contents --debug flag
			-S --suffix --no-preserve --sparse value
			--backup --preserve --reflink --context --update maybe
			-t --target-directory dir`,
		allow: []string{"cp a.js src/", "cp -r src/ lib", "cp {{PROJECT}}/a /tmp/b", "cp /usr/share/x y", "cp src/*.js lib/", "cp -t src a b"},
		deny: []string{"cp a feature_list.json", "cp {{HOME}}/x y", "cp --target-directory=/etc a", "cp -t/etc a", "cp a", "cp /tmp/feature_list.json .", `cp a "$B"`,
			"cp -r /tmp/x/. .", "cp x .git/hooks/", "cp -s {{HOME}}/.ssh/id_rsa k", "cp src/* ."}},
	{names: "mv", operands: "data...", check: checkCopy,
		options: `-b -f -i -n -T -u -v -Z --force --interactive --no-clobber --no-target-directory --verbose --strip-trailing-slashes --exchange --no-copy --debug flag
			-S --suffix value
			--backup --update --context maybe
			-t --target-directory dir`,
		allow: []string{"mv a b", "mv src/*.js lib/", "mv -n a.txt docs/"},
		deny:  []string{"mv feature_list.json x", "mv .git .git2", "mv src /etc", "mv * lib/", "mv {{HOME}}/x .", "mv {{PROJECT}} /tmp/x", "mv x autosession.toml", `mv "$A" b`}},
	{names: "chmod", operands: "data...", check: checkChmod, lenient: true,
		allow: []string{"chmod +x init.sh", "chmod u+x,g+x x", "chmod a+x scripts/*.sh"},
		deny:  []string{"chmod 777 x", "chmod -R +x src", "chmod +w x", "chmod a+rwx .", "chmod +x .git/hooks/pre-commit", "chmod +x /etc/x", "chmod +x *", "chmod $M x", "chmod --reference=a b"}},
	{names: "rm", operands: "data...", check: checkRemove,
		options: "-d -f -i -I -r -R -v --dir --force --recursive --verbose --one-file-system --preserve-root flag\n--interactive maybe\n--no-preserve-root never",
		allow:   []string{"rm -rf node_modules dist", "rm -f *.log", "rm -r ./build/static", "rm -rf src/*", "cd build && rm -rf *", "cd dist || exit 1; rm -rf *"},
		deny: []string{"rm -rf /", "rm -rf .", "rm -rf ..", "rm -rf *", "rm -rf ./*", `rm -rf "$X"`, "rm feature_list.json", "rm feature*.json", "rm -rf .git", "rm -rf {{PROJECT}}",
			"rm -rf /tmp/x", "rm -rf $HOME", "rm *", "cd build; rm -rf *", "rm -rf .*", `rm -rf "$X/"`, "rm -rf src/../..", "rm -rf */", "rm {{STATE}}/x", "rm -rf ~/x"}},
}

// checkCopy judges cp and mv: the last operand, or what -t names, is written,
// and so is what lies in it under the name of each source.
func checkCopy(c *call, p *parsed) {
	sources := p.operands
	dest, ok := p.value("-t", "--target-directory")
	suffix, backup := c.backupSuffix(p)
	if !ok {
		if len(sources) < 2 || sources[len(sources)-1].many {
			c.refuse("P5", "has no destination that is written out", "name the source and the destination")
			return
		}
		dest, sources = sources[len(sources)-1], sources[:len(sources)-1]
	}
	for _, s := range sources {
		c.use(s, useRead)
		if c.name == "mv" || p.has("-l", "-s", "--link", "--symbolic-link") {
			c.use(s, useTree) // what is written to a link is written to the source
		}
		if p.has("-T", "--no-target-directory") {
			s = literalArg(".") // what lies in it comes to lie in the destination
		}
		c.into(dest, nameIn(s))
		if backup {
			c.into(dest, nameIn(s).and(suffix))
		}
	}
	if ok {
		return
	}
	u := useWrite
	if c.isRoot(dest) {
		u = useDir
	}
	c.use(dest, u)
	if backup {
		c.use(dest.and(suffix), u)
	}
}

// backupSuffix is what cp and mv add to the name of a file that they would
// overwrite, when they are to keep it.
func (c *call) backupSuffix(p *parsed) (suffix string, backup bool) {
	a, given := p.value("-S", "--suffix")
	if !given {
		return "~", p.has("-b", "--backup")
	}
	s, ok := a.literal()
	if !ok || strings.Contains(s, "/") {
		c.refuse("P5", "names its backups by what is not a plain suffix", "use -S .bak")
	}
	return s, true
}

// isRoot says that a path is the project itself, or another whole area.
func (c *call) isRoot(a Arg) bool {
	text, ok := a.literal()
	here, known := c.st.here()
	if !ok || !known && !path.IsAbs(text) {
		return false
	}
	may, rest := c.j.p.at(locate(here, text, plainText).dir)
	return may >= mayTemp && rest == ""
}

// into judges the path that a source gets inside a destination directory, by
// its name there.
func (c *call) into(dest, name Arg) {
	if dest.pieces == nil && name.pieces == nil {
		c.use(literalArg(dest.text+"/"+name.text), useDir)
		return
	}
	if !c.isRoot(dest) && (name.is(pieceUnknown) || c.found) {
		return // inside a directory that is judged itself; what is protected lies at the root
	}
	if name.is(pieceUnknown) {
		c.refuse("P5", "writes a name that is not known into "+dest.String(), "name the file, or a directory inside the project")
		return
	}
	var f fields
	f.addArg(dest)
	f.add(pieceText, "/")
	f.addArg(name)
	c.use(f.arg(), useWrite)
}

func nameIn(source Arg) Arg {
	if s, ok := source.literal(); ok {
		if base := path.Base(s); base != "." && base != ".." && base != "/" {
			return literalArg(base)
		}
		return globArg("*", looseGlob) // the contents of a directory
	}
	if source.has(pieceDeep) {
		return globArg("*", looseGlob)
	}
	return nameOf(source)
}

var plusX = regexp.MustCompile(`^[ugoa]*\+x(,[ugoa]*\+x)*$`)

func checkChmod(c *call, _ *parsed) {
	if len(c.args) == 0 {
		return
	}
	if mode, ok := c.args[0].literal(); !ok || !plusX.MatchString(mode) {
		c.refuse("P9", "changes modes other than +x", "use chmod +x FILE")
		return
	}
	for _, a := range c.args[1:] {
		switch {
		case strings.HasPrefix(a.head(), "-"):
			c.refuse("P9", "has the option "+a.String(), "use chmod +x FILE")
		case c.found && a.is(pieceUnknown):
		case c.found && a.has(pieceDeep):
			c.use(a.above(), useDir) // what it finds lies in there
		default:
			c.use(a, useWrite)
		}
	}
}

func checkRemove(c *call, p *parsed) {
	u := useWrite
	if p.has("-r", "-R", "--recursive", "-d", "--dir") {
		u = useTree
	}
	for _, a := range p.operands {
		if a.many {
			c.refuse("P9", "removes what is not known", "name what to remove")
			return
		}
		c.use(a, u)
		text, g, ok := a.pattern()
		if !ok || c.j.p.permits["rm-temp"] {
			continue
		}
		for _, d := range c.st.cwd {
			if may, _ := c.j.p.at(locate(d.path, text, g).dir); may != mayProject && may != mayWrite && !d.soft {
				c.refusal(refusal{rule: "P9", part: c.part, why: "removes outside the project", instead: "leave it; temporary files go away by themselves",
					fix: Setting{"permit", "rm-temp"}})
				return
			}
		}
	}
}
