package policy

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
	{names: "npx", lenient: true, operands: "data...", check: checkNPX,
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
