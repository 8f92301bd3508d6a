package policy

import "testing"

// everyday is what agents type all day. A policy that refuses one of these
// costs a night.
var everyday = map[string][]string{
	"start of a session": {
		"pwd", "pwd && ls -la && git log --oneline -20", "cat claude-progress.txt 2>/dev/null | tail -50",
		"cat feature_list.json | jq '[.[] | select(.passes == false)] | length'",
		"head -c 3000 app_spec.txt", "git log --oneline -10 && git status --short",
		"grep -c '\"passes\": false' feature_list.json || true",
		"jq -r '.[] | select(.passes==false) | .description' feature_list.json | head -5",
		"chmod +x init.sh && ./init.sh", "ls -la; cat init.sh", "test -f init.sh && ./init.sh > /tmp/init.log 2>&1 &",
		"python3 -c \"\nimport json\nd=json.load(open('feature_list.json'))\nprint(sum(f['passes'] for f in d), len(d))\n\"",
		"echo \"Project: $(basename \"$PWD\")\"; date", "git rev-parse --abbrev-ref HEAD", "wc -l app_spec.txt feature_list.json",
		"find . -maxdepth 2 -not -path './node_modules*' -not -path './.git*' | sort | head -50",
		"tree -L 2 -I 'node_modules|dist|.git'", "cat .gitignore", "ls -la .git/hooks", "cat .git/HEAD", "du -sh .git node_modules 2>/dev/null",
	},
	"servers": {
		"npm run dev > /tmp/x.log 2>&1 & echo $!", "npm run dev > /tmp/dev.log 2>&1 &\nsleep 5\ncurl -s http://localhost:3000 | head -20",
		"node server.js > server.log 2>&1 & PID=$!\nsleep 2\ncurl -sf localhost:3000/health || cat server.log\nkill $PID 2>/dev/null || true",
		"(npm run dev > /tmp/dev.log 2>&1 &) ; sleep 3; tail -20 /tmp/dev.log",
		"for i in $(seq 1 30); do curl -sf http://localhost:3000 > /dev/null && break; sleep 1; done",
		"for i in {1..10}; do curl -s -o /dev/null -w '%{http_code}\\n' http://localhost:3000/api/items/$i; done",
		"until curl -sf http://localhost:8080/health >/dev/null 2>&1; do sleep 1; done; echo up",
		"curl -s -X POST http://localhost:3000/api/todos -H 'Content-Type: application/json' -d '{\"title\":\"a\"}' | jq .",
		"curl -sS -X PUT -H \"Content-Type: application/json\" --data-binary @tests/fixture.json http://127.0.0.1:3000/api | jq -r '.id'",
		"curl -i -s http://localhost:3000/login -c /tmp/cookies.txt -d 'user=a&pass=b'", "curl -s -b /tmp/cookies.txt http://localhost:3000/me",
		"lsof -ti:3000", "lsof -i :3000 | grep LISTEN", "ps aux | grep -v grep | grep node", "pkill -f 'node server.js' || true; sleep 1; node server.js &",
		"pkill -f \"npm run dev\"; pkill -f vite; true", "timeout 10 npm start || true", "nohup node server.js > /tmp/s.log 2>&1 &",
		"sleep 3 && curl -sI http://localhost:5173 | head -1", "PORT=4000 node server.js & SERVER=$!; trap_free=1; wait $SERVER",
		"curl -N --max-time 3 http://localhost:3000/events || true", "STATUS=$(curl -s -o /dev/null -w \"%{http_code}\" http://localhost:3000/); [ \"$STATUS\" = \"200\" ] && echo ok || echo \"bad $STATUS\"",
		"curl -sS --retry 10 --retry-connrefused --retry-delay 1 http://localhost:3000/", "curl -fsS 'http://localhost:3000/search?q=a%20b&limit=10'",
		"python3 -m http.server 8000 --directory dist &", "npx vite preview --port 4173 & sleep 2; curl -s localhost:4173 | grep -o '<title>.*</title>'",
	},
	"tests": {
		"npm test 2>&1 | tail -40", "CI=true npm test -- --watchAll=false", "npm test -- --grep 'login' 2>&1 | grep -E '(pass|fail)'",
		"for t in tests/*.test.js; do echo \"== $t\"; node --test \"$t\" || exit 1; done", "npx jest src/a.test.ts -t 'renders' --coverage",
		"npx vitest run --reporter=verbose 2>&1 | tail -60", "npx playwright test tests/login.spec.ts --headed=false --project=chromium",
		"pytest -x -q --tb=short tests/ 2>&1 | tail -20", "python -m pytest tests -k 'not slow'", "go test ./... 2>&1 | grep -v 'no test files'",
		"cargo test -- --nocapture", "make test", "if npm test; then echo PASS; else echo FAIL; fi", "npm run lint && npm run typecheck && npm test",
		"npx tsc --noEmit 2>&1 | head -30; echo \"exit: ${PIPESTATUS[0]}\"", "set -o pipefail; npm test 2>&1 | tee test.log | tail -5",
		"time npm run build", "timeout 30 npm test", "timeout 120 npx playwright test --reporter=list", "npm test > test-output.txt 2>&1; echo \"exit $?\"; tail -30 test-output.txt",
		"while read -r f; do node --check \"$f\" || echo \"bad: $f\"; done < <(git ls-files '*.js')", "n=0; for f in a b c; do n=$((n+1)); done; echo $n",
		"for f in src/*.js; do node --check \"$f\"; done", "export NODE_ENV=test && npm test", "NODE_ENV=production npm run build && ls -lh dist",
	},
	"files": {
		"[ -d x ] || mkdir x", "mkdir -p src/components src/lib && touch src/lib/.gitkeep", "cp -r src/templates/base src/templates/new", "mv src/a.js src/b.js && git add -A",
		"rm -rf dist node_modules/.cache", "rm -f test-output.txt server.log", "cat > src/a.js <<'EOF'\nconst x = `a ${b}`;\n$(not run)\nEOF",
		"cat >> claude-progress.txt <<EOF\n## $(date +%Y-%m-%d)\n- did things\nEOF", "echo 'DONE' >> claude-progress.txt", "printf '%s\\n' 'a' 'b' > list.txt",
		"tee src/x.txt <<'EOF' > /dev/null\nhello\nEOF", "for d in components hooks utils; do mkdir -p \"src/$d\"; done", "for f in src/*.bak; do mv \"$f\" \"${f%.bak}\"; done",
		"for f in src/*.jsx; do mv \"$f\" \"${f%.jsx}.tsx\"; done", "for f in src/*.js; do mv \"$f\" \"src/$(basename \"$f\" .js).ts\"; done", "find src -name '*.js' | while read -r f; do wc -l \"$f\"; done",
		"find . -name '*.ts' -not -path '*/node_modules/*' -exec grep -l x {} +", "find . -type f -name '*.log' -mtime +7 -print", "sed -i 's/foo/bar/g' src/*.js", "sed -n '10,40p' src/app.js",
		"sed -i '' 's/a/b/' src/x.js || sed -i 's/a/b/' src/x.js", "awk 'NR>=10 && NR<=20' src/app.js", "awk -F'\"' '/version/ {print $4; exit}' package.json", "sort -u words.txt | uniq -c | sort -rn | head",
		"wc -l $(git ls-files)", "git ls-files | xargs wc -l | tail -1", "git ls-files -z '*.ts' | xargs -0 grep -n later", "diff -u a.txt b.txt || true", "cat package.json | jq '.scripts'",
		"jq '.version = \"1.2.0\"' package.json > /tmp/p.json && mv /tmp/p.json package.json", "tmp=/tmp/work-$$; mkdir -p \"$tmp\"; cp src/a.js \"$tmp/\"", "cp .env.example .env", "ls -la public/*.png | awk '{print $5, $9}'",
		"touch src/{a,b,c}.test.ts", "stat -c '%s %n' dist/*.js", "base=src/features; mkdir -p $base/login && cat > $base/login/index.ts <<'EOF'\nexport {}\nEOF", "cd src && grep -rn 'later' . && cd ..",
		"(cd frontend && npm ci && npm run build)", "cd frontend && npm install && cd ../backend && pip install -r requirements.txt", "cd frontend; npm install; cd ..; ls", "cd src/components && sed -n 1,5p ../app.js", "cat \"src/app/[id]/page.tsx\"", "cat src/app/\\[id\\]/page.tsx",
		"echo \"a\\nb\" | tr -d '\\n' | cut -c1-10", "file public/logo.png && du -h public/logo.png", "tail -n 100 /tmp/dev.log | grep -iE 'error|warn' || echo clean", "D=build; rm -rf \"$D\" && mkdir \"$D\"", "cp src/a.js{,.bak}", "mkdir -p \"$PWD/logs\"", "echo x > \"${PWD}/y.txt\"", "cp a.txt \"backup-$(date +%Y%m%d).txt\"",
		"rm -rf ./coverage ./.nyc_output", "rm -rf .next/cache", "xargs -a list.txt -n1 echo", "read -r first < list.txt; echo \"$first\"", "IFS= read -r line < list.txt", "while IFS='=' read -r k v; do echo \"$k -> $v\"; done < .env.example",
	},
	"git": {
		"git add -A && git commit -m \"$(cat <<'EOF'\nfeat: a `b` && $c\n\n- x\nEOF\n)\"", "git commit -m 'fix: x' -m 'long body (with parens) & more'", "git diff --stat HEAD~3 | tail -1", "git log --format='%h %an %s' --since=yesterday --no-merges",
		"git log --pretty=format:'%C(yellow)%h%Creset %s' -n 10 | cat", "git stash && npm test; git stash pop", "git checkout -b fix/bug-1 && git push -u origin fix/bug-1", "git rebase main || git rebase --abort", "git show --stat HEAD", "git show HEAD~1:src/app.js | head -20",
		"git diff --name-only main...HEAD", "git diff --cached --name-status", "git reset --soft HEAD~1", "git reset --hard HEAD", "git checkout -- src/app.js", "git restore --staged feature_list.json", "git restore src/", "git tag -a v1.0 -m 'release'", "git branch --list | cat", "git branch -d fix/bug-1",
		"git merge --no-edit feature/x", "git cherry-pick -n abc123", "git blame -L 10,20 -- src/app.js", "git config user.email >/dev/null || git config user.email 'agent@localhost'", "git init && git add . && git commit -m init", "git rm -r --cached node_modules", "git ls-files --others --exclude-standard", "git status --porcelain | wc -l",
		"if [ -n \"$(git status --porcelain)\" ]; then git add -A && git commit -m 'wip'; fi", "git log -1 --format=%H > /tmp/head", "git show $(git rev-parse HEAD):package.json", "git clean -fdx dist", "git -C backend status", "git --no-pager diff", "git grep -n 'later' -- '*.ts'", "git remote -v; git fetch --all --prune",
		"GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=b@c git commit --allow-empty -m x", "git commit --amend -m 'it'\"'\"'s done'", "git commit -q -F - <<'EOF'\nmessage\nEOF", "git stash list | head; git stash show -p stash@{0}", "git diff HEAD~1 HEAD -- '*.ts' ':!*.test.ts'", "git worktree list", "git log --graph --oneline --all | head -20",
		"git log --oneline $(git describe --tags --abbrev=0)..HEAD", "git checkout \"$(git rev-parse --short HEAD~1)\"", "git apply --check /tmp/x.patch && git apply /tmp/x.patch", "git bisect start; git bisect bad; git bisect good v1.0",
	},
	"node and python": {
		"npm install --save-dev jest @types/jest", "npm i", "npm create vite@latest . -- --template react-ts", "npx create-next-app@latest web --ts --eslint --no-tailwind", "npm pkg set scripts.test='jest'", "npm outdated || true", "npm run", "npm ls --all 2>/dev/null | grep react", "npx prettier --write 'src/**/*.ts'", "npx tsc -p tsconfig.json --outDir dist", "npx eslint . --fix || true", "yarn add lodash", "pnpm add -D vitest", "npx --no-install tsc --version",
		"node -e \"const p=require('./package.json'); console.log(Object.keys(p.dependencies||{}).join('\\n'))\"", "node - <<'EOF'\nconst fs=require('fs');\nconsole.log(fs.readdirSync('.'))\nEOF", "node --input-type=module -e 'import fs from \"fs\"; console.log(1)'", "node -p 'process.version'", "node --watch server.js & sleep 1; kill %1", "node_modules/.bin/tsc --version", "./node_modules/.bin/jest --ci",
		"python3 -m venv .venv && source .venv/bin/activate && pip install -r requirements.txt", "source venv/bin/activate && pytest -q", "source .venv/bin/activate", ". .venv/bin/activate; python app.py &", ".venv/bin/python -m pytest", "python - <<'EOF'\nimport sys\nprint(sys.version)\nEOF", "python3 manage.py migrate && python3 manage.py runserver 0.0.0.0:8000 &", "pip install --upgrade pip", "pip freeze > requirements.txt", "python3 -c 'import flask; print(flask.__version__)'", "python3 -m json.tool feature_list.json > /dev/null && echo valid", "python3 -m py_compile src/*.py", "PYTHONPATH=src python3 -m app.main", "FLASK_APP=app.py FLASK_DEBUG=1 python -m flask run --port 5001 &",
		"go mod init example.com/x && go get github.com/a/b@latest && go build ./...", "go vet ./... && go test -run TestX -v ./pkg/...", "cargo build 2>&1 | grep -E '^error' | head", "make -j$((2+2)) build", "make clean all",
	},
	"shell": {
		"command -v node >/dev/null 2>&1 || echo missing", "which node npm npx; node -v", "echo \"PATH is $PATH\"", "echo ${HOME} $USER", "env | grep -i node", "x=5; y=$((x * 2)); echo $y", "if (( 3 > 2 )); then echo yes; fi", "[[ -f package.json && -d src ]] && echo ok", "[[ \"$(uname)\" == Linux ]] || exit 1", "for ((i=0; i<3; i++)); do echo $i; done", "case \"$1\" in start) npm start;; *) echo usage;; esac", "case $(uname -s) in Linux*) echo l;; Darwin*) echo d;; esac",
		"for i in 1 2; do for j in {1..3}; do echo $i$j; done; done", "arr=(a b c); for x in \"${arr[@]}\"; do echo \"$x\"; done; echo ${#arr[@]}", "files=$(git diff --name-only); echo \"$files\" | head", "{ echo a; echo b; } > out.txt", "(echo a; echo b) | sort", "! grep -q later src/a.js && echo clean", "true && echo a || echo b", "set -euo pipefail; npm ci; npm run build", "sleep 1; echo done", "echo 'it'\\''s'", "echo $'a\\tb'", "echo \"cost: \\$5\"", "printf 'a%sb\\n' \"$X\"", "date -u +%FT%TZ", "seq 1 3 | while read n; do echo \"n=$n\"; done", "test \"$(cat VERSION)\" = 1.0 && echo same",
		"count=$(ls src | wc -l); if [ \"$count\" -gt 10 ]; then echo many; fi", "count=$(ls src | wc -l); if [[ $count -gt 10 ]]; then echo many; fi", "a=1 b=2; echo $a$b", "echo {1..5} {a,b}{1,2}", "echo \"${VAR:-default}\" \"${X:+set}\"", "s=abc; echo ${s^^} ${s:0:2} ${#s} ${s/b/x}", "echo $? $# $$ $!", "ls *.md 2>/dev/null || true", "# just a comment", "echo a # comment with `ticks` and $(stuff)", "echo a;\n\n# x\necho b", "diff <(sort a.txt) <(sort b.txt)", "cat <<< \"hello $USER\"", "wait; echo all", "cat /proc/cpuinfo | grep -c processor", "cat /etc/os-release | head -3", "ls /usr/bin | grep -c node", "exec 2>&1; echo x", "uname -a; whoami; node -v", "time (npm run build > /dev/null)", "nice -n 10 npm run build", "env NODE_ENV=test npx jest", "ls -d */ | head", "echo \"$(<package.json)\" | head -3", "tput_free=1; echo -e \"\\033[32mok\\033[0m\"", "echo \"[$(date)] done\" >> build.log",
		"npm run build 2> >(tee /tmp/err.log >&2)", "npm run build &> /tmp/build.log || tail -50 /tmp/build.log", "for p in 3000 3001; do lsof -i :$p > /dev/null && echo \"$p busy\"; done", "URL=http://localhost:3000; curl -s \"$URL/api/health\"; curl -s $URL/api/x", "BASE=\"http://localhost:${PORT:-3000}\"; echo $BASE",
		"if ! curl -sf http://localhost:3000 >/dev/null; then npm run dev > /tmp/dev.log 2>&1 & sleep 5; fi", "rg -n 'useState' src -g '*.tsx' | head", "rg --files | rg test", "grep -rn --include='*.ts' -E 'foo|bar' src | grep -v test | cut -d: -f1 | sort -u", "grep -A5 -B5 'function x' src/a.js", "grep -v '^#' .env.example | cut -d= -f1",
	},
}

func TestEveryday(t *testing.T) {
	p := testPolicy(t)
	n := 0
	for class, commands := range everyday {
		for _, c := range commands {
			n++
			checkCase(t, p, class, c, true)
		}
	}
	t.Logf("%d commands", n)
}
