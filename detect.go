package autosession

// Kind is what a session is for.
type Kind string

// The kinds of sessions.
const (
	Init     Kind = "init"     // make the feature list
	Continue Kind = "continue" // work on it
)
