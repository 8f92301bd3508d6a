package policy

import (
	"regexp"
	"strings"
)

// buildRules are go, cargo and make, and the project's own init.sh.
var buildRules = []rule{
	{names: "./init.sh", lenient: true, operands: "data...", allow: []string{"./init.sh --production", "{{PROJECT}}/init.sh", "cd src && ../init.sh", "timeout 60 ./init.sh"}, deny: []string{"init.sh", "./setup.sh", "cd src && ./init.sh", "./src/init.sh", "/tmp/init.sh"}},
	{names: "go", oneDash: true, lenient: true, operands: "data...", check: checkGo,
		allow: []string{"go build -o bin/app ./cmd/app", "go test -race ./... -run 'X|Y'", "go run ./cmd/app -exec x --port 1", "go mod tidy", "go env GOPATH", "go vet ./...", "go test ./... -args -exec x", "go test -coverprofile=c.out ./..."},
		deny:  []string{"go build -toolexec 'sh -c id' ./...", "go test -exec sh ./...", "go vet -vettool=x", "go env -w GOFLAGS=x", "go build -o /etc/x", "go build -o feature_list.json", "go test --exec=sh ./...", "go env -u X", "go -C / build", "go test -coverprofile=/etc/x", "go test ./... -exec=sh", "go run -exec sh ./x", "go build -o=.git/x", "go $X", "go test -outputdir /etc", "go run -toolexec=x ./y", "go build $F .", "go run ../x", "go build /etc/x", "go work use ../y"}},
	{names: "cargo", lenient: true, operands: "data...", check: checkCargo,
		allow: []string{"cargo build --release", "cargo clippy -- -D warnings", "cargo run -- --config x", "cargo test --target-dir /tmp/t"},
		deny:  []string{"cargo --config x build", "cargo build --config=x", "cargo build --target-dir /etc", "cargo --conf x", "cargo -C / build", "cargo install --root=/usr x", "cargo build --manifest-path /etc/x", "cargo new ../x", "cargo init /etc/x", "cargo install --path ../x"}},
	{names: "make", lenient: true, operands: "data...", check: checkMake,
		options: "-j -l -O maybe\n-C --directory dir\n-f --file --makefile -I --include-dir read\n-o -W --old-file --assume-old --what-if --new-file --assume-new value\n-E --eval --temp-stdin never\n-B -d -e -i -k -L -n -p -q -r -R -s -S -t -v -w -b -m --jobs --keep-going --silent --quiet --dry-run --always-make --environment-overrides flag",
		allow:   []string{"make", "make -j4 test", "make -C src all CC=gcc", "make -f build.mk", "make -kj8"},
		deny:    []string{"make --eval='x:;id' x", "make -E x", "make SHELL=/tmp/x", "make -f -", "make -C / all", "make -kC/etc", "make --file=- x", "make --ev x", "make MAKEFLAGS=--eval=x", "make -f/dev/stdin", "make -f /etc/x", "make .SHELLFLAGS=x", "make SHELL:=x", "make SHELL+=x", "make -sf-", "make $X", "make SHELL?=x", "make $X=y"}},
}

var (
	goNever  = words("-exec -toolexec -vettool")
	goWrites = words("-o -coverprofile -cpuprofile -memprofile -blockprofile -mutexprofile -trace -pkgdir -testlogfile -output")
	goDirs   = words("-C -outputdir -gocoverdir -fuzzcachedir -objdir")
	goReads  = words("-overlay -modfile -pgo")
	goValues = words("-p -run -bench -count -timeout -tags -ldflags -gcflags -asmflags -mod -cpu -parallel -benchtime -covermode -coverpkg -skip -fuzz -fuzztime -buildmode -compiler -installsuffix -gccgoflags -vet -shuffle")
)

// checkGo reads the flags of go, which stand before and between packages. The
// flags after the package of go run belong to the program.
func checkGo(c *call, _ *parsed) {
	verb := ""
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		head := a.head()
		if !strings.HasPrefix(head, "-") {
			if a.has(pieceUnknown) && verb == "" {
				c.refuse("P9", "has a subcommand that is not written out", "write it out")
				return
			}
			if a.has(pieceUnknown) && head == "" {
				c.refuse("P9", "has an argument that is not known and could be a flag", "write it out")
				return
			}
			if verb != "" && outsidePath(head) {
				c.use(a, useRead)
			} else if verb == "tool" {
				c.use(a, useWrite) // it may be the value of an option
			}
			if verb == "run" {
				return
			}
			if verb == "" {
				verb = head
			}
			continue
		}
		name, _, attached := strings.Cut(head, "=")
		name = "-" + strings.TrimPrefix(strings.TrimLeft(name, "-"), "test.")
		if name == "-args" || name == "-" {
			return
		}
		if goNever[name] || verb == "env" && (name == "-w" || name == "-u") || a.pieces != nil && !attached {
			c.refuse("P9", "has "+a.String()+", which runs a program or changes the settings of go", "leave it out")
			return
		}
		val := Arg{}
		switch {
		case attached:
			val = a.from(strings.IndexByte(head, '=') + 1)
		case (goWrites[name] || goDirs[name] || goReads[name] || goValues[name]) && i+1 < len(c.args):
			i++
			val = c.args[i]
		}
		if c.goFlag(name, val); verb == "tool" && attached {
			c.use(val, useWrite)
		}
	}
}

func (c *call) goFlag(name string, val Arg) {
	switch {
	case goWrites[name]:
		u := useWrite
		if c.isRoot(val) {
			u = useDir // go build -o . names the directory
		}
		c.use(val, u)
	case goDirs[name]:
		c.use(val, useDir)
	case goReads[name] && val.text != "off" && val.text != "auto":
		c.use(val, useRead)
	}
}

var cargoDirs = words("--target-dir -C --out-dir --artifact-dir --root --build-dir --lockfile-path")

// checkCargo reads cargo's options up to --, after which they belong to the
// program.
func checkCargo(c *call, _ *parsed) {
	for i, a := range c.args {
		head := a.head()
		if a.text == "--" {
			return
		}
		if !strings.HasPrefix(head, "-") {
			if outsidePath(head) {
				c.use(a, useDir) // cargo new makes it
			}
			continue
		}
		name, _, attached := strings.Cut(head, "=")
		val := Arg{}
		if attached {
			val = a.from(len(name) + 1)
		} else if i+1 < len(c.args) {
			val = c.args[i+1]
		}
		switch {
		case len(name) > 3 && strings.HasPrefix("--config", name):
			c.refuse("P9", "has --config, which can name programs to run", "leave it out")
			return
		case cargoDirs[name]:
			c.use(val, useDir)
		case strings.HasPrefix(name, "-C"):
			c.use(a.from(len("-C")), useDir)
		case name == "--manifest-path", name == "--path":
			c.use(val, useRead)
		}
	}
}

func checkMake(c *call, p *parsed) {
	for _, o := range p.opts {
		if o.name == "-f" || o.name == "--file" || o.name == "--makefile" {
			if t := o.val.text; t == "-" || strings.HasPrefix(t, "/dev/") || o.val.has(pieceProc) {
				c.refuse("P9", "reads a makefile that is not a file", "write it to a file in the project")
				return
			}
		}
	}
	for _, a := range p.operands {
		name, _, assigns := strings.Cut(a.String(), "=")
		if a.has(pieceUnknown) && (!assigns || strings.Contains(name, "<unknown>")) {
			c.refuse("P9", "has an argument that is not known", "write it out")
			return
		}
		if assigns && (strings.HasSuffix(name, "!") || strings.Contains(name, "$") || makeFunction.MatchString(a.String())) {
			c.refuse("P9", "has an assignment that make evaluates: "+a.String(), "give a plain value, or put it into the makefile")
			return
		}
		if name = strings.ToUpper(strings.Trim(name, ":+? ")); assigns && makeNever[name] {
			c.refuse("P9", "sets "+name+", which changes what make runs", "leave it out")
			return
		}
	}
}

// makeNever are variables that change what make runs. makeFunction is a call of
// a function of make, of which some run commands, where others only compute.
var (
	makeNever    = words("SHELL .SHELLFLAGS MAKEFLAGS GNUMAKEFLAGS MAKE MAKEFILES")
	makeFunction = regexp.MustCompile(`\$[({][a-z-]+[ \t\n]`)
)
