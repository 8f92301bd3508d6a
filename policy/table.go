package policy

import (
	"slices"
	"strings"
)

// rule is how a program is judged. It is data as far as that goes; check adds
// what a table cannot say.
type rule struct {
	names    string // the programs that it judges, separated by spaces
	options  string // names, then their kind; then the next names; see kinds
	operands string // what the operands are, in order: data, read, write, dir; "..." repeats
	unless   string // options that take the place of the first operand
	lenient  bool   // options that the table does not name are harmless
	calm     bool   // no option does harm, whatever the table says, if xargs reads it
	stop     bool   // options end at the first operand
	oneDash  bool   // long options have one dash, or two, and are not abbreviated
	exact    bool   // long options are not abbreviated
	folds    bool   // case, and dashes in a long option, make no difference; it is not abbreviated
	builtin  bool   // a builtin of bash: no path names it, nothing wraps it
	rule     string // of its refusals; "" is P9
	check    func(c *call, p *parsed)

	allow, deny []string // examples; the tests judge them

	table table
}

// kind is what an option's value is.
type kind uint8

const (
	flag_  kind = iota
	value_      // a separate or attached value that is only data
	pair        // a name and a value, both separate
	maybe       // a value only when attached
	at          // data, or a file to read after @
	readOpt
	dirOpt
	writeOpt
	never_ // refused
)

var kinds = map[string]kind{"flag": flag_, "value": value_, "pair": pair, "maybe": maybe, "at": at,
	"read": readOpt, "dir": dirOpt, "write": writeOpt, "never": never_}

// table is a rule's options by name, with their dashes.
type table struct {
	kinds map[string]kind
	long  []string // sorted
	acts  bool     // an option writes, runs or is refused
}

// opt is one option of a call.
type opt struct {
	name string
	kind kind
	val  Arg
	has  bool // it has a value
}

// parsed is a call's arguments, read by a table.
type parsed struct {
	opts     []opt
	operands []Arg
	end      int // index of the -- that ended the options, or -1
}

func (p *parsed) has(names ...string) bool {
	return slices.ContainsFunc(p.opts, func(o opt) bool { return slices.Contains(names, o.name) })
}

func (r *rule) readTable() {
	t := table{kinds: map[string]kind{}}
	var names []string
	for word := range strings.FieldsSeq(r.options) {
		if strings.HasPrefix(word, "-") {
			names = append(names, r.key(word))
			continue
		}
		k, ok := kinds[word]
		if !ok {
			panic("policy: option table: no kind " + word)
		}
		for _, name := range names {
			if old, twice := t.kinds[name]; twice && old != k {
				panic("policy: option table: two kinds for " + name)
			}
			t.kinds[name] = k
			t.acts = t.acts || k >= writeOpt && !r.calm
			if strings.HasPrefix(name, "--") {
				t.long = append(t.long, name)
			}
		}
		names = nil
	}
	slices.Sort(t.long)
	r.table = t
}

// key is an option as it stands in the table: of all the ways in which the
// program lets it be written, one.
func (r *rule) key(name string) string {
	if r.oneDash {
		name = "-" + strings.TrimLeft(name, "-")
	}
	if r.folds && (r.oneDash || strings.HasPrefix(name, "--")) {
		bare := strings.TrimLeft(name, "-")
		name = name[:len(name)-len(bare)] + strings.ToLower(unjoined.Replace(bare))
	}
	return name
}

var unjoined = strings.NewReplacer("-", "", "_", "")

func index(lists ...[]rule) map[string]*rule {
	m := map[string]*rule{}
	for _, list := range lists {
		for i := range list {
			r := &list[i]
			r.readTable()
			for _, n := range strings.Fields(r.names) {
				if m[n] != nil {
					panic("policy: two rules for " + n)
				}
				m[n] = r
			}
		}
	}
	return m
}

func (r *rule) judge(c *call) {
	p := r.parse(c)
	for _, o := range p.opts {
		r.judgeOption(c, o)
	}
	r.judgeOperands(c, p)
	if r.check != nil {
		r.check(c, p)
	}
}

func (r *rule) number() string {
	if r.rule != "" {
		return r.rule
	}
	return "P9"
}

func (r *rule) judgeOption(c *call, o opt) {
	switch o.kind {
	case never_:
		c.refuse(r.number(), "has the option "+o.name+", which runs or changes what it may not", "leave it out")
	case readOpt:
		if o.has && o.val.text != "-" {
			c.use(o.val, useRead)
		}
	case writeOpt:
		if o.has && o.val.text != "-" {
			c.use(o.val, useWrite)
		}
	case dirOpt:
		if o.has {
			c.use(o.val, useDir)
		}
	case at:
		if o.has && strings.HasPrefix(o.val.head(), "@") && o.val.text != "@-" {
			c.use(o.val.from(1), useRead)
		}
	}
}

func (r *rule) judgeOperands(c *call, p *parsed) {
	roles := strings.Fields(r.operands)
	if r.unless != "" && p.has(strings.Fields(r.unless)...) {
		roles = roles[1:]
	}
	for _, a := range p.operands {
		if len(roles) == 0 {
			c.refuse(r.number(), "has the operand "+a.String()+", which it does not take", "leave it out")
			return
		}
		role, repeats := strings.CutSuffix(roles[0], "...")
		if !repeats {
			roles = roles[1:]
		}
		if role == "write" && a.many || a.many && !repeats && strings.Contains(r.operands, "write") {
			role = "write"
		}
		switch role {
		case "read":
			if a.text != "-" {
				c.use(a, useRead)
			}
		case "write":
			c.use(a, useWrite)
		case "dir":
			c.use(a, useDir)
		}
	}
}

// parse reads the arguments of a call. What the table does not know is refused,
// or taken as harmless by a lenient rule.
func (r *rule) parse(c *call) *parsed {
	p := &parsed{end: -1}
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		head := a.head()
		switch {
		case len(head) < 2 && (a.pieces == nil || head == "") || head[0] != '-':
			if head == "" && a.has(pieceUnknown) {
				r.fedOptions(c)
			}
			p.operands = append(p.operands, a)
			if r.stop {
				p.operands = append(p.operands, c.args[i+1:]...)
				return p
			}
		case a.text == "--":
			p.end = i
			p.operands = append(p.operands, c.args[i+1:]...)
			return p
		case strings.HasPrefix(head, "--") || r.oneDash:
			i += r.parseLong(c, p, a, c.args[i+1:])
		default:
			i += r.parseShort(c, p, a, c.args[i+1:])
		}
	}
	return p
}

// parseLong reads --name, --name=value or --name value, and returns how many
// further arguments it took.
func (r *rule) parseLong(c *call, p *parsed, a Arg, rest []Arg) int {
	head := a.head()
	name, _, attached := strings.Cut(head, "=")
	if a.pieces != nil && !attached {
		c.refuse(r.number(), "has an option that is not written out: "+a.String(), "write it out")
		return 0
	}
	o, known := r.long(name, attached)
	if !known {
		r.unknown(c, name)
		return 0
	}
	if attached {
		o.val, o.has = a.from(len(name)+1), true
	} else if o.kind == pair && len(rest) > 1 {
		o.val, o.has = rest[1], true
		p.opts = append(p.opts, o)
		return 2
	} else if o.kind != flag_ && o.kind != maybe && o.kind != never_ && len(rest) > 0 {
		o.val, o.has = rest[0], true
		p.opts = append(p.opts, o)
		r.notAnOption(c, o)
		return 1
	}
	p.opts = append(p.opts, o)
	return 0
}

// notAnOption refuses a value that is an option which matters: not all
// programs, nor all versions of one, take it for a value.
func (r *rule) notAnOption(c *call, o opt) {
	if o.val.many {
		r.fedOptions(c) // what follows the value
	}
	name, _, _ := strings.Cut(o.val.head(), "=")
	if len(name) < 2 || name[0] != '-' {
		return
	}
	in, known := r.long(name, false)
	if !strings.HasPrefix(name, "--") && !r.oneDash {
		in.kind, known = r.table.kinds[name[:2]]
	}
	if known && in.kind >= readOpt {
		c.refuse(r.number(), "has the option "+name+" where a value of "+o.name+" is expected", "write "+o.name+"=VALUE, or leave it out")
	}
}

// fedOptions refuses what xargs reads where it could be an option that matters.
func (r *rule) fedOptions(c *call) {
	if c.fed && r.table.acts {
		c.refuse("P10", "gets operands from xargs that could be options", "end its options with --, or write the operands out")
	}
}

// long finds a long option by its name or by what the program would accept for
// it. Of several that it could be, the worst counts. A table that leaves options
// out must hold those by whose names others begin. With a value attached, even
// what is no abbreviation is judged as one: that costs nothing.
func (r *rule) long(name string, attached bool) (opt, bool) {
	key := r.key(name)
	if k, ok := r.table.kinds[key]; ok || r.oneDash || !attached && (r.exact || r.folds) {
		return opt{name: key, kind: k}, ok
	}
	var best opt
	found := false
	i, _ := slices.BinarySearch(r.table.long, key)
	for ; i < len(r.table.long) && strings.HasPrefix(r.table.long[i], key); i++ {
		if k := r.table.kinds[r.table.long[i]]; !found || k > best.kind {
			best, found = opt{name: r.table.long[i], kind: k}, true
		}
	}
	return best, found
}

func (r *rule) unknown(c *call, name string) {
	if !r.lenient {
		c.refuse(r.number(), "has the option "+name+", which is not known to be harmless", "leave it out, or do it another way")
	}
}

// parseShort reads a cluster of short options.
func (r *rule) parseShort(c *call, p *parsed, a Arg, rest []Arg) int {
	head := a.head()
	for i := 1; i < len(head); i++ {
		name := "-" + head[i:i+1]
		k, ok := r.table.kinds[name]
		if !ok && head[i] >= '0' && head[i] <= '9' {
			k, ok = r.table.kinds["-#"]
		}
		if !ok {
			r.unknown(c, name)
			if r.lenient {
				continue
			}
			return 0
		}
		o := opt{name: name, kind: k}
		if k == flag_ || k == never_ {
			p.opts = append(p.opts, o)
			continue
		}
		if after := a.from(i + 1); after.text != "" || after.pieces != nil && !(len(after.pieces) == 1 && after.pieces[0] == piece{}) {
			o.val, o.has = after, true
			p.opts = append(p.opts, o)
			return 0
		}
		if k != maybe && len(rest) > 0 {
			o.val, o.has = rest[0], true
			p.opts = append(p.opts, o)
			r.notAnOption(c, o)
			return 1
		}
		p.opts = append(p.opts, o)
		return 0
	}
	for _, q := range a.pieces {
		if q.kind != pieceText && q.kind != pieceDigits {
			c.refuse(r.number(), "has an option that is not written out: "+a.String(), "write it out")
			return 0
		}
	}
	return 0
}

// value returns the value of the last option of these names.
func (p *parsed) value(names ...string) (Arg, bool) {
	for _, o := range slices.Backward(p.opts) {
		if o.has && slices.Contains(names, o.name) {
			return o.val, true
		}
	}
	return Arg{}, false
}
