package policy

import (
	"slices"
	"strings"
)

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
