package autosession

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// round is some checks on one tree, and what they change in a ledger.
type round struct {
	p       *project
	ledger  *Ledger
	session int // 0 between sessions
	checker checker
	emit    func(Event)
	until   time.Time // no check that can wait begins after it

	changed           map[int]bool // positions of entries that differ now
	runs              []CheckRun
	history           []HistoryEntry
	notes             []string // for the next briefing
	proven, disproved int
	credit            map[int]verdicts // by the session that claimed
	err               error            // the first check that could not run; the others stay due
	stopped           bool             // a stop came between; the others stay due

	kept      map[string]string // trees of the checkpoints, by id; nil until they are needed
	scratched map[string]bool   // whether a check passed, by checkpoint and command
}

// verdicts counts what became of a session's claims.
type verdicts struct{ proven, disproved, broken int }

// newRound saves the tree that the checks run on.
func (p *project) newRound(ctx context.Context, l *Ledger, session int, emit func(Event)) (*round, error) {
	saving, cancel := saveContext(ctx)
	defer cancel()
	base, err := p.tree(saving)
	if err != nil {
		return nil, err
	}
	r := &round{
		p: p, ledger: l, session: session, emit: emit, changed: map[int]bool{}, credit: map[int]verdicts{},
		until: time.Now().Add(p.cfg.Checks.Budget),
		checker: checker{
			project: p, base: base,
			checks: p.cfg.Checks, sandbox: p.cfg.Sandbox, scope: p.scope(ScopeCheck, newID()),
			session: session, emit: emit,
			redact: p.redactor.Text,
		},
	}
	if p.cfg.Checks.Clean {
		err = r.look(saving)
	}
	return r, err
}

// tree is the project's tree as it is. It is saved unless that was done.
func (p *project) tree(ctx context.Context) (Checkpoint, error) {
	if p.present != nil {
		return *p.present, nil
	}
	saved, err := p.save(ctx, labelCheck)
	if err != nil {
		return Checkpoint{}, err
	}
	p.present = &saved
	return saved, nil
}

// mark notes that entries differ for another reason than a check.
func (r *round) mark(positions map[int]bool) {
	for i := range positions {
		r.changed[i] = true
	}
}

// keys checks the features that are named, whatever it takes.
func (r *round) keys(ctx context.Context, keys []string) {
	for _, key := range keys {
		if i := r.ledger.Find(key); i >= 0 {
			r.check(ctx, i)
		}
	}
}

// reports checks the features that are said to be broken. Where no check can
// tell, that is believed.
func (r *round) reports(ctx context.Context, keys []string) {
	for _, key := range keys {
		i := r.ledger.Find(key)
		if i < 0 {
			continue
		}
		if command, _ := r.checker.checks.of(r.ledger.Entries[i].Feature); command != "" {
			r.check(ctx, i)
			continue
		}
		r.ledger.Entries[i].State, r.changed[i] = FeatureOpen, true
		r.record(key, "reopened", "reported as broken, and there is no check")
	}
}

// pending checks the claims whose checks are due, whatever it takes.
func (r *round) pending(ctx context.Context) {
	for i, e := range r.ledger.Entries {
		if r.checker.checks.due(e) {
			r.check(ctx, i)
		}
	}
}

// untried tries checks that never ran, the next features first, while there is
// time: a check proves only when it was seen to fail.
func (r *round) untried(ctx context.Context) {
	for _, i := range r.ledger.queue() {
		if !r.checker.checks.untried(r.ledger.Entries[i]) {
			continue
		}
		if time.Now().After(r.until) {
			return
		}
		r.check(ctx, i)
	}
}

// sample proves again what was proven on another tree, the oldest proof first,
// while there is time.
func (r *round) sample(ctx context.Context) {
	for _, i := range r.stale() {
		if time.Now().After(r.until) {
			return
		}
		r.check(ctx, i)
	}
}

// reprove proves again all that was proven on another tree.
func (r *round) reprove(ctx context.Context) {
	for _, i := range r.stale() {
		r.check(ctx, i)
	}
}

// stale lists the proven features whose proof is of another tree or check, or of
// another commit where checks see nothing else, the oldest proof first.
func (r *round) stale() []int {
	var out []int
	for i, e := range r.ledger.Entries {
		if e.State == FeatureProven && !r.checker.checks.hold(e, r.checker.base.Tree, r.checker.commit) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return r.ledger.Entries[a].Proof.At.Compare(r.ledger.Entries[b].Proof.At)
	})
	return out
}

// check runs the check of one feature and takes over what it shows. What passes
// without a check is claimed.
func (r *round) check(ctx context.Context, i int) {
	if r.err != nil || r.stopped {
		return
	}
	e, key := &r.ledger.Entries[i], r.ledger.Key(i)
	was := *e
	if command, _ := r.checker.checks.of(e.Feature); command == "" {
		r.unchecked(e, key)
		r.changed[i] = true
		return
	}
	run, ok := r.run(ctx, key, e.Feature, 0)
	if !ok {
		return
	}
	flaky := false
	if was.doubtful(run) {
		again, ok := r.run(ctx, key, e.Feature, 1)
		if !ok {
			return
		}
		flaky = again.Passed != run.Passed
	}
	r.changed[i] = true
	e.apply(run)
	e.Flaky = flaky && e.State == FeatureProven
	if was.State == FeatureProven && e.Broken {
		r.blame(ctx, i)
	}
	r.tell(key, was, *e, run)
}

// run runs a check and keeps the result. It is false when it could not be run.
func (r *round) run(ctx context.Context, key string, f Feature, try int) (CheckRun, bool) {
	err := r.look(ctx)
	var run CheckRun
	if err == nil {
		run, err = r.checker.run(ctx, key, f, try)
	}
	switch {
	case ctx.Err() != nil:
		r.stopped = true
		return run, false
	case err != nil:
		r.err = err
		return run, false
	}
	r.runs = append(r.runs, run)
	return run, true
}

// look finds the commit that the checks run on, before the first one.
func (r *round) look(ctx context.Context) error {
	if len(r.runs) > 0 {
		return nil
	}
	state, err := r.p.cfg.Repo.Look(ctx)
	r.checker.commit = state.Head
	return err
}

func (r *round) unchecked(e *LedgerEntry, key string) {
	switch {
	case e.Pending:
		r.record(key, "claimed", "there is no check")
	case e.State == FeatureProven:
		r.record(key, "claimed", "it was proven before, and there is no check any more")
	default:
		return
	}
	e.State, e.Pending = FeatureClaimed, false
}

// tell records and reports what a check showed.
func (r *round) tell(key string, was, is LedgerEntry, run CheckRun) {
	detail := fmt.Sprintf("%s, exit %d, %s", clip(run.Command, 200), run.Exit.Code, run.Took.Round(time.Millisecond))
	credit := r.credit[was.ClaimedBy]
	switch {
	case is.State == FeatureProven && was.State != FeatureProven:
		r.proven++
		credit.proven++
		if is.Flaky {
			detail += "; flaky: it failed before on the same tree"
		}
		r.record(key, "proven", detail)
		r.emit(Event{Type: EventProven, Feature: key, Text: clip(run.Command, 200)})
	case was.State == FeatureProven && is.Broken:
		r.tellBroken(key, is, run, detail)
		return
	case was.State != FeatureOpen && is.State == FeatureOpen:
		r.disproved++
		credit.disproved++
		r.record(key, "disproved", detail)
		r.notes = append(r.notes, fmt.Sprintf("Feature %s was claimed and its check failed (%s):\n%s", key, clip(run.Command, 200), tail(run.Output, 400)))
		r.emit(Event{Type: EventDisproved, Feature: key, Text: tail(run.Output, 400)})
	case is.State == FeatureClaimed && (was.Pending || was.State == FeatureProven || !was.tried(run.Command)):
		r.record(key, "claimed", "the check passes and was never seen failing: "+detail)
	}
	r.credit[was.ClaimedBy] = credit
}

// tellBroken names who broke what was proven. It counts for who did.
func (r *round) tellBroken(key string, is LedgerEntry, run CheckRun, detail string) {
	credit := r.credit[is.BrokenBy]
	credit.broken++
	r.credit[is.BrokenBy] = credit
	who := is.Blame()
	r.history = append(r.history, HistoryEntry{Feature: key, By: "check", Session: is.BrokenBy, What: "broken", Detail: "by " + who + ": " + detail})
	r.notes = append(r.notes, fmt.Sprintf("Feature %s was proven before and its check fails since %s:\n%s", key, who, tail(run.Output, 400)))
	r.emit(Event{Type: EventBroken, Feature: key, Text: "by " + who + ": " + cmp.Or(tail(run.Output, 400), detail)})
}

func (r *round) record(key, what, detail string) {
	r.history = append(r.history, HistoryEntry{Feature: key, By: "check", Session: r.session, What: what, Detail: detail})
}
