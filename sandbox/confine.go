package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

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
// Landlock, whose name says what it lacks. It takes the weaker one only where
// bubblewrap is missing or this machine refuses it its work. A try that fails
// for another reason, a full disk say, is an error: what runs inside could
// bring that about. Its error says why neither works, what is wrong with o, or
// what kept it from trying.
func Confine(ctx context.Context, o Options) (Confining, error) {
	b, err := NewBubblewrap(o)
	if err == nil {
		first := try(ctx, roomy(b, b.options.Limits), b.options, common(b.options)[:1])[0]
		if first.Holds {
			return b, nil
		}
		err = b.verdict(ctx, first.Detail)
	}
	if _, unfit := errors.AsType[*unfitError](err); !unfit {
		return nil, err
	}
	l, problem := NewLandlock(o)
	if problem != nil {
		return nil, errors.Join(err, problem)
	}
	return l, nil
}

// unfitError says that bubblewrap is missing, or cannot do its work on this
// machine whoever asks for it.
type unfitError struct{ reason string }

func (e *unfitError) Error() string { return e.reason }

// verdict is why a try failed, as told. It is an unfitError only if bubblewrap
// alone, without anything of ours, fails too.
func (b *Bubblewrap) verdict(ctx context.Context, told string) error {
	said, err := b.bare(ctx)
	_, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("cannot try %s out: %w", b.version, context.Cause(ctx))
	case ended && said != "":
		return &unfitError{fmt.Sprintf("cannot confine by %s: %s", b.version, said)}
	case err != nil:
		return fmt.Errorf("cannot try %s out: %v; nothing weaker is taken for that", b.version, err)
	}
	if err := b.options.room(); err != nil {
		return err
	}
	return fmt.Errorf("cannot try %s out, which itself works here: %s; nothing weaker is taken for that: see to what is wrong, and start again", b.version, told)
}

// bare runs bubblewrap with all that a tree asks of the kernel and nothing of
// ours: no project, no file, no warden. It returns what bubblewrap said.
func (b *Bubblewrap) bare(ctx context.Context) (said string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, tryTime, fmt.Errorf("it did not end within %v", tryTime))
	defer cancel()
	calls, err := filterFile()
	if err != nil {
		return "", err
	}
	defer calls.Close()
	var seen mounts
	seen.add(readOnly, "/")
	seen.add(scratch, "/tmp")
	seen.add(hidden, "/run")
	seen.add(devices, "/dev")
	seen.add(procfs, "/proc")
	program := exec.CommandContext(ctx, b.program, append(confinement(seen, barelyFD), "/bin/sh", "-c", "exit 0")...)
	program.Env = []string{"PATH=" + defaultPath, "LC_ALL=C"}
	program.ExtraFiles = []*os.File{calls}
	output, err := program.CombinedOutput()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return strings.TrimSpace(string(output)), err
}
