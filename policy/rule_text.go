package policy

import (
	"regexp"
	"strings"
)

// textRules are the programs that read text and print it.
var textRules = []rule{
	{names: "cat", operands: "read...", options: "-A -b -e -E -n -s -t -T -u -v --show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs --show-nonprinting --help --version flag",
		allow: []string{"cat package.json", "cat -An x", "cat -- a b", "cat <<'EOF' > x\n$(id)\nEOF", `cat "$f"`, "cat /etc/os-release"},
		deny:  []string{"cat ~/.ssh/id_rsa", "cat {{STATE}}/state.db", "cat /proc/self/environ", "cat ../x", "cat /etc/passwd", `cat "$HOME/$x"`, "cat -n /etc/passwd", "cat -b ~/x"}},
	{names: "tac", operands: "read...", options: "-b -r --before --regex flag\n-s --separator value", allow: []string{"tac x", "tac -s , x"}, deny: []string{"tac -b /etc/passwd", "tac -r /etc/passwd"}},
	{names: "nl", operands: "read...", options: "-p --no-renumber flag\n-b -d -f -h -i -l -n -s -v -w --body-numbering --section-delimiter --footer-numbering --header-numbering --line-increment --join-blank-lines --number-format --number-separator --starting-line-number --number-width value",
		allow: []string{"nl -ba x", "nl -w 3 x"}, deny: []string{"nl /etc/passwd", "nl -p /etc/passwd"}},
	{names: "head tail", lenient: true, operands: "read...",
		options: "-n -c -s --lines --bytes --pid --sleep-interval --max-unchanged-stats value\n-# -q -v -z -f -F flag",
		allow:   []string{"head -50 README.md", "tail -n +3 x", "tail -f /tmp/dev.log", "head -$((2 + 3)) x"},
		deny:    []string{"head -1 {{HOME}}/.npmrc", "tail -n 3 /etc/shadow"}},
	{names: "wc", operands: "read...", options: "-c -m -l -L -w --bytes --chars --lines --max-line-length --words --help --version flag\n--total value\n--files0-from read",
		allow: []string{"wc -l src/*.js", "wc -l $(git ls-files)"}, deny: []string{"wc --files0-from=/etc/x", "wc -l /etc/passwd"}},
	{names: "grep", lenient: true, operands: "data read...", unless: "-e -f --regexp --file",
		options: `-e --regexp -A -B -C -m -d -D --after-context --before-context --context --max-count --include --exclude --exclude-dir --label
			--devices --directories --binary-files --group-separator value
			-f --file --exclude-from read
			-# -E -F -G -P -i -v -w -x -c -l -L -n -o -q -s -H -h -r -R -z -Z -a -I -U -b -T -y --color --line-number --binary flag`,
		allow: []string{"grep -rn 'rm -rf /' src", "grep -A3 -e x -e /etc/passwd README.md", "grep -c x feature_list.json", "grep -rn later . --include='*.ts'"},
		deny:  []string{"grep -r key {{HOME}}", "grep -f /etc/passwd x", "grep x ~/.bashrc", "grep -e x /etc/passwd", "grep --file=/etc/passwd x"}},
	{names: "rg", lenient: true, exact: true, operands: "data read...", unless: "-e -f --regexp --file --files --type-list",
		options: `-e --regexp -A -B -C -m -g -t -T -M -j -r -E -d --glob --iglob --type --type-not --context --after-context --before-context
			--max-count --max-columns --max-depth --threads --replace --sort --sortr --encoding --colors --engine --type-add --max-filesize --path-separator --dfa-size-limit value
			-f --file --ignore-file read
			--files --type-list flag
			--pre --hostname-bin -z --search-zip never`,
		allow: []string{"rg -n later src", "rg -g '*.ts' /api/users", "rg --files src"}, deny: []string{"rg --pre 'sh -c id' x", "rg --pre=cat x", "rg x {{HOME}}", "rg -nz x", "rg --files /etc"}},
	{names: "cut", operands: "read...", options: "-b -c -d -f --bytes --characters --delimiter --fields --output-delimiter value\n-n -s -z --complement --only-delimited --zero-terminated flag",
		allow: []string{"cut -d: -f1 x", "cut -d ' ' -f 2-"}, deny: []string{"cut -c1- {{HOME}}/.netrc"}},
	{names: "tr", operands: "data data", options: "-c -C -d -s -t --complement --delete --squeeze-repeats --truncate-set1 flag",
		allow: []string{"tr -d '\\n' < x", "tr a-z A-Z"}, deny: []string{"tr a b < /etc/passwd"}},
	{names: "seq", lenient: true, options: "-f -s --format --separator value\n-w -# flag", operands: "data...", allow: []string{"seq 1 5", "seq 5 -1 1"}, deny: []string{"seq $(wget x)"}},
	{names: "basename dirname", options: "-a -z --multiple --zero flag\n-s --suffix value", operands: "data...",
		allow: []string{"basename src/a.js .js", "dirname /etc/x"}, deny: []string{"basename <(wget x)"}},
	{names: "sort", operands: "read...", check: nil,
		options: `-b -d -f -g -i -M -h -n -R -r -V -c -C -m -s -u -z --ignore-leading-blanks --dictionary-order --ignore-case --general-numeric-sort
			--ignore-nonprinting --month-sort --human-numeric-sort --numeric-sort --random-sort --reverse --version-sort --check --merge --stable --unique --zero-terminated --debug flag
			-k -t -S --key --field-separator --buffer-size --parallel --batch-size --sort value
			-T --temporary-directory dir
			-o --output write
			--files0-from --random-source read
			--compress-program never`,
		allow: []string{"sort -k2,2nr -t: x", "sort -u a.txt -o b.txt", "sort | uniq -c | sort -rn"},
		deny:  []string{"sort --compress-prog sh x", "sort -o feature_list.json x", "sort x -uo/etc/x", "sort --files0-from=/etc/x", "sort -T /etc x"}},
	{names: "uniq", operands: "read write", options: `-c -d -D -i -u -z --count --repeated --ignore-case --unique --zero-terminated flag
			-f -s -w --skip-fields --skip-chars --check-chars value
			--all-repeated --group maybe`,
		allow: []string{"uniq -c x", "uniq a.txt b.txt"}, deny: []string{"uniq x feature_list.json", "uniq x /etc/y", `uniq a "$B"`, "uniq $A"}},
	{names: "diff", lenient: true, operands: "read...",
		options: "-U -C -I -x -F -W -D --label --width --horizon-lines --ignore-matching-lines --exclude --show-function-line --ifdef --tabsize value\n-X --exclude-from --from-file --to-file read\n-l --paginate never",
		allow:   []string{"diff -u a b", "diff <(git show HEAD:x) x", "diff -rq src lib"}, deny: []string{"diff a /etc/passwd", "diff --from-file=/etc/passwd a", "diff -l a b"}},
	{names: "jq", exact: true, operands: "data read...", unless: "-f --from-file", check: checkJQ,
		options: `-r -R -n -c -s -S -C -M -a -e -j -h -V --raw-output --raw-input --null-input --compact-output --slurp --sort-keys --color-output --monochrome-output
			--ascii-output --exit-status --join-output --tab --unbuffered --stream --seq --args --jsonargs --stream-errors --raw-output0 --ascii --help --version flag
			--indent value
			-f --from-file -L --library-path read
			--arg --argjson --slurpfile --rawfile pair`,
		allow: []string{"jq '.scripts' package.json", "jq --arg a b '.x == $a' x.json", "jq -r '.[] | select(.passes==false)' feature_list.json"},
		deny:  []string{"jq . {{HOME}}/.docker/config.json", "jq --rawfile x /etc/passwd -n '$x'", "jq -L /etc . x"}},
	{names: "tee", operands: "write...", options: "-a -i -p --append --ignore-interrupts flag\n--output-error maybe",
		allow: []string{"npm test | tee /tmp/out.log", "tee -a notes.md"}, deny: []string{"tee feature_list.json", "tee {{HOME}}/x", `tee "$F"`, "tee .git/hooks/pre-commit"}},
}

// jqToken is a string, a comment or a word of a jq program.
var jqToken = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|#[^\n]*|[.$]?[A-Za-z_][A-Za-z0-9_]*`)

// checkJQ judges the files that options and the program itself read.
func checkJQ(c *call, p *parsed) {
	for _, o := range p.opts {
		switch o.name {
		case "--slurpfile", "--rawfile":
			c.use(o.val, useRead)
			fallthrough
		case "--arg", "--argjson":
			if o.val.many {
				c.refuse("P9", "has a value that is not one word: "+o.val.String(), "quote it")
			}
		}
	}
	if len(p.operands) == 0 || p.has("-f", "--from-file") || !strings.Contains(p.operands[0].String(), "\"") {
		return
	}
	if jqImports(p.operands[0].String()) {
		c.refuse("P9", "imports a module, which reads a file of any place", "give the file as an operand, or with --slurpfile")
	}
}

// jqImports says that a program imports a module: the word, then a string.
func jqImports(prog string) bool {
	word, end := false, 0
	for _, at := range jqToken.FindAllStringIndex(prog, -1) {
		tok := prog[at[0]:at[1]]
		word = word && strings.TrimSpace(prog[end:at[0]]) == ""
		if word && tok[0] == '"' {
			return true
		}
		word = tok == "import" || tok == "include" || word && tok[0] == '#'
		end = at[1]
	}
	return false
}
