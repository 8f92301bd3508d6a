package autosession

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/autosession/autosession/internal/atomicfile"
	"github.com/autosession/autosession/internal/filelock"
	"github.com/autosession/autosession/internal/reach"
	"github.com/autosession/autosession/internal/redact"
)

// Holder is who works on a project. The kernel's lock is the truth; this is
// for people.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
	Dir   string    `json:"dir"`
}

// holderFile lies in the state directory beside the lock.
const holderFile = "holder.json"

// ReadHolder tells who works on the project whose state directory is given,
// and whether the lock is really held.
func ReadHolder(state string) (Holder, bool) {
	var h Holder
	data, err := os.ReadFile(filepath.Join(state, holderFile))
	if err != nil || json.Unmarshal(data, &h) != nil {
		return Holder{}, false
	}
	l, err := filelock.Acquire(state)
	if err != nil {
		_, held := errors.AsType[*filelock.HeldError](err)
		return h, held
	}
	return h, l.Release() != nil
}

// acquire takes a lock, and tries again for a moment: who only looks whether
// it is held holds it for an instant.
func acquire(dir string) (*filelock.Lock, error) {
	var l *filelock.Lock
	var err error
	for range 10 {
		if l, err = filelock.Acquire(dir); err == nil {
			return l, nil
		}
		if _, held := errors.AsType[*filelock.HeldError](err); !held {
			return nil, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, err
}

// project is a project that this process holds: its lock, and what its store
// says, kept in memory. It is used by one goroutine, but for report.
type project struct {
	cfg   Config
	root  *os.Root
	locks []*filelock.Lock

	record   ProjectRecord
	ledger   *Ledger
	sessions []SessionRecord // the last ones that ended
	counted  int
	spent    Spent
	run      *RunRecord
	present  *Checkpoint // the tree as it is, when that is known
	saved    []string    // checkpoints that no change has named yet
	list     found       // the feature list as it was read last

	redactor *redact.Redactor

	reporting sync.Mutex
}

// hold locks the project, loads what is known of it, and closes what a dead
// process left. The error is a [*HeldError] when another process holds it.
func hold(ctx context.Context, cfg Config) (*project, error) {
	return holdAnd(ctx, cfg, (*project).goOn)
}

// holdAnd is hold with something else to do about a rollback that was cut
// short than to go on with it.
func holdAnd(ctx context.Context, cfg Config, goOn func(*project, context.Context) error) (*project, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	dir, err := resolve(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir
	p := &project{cfg: cfg.withDefaults(), redactor: redact.New(cfg.Secrets...)}
	if err := p.open(ctx, goOn); err != nil {
		return nil, errors.Join(err, p.release())
	}
	return p, nil
}

func (p *project) open(ctx context.Context, goOn func(*project, context.Context) error) error {
	if err := os.MkdirAll(filepath.Join(p.cfg.State, "transcripts"), 0o700); err != nil {
		return fmt.Errorf("cannot make the state directory: %w", err)
	}
	if err := p.lock(); err != nil {
		return err
	}
	if err := reach.Dir(p.cfg.Dir); err != nil {
		return err
	}
	var err error
	if p.root, err = os.OpenRoot(p.cfg.Dir); err != nil {
		return fmt.Errorf("cannot open the project: %w", err)
	}
	if err := p.cfg.Sandbox.Rescue(ctx, ""); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(p.cfg.State, scratchDir)); err != nil {
		return fmt.Errorf("cannot remove what a search left: %w", err)
	}
	if err := atomicfile.Clean(p.root, "."); err != nil {
		return err
	}
	snapshot, err := p.cfg.Store.Load(ctx)
	if err != nil {
		return err
	}
	p.record, p.ledger, p.sessions = snapshot.Project, snapshot.Ledger, snapshot.Sessions
	p.counted, p.spent, p.run = snapshot.Counted, snapshot.Spent, snapshot.Run
	if err := p.undoCheck(ctx); err != nil {
		return err
	}
	if err := p.rescue(ctx, snapshot.Pending); err != nil {
		return err
	}
	if err := goOn(p, ctx); err != nil {
		return err
	}
	if err := p.identify(ctx); err != nil {
		return err
	}
	if p.cfg.Refine != nil {
		if err := p.cfg.Refine(ctx, &p.cfg); err != nil {
			return err
		}
		p.cfg = p.cfg.withDefaults()
		return p.cfg.validate()
	}
	return nil
}

// lock takes the locks of the project and of its state, and says in a file
// beside them who holds them.
func (p *project) lock() error {
	for _, dir := range []string{p.cfg.Dir, p.cfg.State} {
		l, err := acquire(dir)
		if _, held := errors.AsType[*filelock.HeldError](err); held {
			h, _ := ReadHolder(p.cfg.State)
			return &HeldError{Dir: p.cfg.Dir, Holder: h}
		}
		if err != nil {
			return err
		}
		p.locks = append(p.locks, l)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	data, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Since: time.Now(), Dir: p.cfg.Dir})
	if err != nil {
		return fmt.Errorf("cannot write the lock's holder: %w", err)
	}
	state, err := os.OpenRoot(p.cfg.State)
	if err != nil {
		return fmt.Errorf("cannot open the state directory: %w", err)
	}
	defer state.Close()
	return atomicfile.Write(state, holderFile, data, 0o600)
}

// release gives the locks back.
func (p *project) release() error {
	var errs []error
	if p.root != nil {
		errs = append(errs, p.root.Close())
	}
	for _, l := range p.locks {
		errs = append(errs, l.Release())
	}
	return errors.Join(errs...)
}

// identify refuses to go on when another project lies in this place.
func (p *project) identify(ctx context.Context) error {
	look, err := p.cfg.Repo.Look(ctx)
	if err != nil {
		return err
	}
	was, is := p.record.RootCommit, look.RootCommit
	if was != "" && is != "" && was != is {
		return &OtherProjectError{Dir: p.cfg.Dir, State: p.cfg.State, Was: was, Is: is}
	}
	return nil
}

// unusual says what a person should know of the project's repository at OPEN
// and at CLOSE. That there is none is news only where there was one.
func (p *project) unusual(look RepoState) []string {
	if !look.Exists && p.record.RootCommit == "" {
		return nil
	}
	return look.Unusual()
}

// apply stores a change under a new id, and tries once more when it is not
// known whether it was stored.
func (p *project) apply(ctx context.Context, c Change) error {
	c.ID, c.At, c.Checkpoints = newID(), time.Now(), p.saved
	if len(c.History) > 0 {
		for i := range c.History {
			c.History[i].At = c.At.Round(0).UTC()
		}
		if c.Project == nil {
			record := p.record
			c.Project = &record
		}
		c.Project.Head = chain(p.record.Head, c.History)
	}
	err := p.cfg.Store.Apply(ctx, c)
	if err != nil {
		err = p.cfg.Store.Apply(ctx, c)
	}
	if err != nil {
		return err
	}
	p.saved = nil
	if c.Project != nil {
		p.record.Head = c.Project.Head
	}
	return nil
}

// save makes a checkpoint. The next change says that the ledger was then what
// it is now.
func (p *project) save(ctx context.Context, label string) (Checkpoint, error) {
	c, err := p.cfg.Repo.Save(ctx, label)
	if err == nil {
		p.saved = append(p.saved, c.ID)
	}
	return c, err
}

// report hands an event to the person, one at a time.
func (p *project) report(e Event) {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	p.reporting.Lock()
	defer p.reporting.Unlock()
	p.cfg.Report(e)
}

// stopAsked says whether a stop was asked for.
func (p *project) stopAsked() bool {
	select {
	case <-p.cfg.Stop:
		return true
	default:
		return false
	}
}

// lookForList reads the feature list.
func (p *project) lookForList() found {
	p.list = lookForList(p.root, p.list)
	return p.list
}

// protected are the patterns of what an agent may not change.
func (p *project) protected() []string {
	return append([]string{p.cfg.Spec, "autosession.toml"}, p.cfg.Protect...)
}

// readText reads at most n bytes of a file of the project, or "" when it is
// not a file that can be read.
func (p *project) readText(name string, n int64) string {
	data, err := atomicfile.Read(p.root, name, MaxListSize)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(string(data[:min(n, int64(len(data)))]), "�")
}

// noSpec says that the spec is missing, or what is wrong with it.
func (p *project) noSpec() error {
	e := &NoSpecError{Dir: p.cfg.Dir, Spec: p.cfg.Spec}
	switch info, err := p.root.Lstat(p.cfg.Spec); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		e.Wrong = fmt.Sprintf("cannot be read: %v", err)
	case !info.Mode().IsRegular():
		e.Wrong = "is no file"
	case info.Size() == 0:
		e.Wrong = "is empty"
	default:
		e.Wrong = "cannot be read"
	}
	return e
}

// writeFile replaces a file of the project atomically, without following links.
func (p *project) writeFile(name string, data []byte) error {
	return atomicfile.Write(p.root, name, data, 0o644)
}

// keepAside saves what lies in the place of the feature list before the list
// is written again. It says where: a file could be read, and anything else is
// in a checkpoint, which is made unless there is one that holds it. It returns
// "" when there was nothing to keep.
func (p *project) keepAside(ctx context.Context, f found, checkpoint string) (string, error) {
	switch {
	case f.missing:
		return "", nil
	case f.data == nil:
		if checkpoint == "" {
			saved, err := p.cfg.Repo.Save(ctx, "in the place of "+ListFile)
			if err != nil {
				return "", err
			}
			checkpoint = saved.ID
		}
		return fmt.Sprintf("checkpoint %.12s", checkpoint), nil
	}
	dir := filepath.Join(p.cfg.State, "aside")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("cannot keep %s aside: %w", ListFile, err)
	}
	path := filepath.Join(dir, time.Now().UTC().Format("20060102T150405.000000000")+"-"+ListFile)
	if err := os.WriteFile(path, f.data, 0o600); err != nil {
		return "", fmt.Errorf("cannot keep %s aside: %w", ListFile, err)
	}
	return path, nil
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
