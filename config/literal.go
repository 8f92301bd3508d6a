package config

// form is how a value was written.
type form int

const (
	wordForm    form = iota // in the environment or a flag, where everything is text
	textForm                // the rest: in a file
	integerForm             //
	floatForm               //
	booleanForm             //
	listForm                //
	otherForm               // dates, tables and lists of lists, which no setting takes
)

// literal is a value as it was written, before it is known what it is for.
type literal struct {
	form   form
	text   string    // of everything but lists
	items  []literal // of a list
	offset int       // in the file
}

// shown is the value for a message.
func (l literal) shown() string {
	switch l.form {
	case listForm, otherForm:
		return ""
	case textForm:
		return clip(quote(l.text))
	}
	return clip(l.text)
}

// entry is one setting as one layer gives it.
type entry struct {
	key    string // as it was written, with dots if there are any
	value  literal
	source string  // for Origin
	base   string  // what relative paths start from
	place  Problem // where the value is, and the value

	keyLine, keyColumn int // in a file
}

// problem is something wrong with the entry.
func (e entry) problem(text, fix string) Problem {
	p := e.place
	p.Text, p.Fix = text, fix
	if p.Key == "" { // in the environment it has another name
		p.Key = e.key
	}
	return p
}
