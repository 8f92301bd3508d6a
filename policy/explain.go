package policy

// tracer collects what was judged, as a tree.
type tracer struct{}

func (t *tracer) refuse(r refusal) {}

func (j *judge) open(what string)                   {}
func (j *judge) close()                             {}
func (j *judge) note(what, part string, args []Arg) {}
func (j *judge) noteCall(c *call, args []Arg)       {}
