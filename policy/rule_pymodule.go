package policy

import "strings"

// pyModules are the modules of python's own library that read or write the
// files they are given. Others run what the project holds.
var pyModules = index([]rule{
	{names: "json.tool", lenient: true, operands: "read write", options: "--indent value\n--json-lines --sort-keys --tab --compact flag",
		allow: []string{"python3 -m json.tool feature_list.json", "python3 -m json.tool --indent 2 a.json b.json"}, deny: []string{"python3 -m json.tool {{HOME}}/x", "python3 -m json.tool a.json feature_list.json"}},
	{names: "base64 quopri ast dis tokenize pickle pickletools symtable tabnanny pyclbr fileinput shlex py_compile pydoc", lenient: true, operands: "read...", options: "-o --output write",
		allow: []string{"python3 -m base64 -d x", "python3 -m py_compile a.py b.py", "python3 -m ast a.py"}, deny: []string{"python3 -m base64 -e {{HOME}}/.ssh/id_rsa", "python3 -m pydoc -w ../x", "python3 -m pickletools -o .git/x a"}},
	{names: "uu", lenient: true, operands: "read write",
		allow: []string{"python3 -m uu a b"}, deny: []string{"python3 -m uu a feature_list.json"}},
	{names: "tarfile zipfile", lenient: true, operands: "data...", options: "-c --create write\n-e --extract -l --list -t --test read\n--filter --metadata-encoding value\n-v --verbose flag", check: checkUnpack,
		allow: []string{"python3 -m zipfile -c /tmp/x.zip src", "python3 -m tarfile -e x.tar build", "python3 -m zipfile -l a.zip"}, deny: []string{"python3 -m tarfile -c /tmp/x.tar {{HOME}}/.ssh", "python3 -m zipfile -e a.zip .git/hooks", "python3 -m tarfile -c .git/x src"}},
	{names: "gzip", lenient: true, operands: "read...", options: "-d --decompress --fast --best flag", check: checkGzip,
		allow: []string{"python3 -m gzip a.txt", "python3 -m gzip -d a.gz"}, deny: []string{"python3 -m gzip -d feature_list.json.gz", "python3 -m gzip {{HOME}}/x"}},
	{names: "cProfile profile", lenient: true, stop: true, operands: "read data...", options: "-o --outfile write\n-s --sort value\n-m flag",
		allow: []string{"python3 -m cProfile -o /tmp/prof a.py --out /x", "python3 -m cProfile -s time a.py"}, deny: []string{"python3 -m cProfile -o feature_list.json a.py", "python3 -m profile ../a.py"}},
	{names: "trace", lenient: true, stop: true, operands: "read data...", options: "-f --file write\n-C --coverdir dir\n--ignore-module --ignore-dir value",
		allow: []string{"python3 -m trace -t a.py", "python3 -m trace --count -C cover a.py"}, deny: []string{"python3 -m trace --file=/etc/x a.py", "python3 -m trace -C .git a.py"}},
	{names: "pdb", lenient: true, stop: true, operands: "read data...", options: "-c --command value\n-m flag",
		allow: []string{"python3 -m pdb -c continue a.py"}, deny: []string{"python3 -m pdb /etc/x"}},
	{names: "http.server", lenient: true, operands: "data", options: "-d --directory --tls-cert --tls-key --tls-password-file read\n-b --bind -p --protocol value",
		allow: []string{"python3 -m http.server 8000 --directory dist &"}, deny: []string{"python3 -m http.server -d {{HOME}}"}},
	{names: "compileall", lenient: true, operands: "dir...", options: "-i read\n-d -s -p -x -r -j -o -e --invalidation-mode value",
		allow: []string{"python3 -m compileall -q ."}, deny: []string{"python3 -m compileall /etc", "python3 -m compileall .git"}},
	{names: "zipapp", lenient: true, operands: "read", options: "-o --output write\n-p --python -m --main value",
		allow: []string{"python3 -m zipapp src -o /tmp/x.pyz"}, deny: []string{"python3 -m zipapp src -o .git/x"}},
	{names: "sqlite3", lenient: true, operands: "write data...",
		allow: []string{"python3 -m sqlite3 app.db 'select 1'"}, deny: []string{"python3 -m sqlite3 feature_list.json"}},
})

// checkUnpack judges the operands of an archive: what goes into it, or where
// it is unpacked.
func checkUnpack(c *call, p *parsed) {
	u := useRead
	if p.has("-e", "--extract") {
		u = useDir
	}
	for _, a := range p.operands {
		c.use(a, u)
	}
}

// checkGzip judges the file that comes out, beside the one that goes in.
func checkGzip(c *call, p *parsed) {
	for _, a := range p.operands {
		s, ok := a.literal()
		switch {
		case !p.has("-d", "--decompress"):
			c.use(a, useTree)
			c.use(a.and(".gz"), useWrite)
		case ok && s != "-":
			c.use(literalArg(strings.TrimSuffix(s, ".gz")), useWrite)
		case !ok:
			c.use(a, useWrite)
		}
	}
}
