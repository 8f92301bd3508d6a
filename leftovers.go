package autosession

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// commitLeftovers commits on the project's branch what a session left
// uncommitted, when the person wants it. It is git in a sandbox that does so,
// without hooks. Where a merge, a rebase or anything else is under way, or HEAD
// is on no branch, all is left as it is. That nothing was committed is told,
// and is no reason to lose a session: the checkpoint has it all.
func (p *project) commitLeftovers(ctx context.Context, session int) {
	if !p.cfg.CommitLeftovers {
		return
	}
	look, err := p.cfg.Repo.Look(ctx)
	if err == nil && len(look.Uncommitted) > 0 {
		if !look.settled() {
			err = errors.New("git is in the middle of something, or on no branch")
		} else {
			err = p.commitAll(ctx, fmt.Sprintf("Session %d: what it left uncommitted", session))
		}
	}
	if err != nil {
		p.report(Event{Type: EventWarning, Session: session, Text: "what the session left is not committed: " + err.Error()})
	}
}

// commitLimit bounds how long a commit may take.
const commitLimit = time.Minute

func (p *project) commitAll(ctx context.Context, message string) error {
	git := "git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c commit.gpgSign=false -c gc.auto=0"
	scope := p.scope(ScopeShell, newID())
	scope.Network = Network{}
	out := &headTail{limit: 1 << 10}
	end, err := script{p.cfg.Sandbox, scope, fmt.Sprintf("export GIT_CONFIG_GLOBAL=/dev/null\n%s add -A && %s commit -q --no-verify -m %s", git, git, quote(message))}.run(ctx, commitLimit, out)
	if err == nil && !end.ok() {
		err = fmt.Errorf("git ended with %d: %s", end.exit.Code, strings.TrimSpace(p.redactor.Text(out.String())))
	}
	return err
}
