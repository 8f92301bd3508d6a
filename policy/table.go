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
	calm     bool   // its options do no harm that counts when xargs reads them
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
			t.acts = t.acts || k >= dirOpt && !r.calm
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
