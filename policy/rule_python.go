package policy

import (
	"regexp"
	"strings"
)

// pythonRules are python, pip and pytest.
var pythonRules = []rule{
	{names: "python python3", lenient: true, operands: "data...", check: checkPython,
		allow: []string{"python3 app.py --out /x", `python -c "print(1)"`, "python3 -m pytest -q", "python3 -m venv .venv", "python3 - <<'EOF'\nprint(1)\nEOF", ".venv/bin/python manage.py runserver", "python -m http.server 8000 &", "python3 --version", "python -m pip install -r requirements.txt"},
		deny:  []string{"python3 {{HOME}}/x.py", "python3 -m pip install --target=/usr x", "python3 -m venv /etc/x", "python3 ../x.py", "python -m pip config edit --editor x"}},
	{names: "pip pip3", lenient: true, operands: "data...", check: checkPip,
		options: `-t --target --prefix --root -d --dest --destination-directory -w --wheel-dir --src --cache-dir dir
			--log --report --log-file write
			-r --requirement -c --constraint read
			-i --index-url --extra-index-url -f --find-links --progress-bar --python-version --platform --timeout --retries --format --proxy value
			--pre flag
			--editor --python never`,
		allow: []string{"pip install -r requirements.txt", "pip install flask==2.0", "pip list --format=json", "pip install -e .", ".venv/bin/pip install x"},
		deny:  []string{"pip install --target=/usr/lib/python3 x", "pip install -t /etc x", "pip config edit --editor 'sh -c id'", "pip --edit x config edit", "pip install --targ /etc x", "pip config set a b", "pip install -r /etc/passwd", "pip download -d/etc x", "pip install /etc/x"}},
	{names: "pytest", lenient: true, exact: true, operands: "data...",
		options: "-k -m -n -p -W -o --maxfail --durations --tb --cov --cov-report --ignore --deselect --override-ini value\n--junitxml --junit-xml --resultlog --report-log --log-file --debug --html --json-report-file --csv write\n-c --rootdir --confcutdir --cov-config read\n--basetemp --alluredir dir\n-x -v -q -s -l flag",
		check:   checkPytest,
		allow:   []string{"pytest -xvs tests/test_a.py::test_b", "pytest -k 'a or b'", "venv/bin/pytest"}, deny: []string{"pytest --junitxml=/etc/x", "pytest --basetemp=.git", "pytest /etc", "pytest --log-file=/etc/x", "pytest -c /etc/x"}},
}

// checkPython follows python's own options to the script, -c or -m.
func checkPython(c *call, _ *parsed) {
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		head := a.head()
		if !strings.HasPrefix(head, "-") || head == "-" {
			if head != "-" {
				c.use(a, useRead)
			}
			return
		}
		if strings.HasPrefix(head, "--") {
			if head == "--check-hash-based-pycs" {
				i++
			}
			continue
		}
		letter := strings.IndexAny(head[1:], "cmWX")
		if letter < 0 {
			continue
		}
		attached := len(head) > letter+2
		switch head[letter+1] {
		case 'c':
			return
		case 'm':
			mod := a.from(letter + 2)
			rest := c.args[i+1:]
			if !attached {
				if len(rest) == 0 {
					return
				}
				mod, rest = rest[0], rest[1:]
			}
			c.pythonModule(mod, rest)
			return
		}
		if !attached {
			i++
		}
	}
}

func (c *call) pythonModule(mod Arg, rest []Arg) {
	name, ok := mod.literal()
	if !ok {
		c.refuse("P9", "runs a module that is not written out", "write it out")
		return
	}
	in := *c
	in.args = rest
	switch name {
	case "pip", "pip3", "pytest":
		in.name = name
		c.j.p.rules[name].judge(&in)
	case "venv", "virtualenv":
		for _, a := range rest {
			if !strings.HasPrefix(a.head(), "-") {
				c.use(a, useDir)
			}
		}
	default:
		if r := pyModules[name]; r != nil {
			in.name = name
			r.judge(&in)
		}
	}
}

func checkPip(c *call, p *parsed) {
	if len(p.operands) > 1 && p.operands[0].text == "config" && p.operands[1].text != "list" && p.operands[1].text != "get" && p.operands[1].text != "debug" {
		c.refuse("P9", "changes the configuration of pip", "give options on the command line")
	}
	for _, a := range p.operands {
		if outsidePath(a.head()) {
			c.use(a, useRead)
		}
	}
}

// iniPath are settings of pytest whose value is a path.
var iniPath = regexp.MustCompile(`dir|file|path`)

// checkPytest judges the paths inside of values.
func checkPytest(c *call, p *parsed) {
	operandDirs(c, p)
	for _, o := range p.opts {
		head := o.val.head()
		switch o.name {
		case "--cov-report":
			if kind, _, to := strings.Cut(head, ":"); to {
				c.use(o.val.from(len(kind)+1), useDir)
			}
		case "-o", "--override-ini":
			name, val, _ := strings.Cut(head, "=")
			if name == "addopts" && (val != "" || o.val.pieces != nil) {
				c.refuse("P9", "sets options by "+o.val.String(), "give them on the command line")
			} else if iniPath.MatchString(name) && name != head {
				c.use(o.val.from(len(name)+1), useDir)
			}
		}
	}
}
