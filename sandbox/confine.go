package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/autosession/autosession"
)

// Confining is a Sandbox that confines, and says what it is.
type Confining interface {
	autosession.Sandbox
	// Name is the sandbox in a few words, and what it lacks on this machine.
	Name() string
	// Within is the same Sandbox with other limits for the trees to come.
	Within(l Limits) Confining
}

// Within is the same Bubblewrap with other limits.
func (b *Bubblewrap) Within(l Limits) Confining {
	other := *b
	other.options.Limits = l.checked()
	return &other
}

// Within is the same Landlock with other limits.
func (l *Landlock) Within(bounds Limits) Confining {
	other := *l
	other.options.Limits = bounds.checked()
	return &other
}

// roomy is a Sandbox to be tried out, whatever room the disk has: a full one
// does not make it weaker. The session's own tree is not started then, and the
// person is told.
func roomy(c Confining, l Limits) Confining {
	l.Reserve = -1
	return c.Within(l)
}

// Confine returns the strongest Sandbox that works here: Bubblewrap, or else
// Landlock, whose name says what it lacks. Its error says why neither works,
// or what is wrong with o.
func Confine(ctx context.Context, o Options) (Confining, error) {
	b, err := NewBubblewrap(o)
	if err == nil {
		if first := try(ctx, roomy(b, b.options.Limits), b.options, common(b.options)[:1])[0]; !first.Holds {
			err = fmt.Errorf("cannot confine by %s: %s", b.version, first.Detail)
		}
	}
	if err == nil {
		return b, nil
	}
	l, problem := NewLandlock(o)
	if problem != nil {
		return nil, errors.Join(err, problem)
	}
	return l, nil
}
