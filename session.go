package autosession

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// Session is one agent conversation on a project, and its durable record.
//
//	Open ──> prepared ──Run──> running ──Close──> closing ──> ended
//	             └────Close──> discarded
//
// A session that is opened by [Open] holds its project until it is closed.
type Session struct {
	p      *project
	owns   bool // Close releases the project
	rec    SessionRecord
	conv   Conversation
	events *recorder
	undone []HistoryEntry // what was undone while it ran
	kept   []string       // where the agent's versions are
	closed bool
	due    time.Time // the prompt goes out no sooner
}

// Open holds the project, closes what a dead process left, detects the kind of
// session that is next and prepares it: the record is written, then the agent
// started, and not prompted yet. Errors: [*HeldError], [*NoSpecError],
// [*ListError], [*OtherProjectError], [*OutcomeError].
func Open(ctx context.Context, cfg Config) (*Session, error) {
	p, err := hold(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s, err := p.openOne(ctx)
	if err != nil {
		return nil, errors.Join(err, p.release())
	}
	s.owns = true
	return s, nil
}

func (p *project) openOne(ctx context.Context) (*Session, error) {
	if err := p.beginRun(ctx); err != nil {
		return nil, err
	}
	d, err := p.takeStock(ctx)
	if err != nil {
		return nil, err
	}
	return p.prepare(ctx, d.Kind)
}

// prepare writes the record of a session and starts its agent.
func (p *project) prepare(ctx context.Context, kind Kind) (*Session, error) {
	if kind == Init && p.readText(p.cfg.Spec, 1) == "" {
		return nil, p.noSpec()
	}
	s := &Session{p: p, rec: SessionRecord{
		ID: newID(), Run: p.run.ID, Kind: kind, Phase: PhasePrepared, Prepared: time.Now(),
	}}
	if err := p.apply(ctx, Change{Session: &s.rec}); err != nil {
		return nil, err
	}
	var err error
	if s.events, err = newRecorder(p, s.rec); err != nil {
		return nil, errors.Join(err, s.discard(ctx))
	}
	if err = s.start(ctx); err == nil {
		err = p.billed(s.rec.Info.Lane)
	}
	if err != nil {
		return nil, errors.Join(err, s.discard(ctx))
	}
	return s, nil
}

// start opens the conversation: that of the last session when it can be gone
// on with, else a new one.
func (s *Session) start(ctx context.Context) (err error) {
	task := s.task()
	if last := s.p.resumable(ctx); last != nil {
		task.Resume = last.Info.ID
		if s.conv, err = s.p.cfg.Agent.Open(ctx, task); err == nil {
			s.rec.Resumes, s.rec.Info = last.ID, s.conv.Info()
			return nil
		}
		s.p.report(Event{Type: EventWarning, Text: "the last conversation cannot be gone on with: " + err.Error()})
		task.Resume = ""
	}
	if s.conv, err = s.p.cfg.Agent.Open(ctx, task); err == nil {
		s.rec.Info = s.conv.Info()
	}
	return err
}

// task tells the agent what it needs to know.
func (s *Session) task() Task {
	c := s.p.cfg
	scope := s.p.scope(ScopeSession, s.rec.ID)
	scope.Report = func(e Event) {
		// A failure of the store ends the session by the agent's next event.
		_ = s.events.emit(e)
	}
	return Task{
		Session: s.rec.ID, Number: s.p.counted + 1, Kind: s.rec.Kind,
		Dir: c.Dir, Home: scope.Home,
		Model: c.Model, MaxTurns: c.MaxTurns, Tools: c.Tools,
		Hooks: &hooks{s: s},
		Start: func(ctx context.Context, cmd Command) (Process, error) {
			return c.Sandbox.Start(ctx, scope, cmd)
		},
		Emit: s.events.emit,
	}
}

// Believed names what agents and editors run or obey when a person opens the
// project with them. A session can neither change nor make it.
func Believed() []string {
	return []string{".claude/settings.json", ".claude/settings.local.json", ".mcp.json", ".vscode", ".idea"}
}

// scope is the bounds of what runs for the project.
func (p *project) scope(kind ScopeKind, session string) Scope {
	s := Scope{Kind: kind, Session: session, Dir: p.cfg.Dir, Home: filepath.Join(p.cfg.State, "home")}
	for _, name := range append([]string{p.cfg.Spec, "autosession.toml"}, Believed()...) {
		if kind != ScopeCheck && grants(p.record.Grants, name) {
			continue
		}
		s.ReadOnly = append(s.ReadOnly, filepath.Join(p.cfg.Dir, name))
	}
	s.Binds = slices.Clone(p.cfg.Binds)
	s.Network.Hosts = slices.Clone(p.cfg.Hosts)
	if kind == ScopeCheck {
		for _, name := range append(p.protectedPaths(), ListFile, ".git") {
			s.ReadOnly = append(s.ReadOnly, filepath.Join(p.cfg.Dir, name))
		}
	}
	if n, ok := p.cfg.Agent.(Needer); ok && kind != ScopeCheck {
		needs := n.Needs()
		for _, path := range needs.ReadPaths {
			s.Binds = append(s.Binds, Bind{Path: path})
		}
		s.Network.Endpoint = needs.Endpoint
		s.Network.Hosts = append(s.Network.Hosts, needs.Hosts...)
	}
	return s
}

// Run prompts the session: with our prompt when prompt is empty. The first Run
// numbers the session and takes its checkpoint; a further one goes on in the
// same conversation. An error means that the session could not be run; how the
// agent fared is the outcome.
func (s *Session) Run(ctx context.Context, prompt string) (Outcome, error) {
	if s.rec.Phase == PhasePrepared {
		if err := s.begin(ctx); err != nil {
			return Outcome{}, err
		}
	}
	if prompt == "" {
		var err error
		if prompt, err = s.prompt(ctx); err != nil {
			return Outcome{}, err
		}
	}
	if !s.due.IsZero() {
		s.p.sleep(ctx, s.due)
	}
	s.rec.Outcome = s.converse(ctx, prompt)
	s.rec.Outcome.Detail = s.p.redactor.Text(s.rec.Outcome.Detail)
	return s.rec.Outcome, nil
}

// Record is the session's record as it is now.
func (s *Session) Record() SessionRecord { return s.rec }

// begin numbers the session and takes the checkpoint that CLOSE compares with.
func (s *Session) begin(ctx context.Context) error {
	p := s.p
	opened, err := p.save(ctx, fmt.Sprintf("open %d", p.counted+1))
	if err != nil {
		return err
	}
	p.present = nil // the agent changes the tree from here on
	s.rec.Number, s.rec.Phase, s.rec.Started, s.rec.Opened = p.counted+1, PhaseRunning, time.Now(), opened.ID
	s.rec.Protected, s.rec.NotesFile = p.protected(), p.cfg.Notes
	if s.due.After(s.rec.Started) {
		s.rec.Started = s.due // when the prompt goes out
	}
	change := Change{Session: &s.rec}
	if p.record.Seen.IsZero() {
		p.record.Dir, p.record.Seen = p.cfg.Dir, s.rec.Started
		change.Project = &p.record
	}
	if lane := s.rec.Info.Lane; p.record.Lane == "" && lane != LanePlayed {
		p.record.Lane = lane
		change.Project = &p.record
	}
	if p.ledger == nil {
		p.ledger = &Ledger{}
		change.Ledger = p.ledger
	}
	if p.run.Parked != nil {
		p.run.Parked = nil
		change.Run = p.run
	}
	if err := p.apply(ctx, change); err != nil {
		return err
	}
	p.counted++
	s.events.begin(s.rec.Number)
	return s.events.emit(Event{Type: EventOpened, Kind: s.rec.Kind, Text: s.rec.Info.String()})
}

// prompt makes our prompt, with the briefing in it.
func (s *Session) prompt(ctx context.Context) (string, error) {
	p := s.p
	look, err := p.cfg.Repo.Look(ctx)
	if err != nil {
		return "", err
	}
	for _, text := range p.unusual(look) {
		if err := s.events.emit(Event{Type: EventWarning, Text: text}); err != nil {
			return "", err
		}
	}
	situation := Situation{
		Kind: s.rec.Kind, Number: s.rec.Number, Ledger: *p.ledger,
		Sessions: p.sessions, Repo: look, Notes: tail(p.readText(p.cfg.Notes, MaxListSize), maxNotes),
	}
	if s.rec.Kind == Init {
		situation.Spec = p.readText(p.cfg.Spec, 16<<10)
	}
	return p.cfg.Prompts.Text(string(s.rec.Kind), s.promptData(Brief(situation)))
}

func (s *Session) promptData(briefing string) PromptData {
	c := s.p.cfg
	return PromptData{
		Dir: c.Dir, Spec: c.Spec, List: ListFile, Notes: c.Notes,
		Features: c.Features, MinFeatures: c.MinFeatures, Protected: append([]string{c.Spec}, c.Protect...),
		Briefing: briefing, Grace: c.Grace,
	}
}

// Close ends the session: the agent and all that it started, the feature list
// and its claims, the record. It may be called twice. ctx bounds the checks
// alone: what must be saved is saved.
func (s *Session) Close(ctx context.Context) error {
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.close(ctx)
	if s.owns {
		err = errors.Join(err, s.p.release())
	}
	return err
}

func (s *Session) close(ctx context.Context) error {
	if s.rec.Phase == PhasePrepared {
		return s.discard(ctx)
	}
	s.events.tally(&s.rec) // provisional, should we be killed before the end is known
	c := closing{p: s.p, rec: &s.rec, events: s.events, undone: s.undone, kept: s.kept, check: ctx.Err() == nil && !s.p.stopAsked(), end: s.end}
	return c.close(ctx)
}

// end ends the conversation and writes the last events. The agent's usage is
// final then.
func (s *Session) end(context.Context) error {
	err := s.conv.Close()
	s.rec.Info = s.conv.Info()
	s.events.tally(&s.rec)
	return err
}

// discard closes a session that was never prompted. No session is counted.
func (s *Session) discard(ctx context.Context) error {
	var errs []error
	if s.conv != nil {
		errs = append(errs, s.conv.Close())
	}
	if s.events != nil {
		errs = append(errs, s.events.close())
	}
	saving, cancel := saveContext(ctx)
	defer cancel()
	errs = append(errs, s.p.cfg.Sandbox.Rescue(saving, s.rec.ID))
	s.rec.Phase, s.rec.Ended = PhaseDiscarded, time.Now()
	return errors.Join(append(errs, s.p.apply(saving, Change{Session: &s.rec}))...)
}

// saveContext outlives the end of ctx, for what must be saved after it.
func saveContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
}
