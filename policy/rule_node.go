package policy

import (
	"path"
	"slices"
	"strings"
)

// nodeRules are node and its package managers. What a project's scripts do is
// left to the sandbox; what reaches around the project is not.
var nodeRules = []rule{
	{names: "node", lenient: true, folds: true, stop: true, operands: "read data...", check: checkNode,
		unless: "-e --eval -p --print -i --interactive",
		options: `-e --eval -p --print -C --conditions --input-type --max-http-header-size --title --unhandled-rejections --dns-result-order --test-name-pattern --test-reporter --test-concurrency value
			-r --require --import --loader --experimental-loader --env-file --env-file-if-exists --openssl-config --icu-data-dir --experimental-config-file --watch-path read
			--redirect-warnings --cpu-prof-dir --cpu-prof-name --heap-prof-dir --heap-prof-name --diagnostic-dir --report-dir --report-directory --report-filename --test-reporter-destination
			--trace-event-file-pattern --tls-keylog --localstorage-file --snapshot-blob --logfile write
			--test flag`,
		allow: []string{"node server.js &", `node -e "console.log(1)"`, "node --test test/", "node --check src/a.js", "node - <<'EOF'\nx\nEOF", "/usr/local/bin/node app.js", "node --max-old-space-size=4096 x.js /any"},
		deny:  []string{"node {{HOME}}/x.js", "node -r /etc/x y.js", "node --redirect-warnings=/etc/x y.js", "node ../x.js", "node --cpu-prof-dir=.git x.js", "node --stack-trace-limit /etc/x.js"}},
	{names: "npm", lenient: true, operands: "data...", check: checkNPM,
		allow: []string{"npm ci", "npm run build -- --base /x -c y -g", "npm test", "npm install --save-dev vite", "npm ls --depth=0", "npm --prefix frontend run dev", "npm -C frontend ci", "npm exec -- eslint .", "npm init -y", "npm config get registry", "npm version patch"},
		deny: []string{"npm i -g x", "npm install --global x", "npm install --location=global x", "npm install --location global x", "npm publish", "npm login", "npm token list", "npm exec -- bash -c id", "npm exec sh", "npm x -c id", "npm exec --call id", "npm -C {{HOME}} run x",
			"npm --prefix /etc i", "npm config set script-shell x", "npm set script-shell x", "npm run x --script-shell=/tmp/sh", "npm i --userconfig=x", "npm i -global x", "npm i --glob x", "npm --script-sh x run y", "npm owner add x", "npm access x", "npm explore x -- id", "npm c set x y", "npm adduser", "npm x /bin/sh", "npm $X", "npm exec \"$P\"", "npm edit x", "npm i -gf x", "npm exec -p x sh", "npm i --locat=global x"}},
	{names: "npx", lenient: true, stop: true, operands: "data...", check: checkNPX, options: "-p --package -w --workspace --registry --cache --loglevel value\n--prefix -C dir\n-c --call --script-shell --userconfig --globalconfig -g --global --shell --node-options never",
		allow: []string{"npx eslint src --ext .ts,.tsx", "npx --yes create-vite@latest app -- --template react", "npx -p typescript tsc -c x", "npx playwright test -g '/api'", "npx tsc --noEmit"},
		deny:  []string{"npx sh -c id", "npx -c id", "npx --call=id", "npx /bin/bash", "npx -p x bash", "npx $X", "npx --cal id", "npx ./x/zsh", "npx env sh", "npx sudo id", "npx -y -c id", "npx eval x"}},
	{names: "yarn", lenient: true, operands: "data...", check: checkNPM,
		allow: []string{"yarn", "yarn install --frozen-lockfile", "yarn build", "yarn --cwd frontend test", "yarn dlx create-vite x", "yarn workspace a run b"},
		deny:  []string{"yarn global add x", "yarn --cwd / build", "yarn dlx bash", "yarn exec sh", "yarn publish", "yarn npm publish", "yarn config set x y", "yarn sh -c id", "yarn run bash", "yarn login", "yarn npm login", "yarn $X", "yarn workspaces foreach exec sh"}},
	{names: "pnpm", lenient: true, operands: "data...", check: checkNPM,
		allow: []string{"pnpm install --frozen-lockfile", "pnpm -r test", "pnpm --filter web dev", "pnpm -C web build", "pnpm dlx create-vite x", "pnpm add -D x"},
		deny:  []string{"pnpm exec sh -c id", "pnpm add -g x", "pnpm dlx bash", "pnpm sh", "pnpm -C / i", "pnpm --dir=/etc i", "pnpm exec -c id", "pnpm publish", "pnpm config set a b", "pnpm -r exec bash", "pnpm --filter x exec sh", "pnpm --shell-mode exec id", "pnpm -w sh -c id", "pnpm add -w -g x", "pnpm --tag -g add x", "pnpm --config.script-shell=/tmp/sh test"}},
	{names: "tsc", lenient: true, oneDash: true, folds: true, operands: "read...", options: "-p --project read\n--target -t --module -m --jsx --lib --moduleResolution --types --typeRoots --rootDir --baseUrl --locale --ignoreDeprecations value\n--outDir --declarationDir --generateTrace --generateCpuProfile dir\n--outFile --out --tsBuildInfoFile write\n--noEmit --watch -w --build -b --strict --pretty --declaration -d --init flag",
		allow: []string{"tsc --noEmit", "tsc -p tsconfig.json --outDir dist"}, deny: []string{"tsc --outDir /etc", "tsc --outFile feature_list.json a.ts", "tsc ../x.ts", "tsc -p /etc"}},
	{names: "vite", lenient: true, folds: true, operands: "data...", options: "--outDir dir\n-c --config read\n--port --host --base --mode -m --logLevel -l value", check: operandDirs,
		allow: []string{"vite build --mode production", "vite --port 3000 --base /app/"}, deny: []string{"vite build --outDir /etc", "vite build /etc", "vite build --host --outDir /etc"}},
	{names: "jest", lenient: true, folds: true, operands: "data...", options: "--coverageDirectory --cacheDirectory --outputFile write\n-t --testNamePattern --testPathPattern value\n--config -c --rootDir read",
		allow: []string{"jest --ci", "jest -t '/x'"}, deny: []string{"jest --coverageDirectory=/etc/x", "jest --outputFile feature_list.json", "jest --rootDir=/etc"}},
}

// checkNode judges the files after the first one that node itself reads.
func checkNode(c *call, p *parsed) {
	if len(p.operands) > 1 && (p.has("--test") || p.operands[0].text == "inspect") {
		for _, a := range p.operands[1:] {
			if outsidePath(a.head()) {
				c.use(a, useRead)
			}
		}
	}
}

// operandDirs judges operands that look like paths elsewhere.
func operandDirs(c *call, p *parsed) {
	for _, a := range p.operands {
		if outsidePath(a.head()) {
			c.use(a, useDir)
		}
	}
}

// npmNever are long options, in any abbreviation, with one dash or two.
var npmNever = strings.Fields(`call script-shell userconfig globalconfig global shell editor viewer browser git node-options shell-mode init-module`)

// npmDirs are options whose value is a directory.
var npmDirs = words("--prefix -C --cwd --dir --cache --pack-destination --modules-folder --cache-folder --store-dir --virtual-store-dir --global-dir")

// npmValues are options with a separate value: of all, and of one program.
var (
	npmValues   = words("--registry --loglevel --tag --depth --omit --include")
	npmValuesOf = map[string]map[string]bool{"npm": words("--workspace -w"), "pnpm": words("--filter -F")}
)

var npmVerbs = words(`global publish unpublish login logout adduser add-user token owner author access deprecate dist-tag dist-tags team org profile hook star
	unstar edit explore set-script set shell-completion`)

// checkNPM judges npm, yarn and pnpm. npm takes -global for --global, and any
// abbreviation; what comes after -- belongs to a script.
func checkNPM(c *call, _ *parsed) {
	var verbs []Arg
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		head := a.head()
		if a.text == "--" {
			if len(verbs) == 0 {
				continue
			}
			if len(verbs) == 1 && runsPackage[verbs[0].text] {
				verbs = append(verbs, c.args[i+1:]...)
			}
			break
		}
		if !strings.HasPrefix(head, "-") || head == "-" {
			verbs = append(verbs, a)
			continue
		}
		name, _, attached := strings.Cut(head, "=")
		if npmRefused(c, name, a, i) {
			return
		}
		switch {
		case strings.HasPrefix(head, "-C") && len(head) > 2:
			c.use(a.from(2), useDir)
		case npmDirs[name] && attached:
			c.use(a.from(len(name)+1), useDir)
		case npmDirs[name] && i+1 < len(c.args):
			i++
			c.use(c.args[i], useDir)
		case (npmValues[name] || npmValuesOf[c.name][name]) && !attached && i+1 < len(c.args) && !strings.HasPrefix(c.args[i+1].head(), "-"):
			i++
		}
	}
	npmVerb(c, verbs)
}

// npmRefused refuses an option by its name, however it is written.
func npmRefused(c *call, name string, a Arg, i int) bool {
	bare := strings.TrimLeft(name, "-")
	bad := a.pieces != nil && !strings.Contains(a.head(), "=") || strings.HasPrefix(bare, "config.")
	for _, n := range npmNever {
		bad = bad || bare != "" && strings.HasPrefix(n, bare) && (len(bare) > 1 || strings.HasPrefix(name, "--"))
	}
	if !strings.HasPrefix(name, "--") {
		bad = bad || bare == "c" || strings.Contains(bare, "g") && len(bare) <= 4
	}
	if len(bare) > 2 && strings.HasPrefix("location", bare) {
		val := ""
		if i+1 < len(c.args) {
			val = c.args[i+1].text
		}
		bad = bad || !strings.HasSuffix(a.text, "=project") && !strings.HasSuffix(a.text, "=user") && val != "project" && val != "user"
	}
	if bad {
		c.refuse("P9", "has the option "+a.String()+", which reaches outside the project or runs a shell", "leave it out; use npm run and packages of the project")
	}
	return bad
}

var runsPackage = words("exec x dlx run run-script rum urn workspace")

// npmVerb judges the subcommand, and the program that exec and its like run.
func npmVerb(c *call, verbs []Arg) {
	if len(verbs) == 0 {
		return
	}
	verb, ok := verbs[0].literal()
	sub := ""
	if len(verbs) > 1 {
		sub, _ = verbs[1].literal()
	}
	switch {
	case !ok:
		c.refuse("P9", "has a subcommand that is not written out", "write it out")
	case (verb == "workspace" || verb == "workspaces") && c.name == "yarn" && len(verbs) > 2:
		npmVerb(c, verbs[2:])
	case npmVerbs[verb] || c.name == "yarn" && verb == "npm" && npmVerbs[sub]:
		c.refuse("P9", verb+" changes what is outside the project", "do without it")
	case (verb == "config" || verb == "c") && sub != "get" && sub != "list" && sub != "ls" && sub != "":
		c.refuse("P9", "changes the configuration of "+c.name, "leave it as it is")
	case runsPackage[verb] && len(verbs) > 1:
		judgePackage(c, verbs[1])
		if len(verbs) > 2 && slices.ContainsFunc(c.args, func(a Arg) bool { return a.text == "-p" || a.text == "--package" }) {
			judgePackage(c, verbs[2]) // the first may be the package
		}
	case c.name != "npm":
		judgePackage(c, verbs[0])
	}
}

// judgePackage refuses a shell, or what leads to one, as the program to run.
func judgePackage(c *call, a Arg) {
	name, ok := a.literal()
	base := path.Base(name)
	if i := strings.IndexByte(base, '@'); i > 0 {
		base = base[:i]
	}
	if !ok || never[base] || base == "env" || base == "xargs" || base == "ssh" || base == "npx" && c.name != "npx" && base != name {
		c.refuse("P9", "runs "+a.String()+" by way of "+c.name, "name a package of the project literally")
	}
}

func checkNPX(c *call, p *parsed) {
	if len(p.operands) == 0 {
		return
	}
	judgePackage(c, p.operands[0])
	if name, _ := p.operands[0].literal(); localBins[name] {
		in := *c
		in.name, in.args = name, p.operands[1:]
		c.j.p.rules[name].judge(&in)
	}
}
