package claudecode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/autosession/autosession"
)

// How long the program's answers may take at its start.
const (
	initLimit   = 60 * time.Second
	detailLimit = 10 * time.Second // what is good to know, and not needed
)

// Open implements [autosession.Agent]: the program is started and has
// answered, and its model was not asked anything. A missing, unusable or too
// old program, and one that is not signed in, is an
// [autosession.OutcomeError].
func (a Agent) Open(ctx context.Context, t autosession.Task) (autosession.Conversation, error) {
	path, err := a.find()
	if err != nil {
		return nil, blocked(autosession.BlockAgent, err.Error())
	}
	c, err := a.start(ctx, path, t)
	if err != nil {
		return nil, err
	}
	if err := a.greet(ctx, c); err != nil {
		closed := c.Close()
		return nil, errors.Join(a.explain(ctx, path, c, err), closed)
	}
	return c, nil
}

func blocked(block, detail string) error {
	return &autosession.OutcomeError{Outcome: person(block, detail)}
}

// start starts the program with pipes of our own and listens to it.
func (a Agent) start(ctx context.Context, path string, t autosession.Task) (*conversation, error) {
	ours, theirs, err := makePipes()
	if err != nil {
		return nil, fmt.Errorf("cannot make pipes for the agent's program: %w", err)
	}
	cmd := a.command(path, t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[2]
	proc, err := t.Start(ctx, cmd)
	for _, f := range theirs {
		f.Close()
	}
	if err != nil {
		ours.close()
		if program, unfit := errors.AsType[*autosession.ProgramError](err); unfit {
			return nil, blocked(autosession.BlockAgent, program.Error()+"; install Claude Code again, or name its program with --agent-command")
		}
		return nil, fmt.Errorf("cannot start the agent's program: %w", err)
	}
	c := converse(ctx, t, ours, proc, a.Trace)
	c.secrets = []string{a.Key, a.Token}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.info = autosession.Info{
		ID: orElse(t.Resume, t.Session), Agent: Name, Model: t.Model, Lane: a.Lane, Tools: a.tools(t),
	}
	return c, nil
}

// makePipes returns our ends of the program's streams, and the program's:
// input, output, errors.
func makePipes() (ours pipes, theirs []*os.File, err error) {
	var files []*os.File
	for range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			return pipes{}, nil, err
		}
		files = append(files, r, w)
	}
	return pipes{in: files[1], out: files[2], err: files[4]}, []*os.File{files[0], files[3], files[5]}, nil
}

type initializeRequest struct {
	Subtype string                   `json:"subtype"`
	Hooks   map[string][]hookMatcher `json:"hooks"`
}

// account is what the program tells of who is signed in.
type account struct {
	Subscription string `json:"subscriptionType"`
	TokenSource  string `json:"tokenSource"`
	KeySource    string `json:"apiKeySource"`
	Provider     string `json:"apiProvider"`
}

// greet initializes the program and learns what it is and who pays.
func (a Agent) greet(ctx context.Context, c *conversation) error {
	raw, err := c.requestWithin(ctx, initLimit, initializeRequest{"initialize", hookTable()})
	if err != nil {
		return fmt.Errorf("cannot initialize the agent's program: %w", err)
	}
	var hello struct {
		Account *account `json:"account"`
	}
	if err := json.Unmarshal(raw, &hello); err != nil {
		return fmt.Errorf("cannot initialize the agent's program: it answers %q", cutText(string(raw), 200))
	}
	lane := a.Lane
	if lane == "" && hello.Account != nil {
		if lane = hello.Account.lane(); lane == "" {
			return blocked(autosession.BlockAuth, "Claude Code is not signed in: sign in with it, or give an API key")
		}
	}
	version, err := c.version(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.info.Lane, c.info.Version = lane, version
	c.mu.Unlock()
	return c.startCount(ctx)
}

func (c *conversation) requestWithin(ctx context.Context, limit time.Duration, request any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer came within %v", limit))
	defer cancel()
	return c.wire.request(ctx, request)
}

// version asks the program for its version. One that does not tell is
// tolerated, one that is too old is not.
func (c *conversation) version(ctx context.Context) (string, error) {
	raw, err := c.requestWithin(ctx, detailLimit, controlSubtype{"get_binary_version"})
	if err != nil {
		return "", ctx.Err()
	}
	var v struct {
		Version string `json:"version"`
	}
	if json.Unmarshal(raw, &v) != nil {
		return "", nil
	}
	return v.Version, checkVersion(v.Version)
}

// startCount takes what a resumed conversation has spent already: newer
// programs go on counting from there.
func (c *conversation) startCount(ctx context.Context) error {
	if c.task.Resume == "" {
		return nil
	}
	raw, err := c.requestWithin(ctx, detailLimit, controlSubtype{"get_usage"})
	if err != nil {
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.totals(raw)
	c.meter.start()
	return nil
}

// explain makes an error of the start say what the program itself wrote, or
// that it is too old to be started as we do.
func (a Agent) explain(ctx context.Context, path string, c *conversation, err error) error {
	var known *autosession.OutcomeError
	if errors.As(err, &known) || !errors.Is(err, errEnded) {
		return err
	}
	if old := checkVersion(probe(ctx, path, c.task)); old != nil {
		return old
	}
	end := ending{exit: &c.exit, stderr: c.stderr.String()}
	return &autosession.OutcomeError{Outcome: c.hide(end.outcome())}
}
