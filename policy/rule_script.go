package policy

// scriptRules are sed and awk: programs whose first operand is a program.
var scriptRules = []rule{
	{names: "sed", operands: "data...", check: checkSed,
		options: `-n -E -r -s -u -z --quiet --silent --regexp-extended --separate --unbuffered --null-data --posix --debug --sandbox --help --version flag
			-e --expression -l --line-length value
			-i --in-place maybe
			-f --file --follow-symlinks never`,
		allow: []string{"sed -n '1,20p' x", "sed -i 's/foo/bar/g' src/config.js", "sed -i.bak -e 's|a|b|' -e '/x/d' x", `sed 's/write/we/; s,r,w,' x`, "sed -E 's/(a)/\\1w/' x",
			"sed -i '/old/c\\new w e' src/x", "sed '$!d' x", "sed -n '/start/,/end/{p;}' x", "sed -i '5a\\  text here; w x' src/x", "sed 'y/abc/xyz/' x", `sed "s/a/$(date +%s)/" x`, `N=$((2+3)); sed -n "${N}p" x`},
		deny: []string{"sed '1e id' x", "sed 's/a/b/e' x", "sed 's/a/b/w out' x", "sed '1,1w/etc/x' x", "sed -n 'w x' y", "sed '1r /etc/passwd' x", "sed -f x y", "sed -i s/a/b/ feature_list.json",
			"sed -ni p /etc/hosts", "sed --in-plac s/a/b/ /etc/x", "sed -e e x", "sed 's/a/b/;e' x", "sed '{e\n}' x", "sed -i s/a/b/ *", "sed '0~3W x' y", "sed 'R x' y", "sed 's/a/b/gIw x' y", "sed -s --expression=1e x"}},
	{names: "awk", operands: "data...", stop: true, check: checkAwk,
		options: "-F -v --field-separator --assign value\n-f -i -l -e -E -o -p -d -D -n -S --file --include --load --source --exec --pretty-print --profile --dump-variables --debug never",
		allow:   []string{"awk '{print $1}' x", "awk -F: '$3 > 10 {print $1}' x", "awk 'NR==1, /x|y/ { print \"a > b | c\" }' x", "awk -v n=3 '$1 >= n || /a|b/' x", "awk 'BEGIN { printf \"%d\\n\", 3 / 2 }'", "awk '{ print ($1 + $2) / 2 \" a\", x++ / 2 }' x", "awk '{ print $1 / 2 \" \" $2 / 2 }  # half' x"},
		deny: []string{"awk 'BEGIN{system(\"id\")}'", "awk 'BEGIN{\"id\"|getline x}'", "awk '{print > \"x\"}' y", "awk '{print | \"sh\"}' x", "awk -f x y", "awk \"$P\" x", "awk '@load \"x\"'",
			"awk '{print}' /etc/passwd", "awk 'BEGIN{while((getline l < \"/etc/passwd\")>0) print l}'", "awk '{printf \"a\" >> \"f\"}' x", "awk '{ print $1, $2 > $3 }' x", "awk 'BEGIN { f = \"sys\" \"tem\"; @f(\"id\") }'",
			"awk 'BEGIN{ if (1) /\"/; system(\"id\") }'", "awk '{ print /\"/; system(\"id\") #\"}' x", "awk 'BEGIN{x++ /\"/; system(\"id\") }'", "awk '{ if ($1 ~ x) /#/; system(\"id\") }' y", "awk 'BEGIN{sys\\\ntem(\"id\")}'"}},
}
