package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/config"
	"github.com/autosession/autosession/policy"
	"github.com/autosession/autosession/sqlite"
)

// lesson is what policy learn --json prints of one denied call. It is a
// contract: scripts rely on it.
type lesson struct {
	Sessions []int                `json:"sessions"` // in which it was denied
	Times    int                  `json:"times"`
	Call     autosession.ToolCall `json:"call"`
	Reason   string               `json:"reason"` // why it is denied now, or was then
	Now      string               `json:"now"`    // the verdict now: "allow" or "deny"
	Lines    []string             `json:"lines"`  // of configuration that would allow it
	Never    bool                 `json:"never"`  // no setting allows it
}

func (a *app) policyLearnCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "learn [SESSION…]",
		Short: "List what past sessions were denied, with the smallest setting that would allow it",
		Long: `Lists each call that was denied in these sessions (without a number in the last
one), and the fewest lines of configuration that would allow it. It changes
nothing: whether a line is a good idea is for you to say.`,
		Args: takes(0, anyNumber),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.place(a.dir)
			if err != nil {
				return err
			}
			conf, err := p.settled(c)
			if err != nil {
				return err
			}
			lessons := []lesson{}
			err = p.eachSession(c.Context(), args, func(store *sqlite.Store, rec autosession.SessionRecord) error {
				lessons, err = denials(c.Context(), store, rec, lessons)
				return err
			})
			if err != nil {
				return err
			}
			if err := p.learn(conf, lessons); err != nil {
				return err
			}
			return a.printLessons(p, lessons)
		},
	}
}

// eachSession calls do for the sessions with these numbers, or for the last.
func (p place) eachSession(ctx context.Context, numbers []string, do func(*sqlite.Store, autosession.SessionRecord) error) (err error) {
	store, err := p.records(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if len(numbers) == 0 {
		numbers = []string{"0"}
	}
	for _, text := range numbers {
		number, err := strconv.Atoi(text)
		if err != nil || number < 0 {
			return usageError{fmt.Errorf("cannot find session %q: give a number, from 1", text)}
		}
		rec, err := findSession(ctx, store, number)
		if err != nil {
			return err
		}
		if err := do(store, rec); err != nil {
			return err
		}
	}
	return nil
}

// denials adds the denied calls of a session, each once.
func denials(ctx context.Context, store *sqlite.Store, rec autosession.SessionRecord, found []lesson) ([]lesson, error) {
	for e, err := range store.Events(ctx, rec.ID, 1) {
		if err != nil {
			return found, err
		}
		if e.Type != autosession.EventDenied || e.Call == nil {
			continue
		}
		call := *e.Call
		call.Kind = rec.Kind
		i := slices.IndexFunc(found, func(l lesson) bool {
			return l.Call.Tool == call.Tool && l.Call.Kind == call.Kind && string(l.Call.Input) == string(call.Input)
		})
		if i < 0 {
			i = len(found)
			found = append(found, lesson{Call: call, Reason: e.Text, Lines: []string{}})
		}
		l := &found[i]
		l.Times++
		if !slices.Contains(l.Sessions, rec.Number) {
			l.Sessions = append(l.Sessions, rec.Number)
		}
	}
	return found, nil
}

// learn says of each call what would allow it.
func (p place) learn(conf config.Config, lessons []lesson) error {
	calls := make([]autosession.ToolCall, len(lessons))
	for i, l := range lessons {
		calls[i] = l.Call
	}
	learned, err := policy.Learn(p.judgedBy(conf, p.agentHome()), calls)
	if err != nil {
		return usageError{err}
	}
	for i, got := range learned {
		l := &lessons[i]
		if l.Now = "deny"; got.Reason == "" {
			l.Now = "allow"
			continue
		}
		l.Reason, l.Never = got.Reason, got.Never
		for _, line := range got.Lines {
			text := line.String()
			if line.Key == "tools" { // which names all of them
				text = policy.Line(line.Key, append(slices.Clone(tools(conf)), line.Value)...)
			}
			l.Lines = append(l.Lines, text)
		}
	}
	return nil
}

func (a *app) printLessons(p place, lessons []lesson) error {
	if a.json {
		return a.printJSON(lessons)
	}
	screen := a.screen(autosession.Config{Dir: p.dir})
	for _, l := range lessons {
		fmt.Fprintf(a.stdout, "%s  %s\n    %s, %s\n", harmless(l.Call.Tool), short(screen.call(&l.Call)), times(l.Times), inSessions(l.Sessions))
		fmt.Fprintf(a.stdout, "    %s\n", harmless(l.Reason))
		switch {
		case l.Now == "allow":
			fmt.Fprintln(a.stdout, "    it is allowed now")
		case l.Never:
			fmt.Fprintln(a.stdout, "    no setting allows it")
		default:
			fmt.Fprintf(a.stdout, "    %s\n", harmlessLines(strings.Join(l.Lines, "\n"), "    "))
		}
	}
	if len(lessons) == 0 && !a.quiet {
		fmt.Fprintln(a.stdout, "nothing was denied")
	}
	return nil
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func inSessions(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	if len(words) == 1 {
		return "in session " + words[0]
	}
	return "in sessions " + strings.Join(words, ", ")
}
