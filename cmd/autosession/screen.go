package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/autosession/autosession"
)

// screen shows a run: one calm line for each thing that matters, and a
// countdown on a terminal. With --json it prints one event per line.
type screen struct {
	a        *app
	out      io.Writer
	cfg      autosession.Config
	colour   bool
	terminal bool
	verbose  bool // log: everything, with times

	mu      sync.Mutex
	began   time.Time
	waiting chan struct{} // closed to end the countdown, or nil
	counted chan struct{} // closed when it has ended
	slow    *time.Timer   // shows a check that takes longer than a moment, or nil
	session int
	ended   int    // the last session whose end was shown
	next    string // what was decided last
}

func (a *app) screen(cfg autosession.Config) *screen {
	s := &screen{a: a, out: a.stdout, cfg: cfg, began: time.Now()}
	if f, ok := a.stdout.Writer.(*os.File); ok {
		s.terminal = term.IsTerminal(int(f.Fd())) && !a.json
	}
	s.colour = s.terminal && !a.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// beside is for a command whose stdout is for what came of it: what happens on
// the way is for people, on stderr.
func (a *app) beside() *app {
	b := *a
	b.stdout, b.json = a.stderr, false
	return &b
}

// say prints a line for people: on stderr with --json.
func (a *app) say(line string) {
	switch {
	case a.quiet:
	case a.json:
		fmt.Fprintln(a.stderr, line)
	default:
		fmt.Fprintln(a.stdout, line)
	}
}

func (s *screen) begin() {
	name, _, _ := strings.Cut(s.cfg.Confined, lacking)
	confined := "in the sandbox " + name
	if s.cfg.Confined == "none" {
		confined = "UNCONFINED, without a sandbox"
	}
	s.a.say(fmt.Sprintf("autosession on %s, %s", harmless(s.cfg.Dir), confined))
	if weak := weakness(s.cfg.Confined); weak != "" && s.cfg.Confined != "none" {
		s.a.say(s.paint(red, weak))
	}
}

// end stops the countdown. It may be called twice.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = nil
	s.stopCountdown()
}

func (s *screen) warn(text string) {
	fmt.Fprintln(s.a.stderr, harmlessLines("autosession: "+text, "  "))
}

// event shows one event.
func (s *screen) event(e autosession.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopCountdown()
	if s.slow != nil {
		s.slow.Stop()
		s.slow = nil
	}
	if s.a.json {
		line, err := json.Marshal(e)
		if err == nil {
			fmt.Fprintf(s.out, "%s\n", line)
		}
		return
	}
	if s.a.quiet && e.Type != autosession.EventWarning && e.Type != autosession.EventDecision {
		return
	}
	if e.Type == autosession.EventChecking && !s.verbose {
		s.showSlow(e)
		return
	}
	if line := s.line(e); line != "" {
		if s.verbose {
			line = fmt.Sprintf("%s %s", e.Time.Local().Format("15:04:05"), strings.TrimLeft(line, " "))
		}
		fmt.Fprintln(s.out, line)
	}
	if e.Type == autosession.EventDecision && s.terminal && time.Until(e.Decision.Until) > time.Second {
		s.countdown(*e.Decision)
	}
}

// checkMoment is how long a check may take that is told by its result alone.
const checkMoment = time.Second

// showSlow shows a check unless something else happens within a moment.
func (s *screen) showSlow(e autosession.Event) {
	line := s.line(e)
	var own *time.Timer
	own = time.AfterFunc(checkMoment, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.slow == own {
			fmt.Fprintln(s.out, line)
		}
	})
	s.slow = own
}

// colours of the kinds of lines.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (s *screen) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// line is what is shown of an event, "" for nothing. What an agent or a model
// wrote is made harmless.
func (s *screen) line(e autosession.Event) string {
	text := harmless(firstLine(e.Text))
	switch e.Type {
	case autosession.EventOpened:
		s.session, s.next = e.Session, ""
		return s.paint(bold, fmt.Sprintf("session %d", e.Session)) + fmt.Sprintf(" opened: %s, with %s", e.Kind, text)
	case autosession.EventText:
		return s.paint(dim, "  says      "+short(text))
	case autosession.EventToolCall:
		return s.paint(dim, fmt.Sprintf("  %-9s %s", harmless(e.Call.Tool), short(s.call(e.Call))))
	case autosession.EventDenied:
		return s.paint(yellow, "  denied    ") + short(harmless(e.Call.Tool)+" "+s.call(e.Call)) + ": " + text
	case autosession.EventRetry, autosession.EventLimit:
		return s.paint(yellow, "  waits     ") + text
	case autosession.EventPrompt:
		if text == "" && !s.verbose {
			return ""
		}
		return s.paint(yellow, "  prompted  ") + cmp.Or(text, fmt.Sprintf("%d bytes", e.N))
	case autosession.EventClaim:
		return "  claimed   " + harmless(e.Feature)
	case autosession.EventChecking:
		return s.paint(dim, "  checks    ") + harmless(e.Feature) + " by " + short(text)
	case autosession.EventProven:
		return s.paint(green, "  proven    ") + harmless(e.Feature) + " by " + short(text)
	case autosession.EventDisproved:
		return s.paint(red, "  disproved ") + harmless(e.Feature) + ": " + short(harmless(lastLine(e.Text)))
	case autosession.EventBroken:
		return s.paint(red, "  broken    ") + harmless(e.Feature) + ": " + short(harmless(lastLine(e.Text)))
	case autosession.EventViolation:
		return s.paint(red, "  undone    ") + text
	case autosession.EventWarning:
		return s.paint(yellow, "  note      ") + harmlessLines(e.Text, "            ")
	case autosession.EventNetwork:
		if !s.verbose && strings.HasPrefix(e.Text, "allowed ") {
			return "" // log --network shows it
		}
		return s.paint(yellow, "  network   ") + text
	case autosession.EventClosed, autosession.EventRescued:
		return s.closed(e)
	case autosession.EventDecision:
		return s.decision(e.Decision)
	}
	return s.further(e, text)
}

// further shows what only log shows.
func (s *screen) further(e autosession.Event, text string) string {
	if !s.verbose || e.Type == autosession.EventUsage {
		return ""
	}
	line := "  " + string(e.Type)
	if e.Result != nil {
		text = short(harmless(firstLine(e.Result.Text)))
		if e.Result.IsError {
			line += " (error)"
		}
	}
	return line + " " + text
}

func (s *screen) closed(e autosession.Event) string {
	word := "ended"
	if e.Type == autosession.EventRescued {
		word = "had been left and is closed"
	}
	colour := green
	if e.Outcome.Class != autosession.OutcomeDone {
		colour = yellow
	}
	return fmt.Sprintf("session %d %s: %s; %d turns, %s tokens, $%.2f", e.Session, word,
		s.paint(colour, harmless(e.Outcome.String())), e.Usage.Turns, count(e.Usage.Tokens.Total()), e.Usage.CostUSD)
}

// decision shows what comes next, after a line of progress.
func (s *screen) decision(d *autosession.Decision) string {
	when := ""
	if left := time.Until(d.Until).Round(time.Second); left > 0 {
		when = fmt.Sprintf(" in %s, at %s", left, d.Until.Local().Format(time.TimeOnly))
		if d.Action == autosession.ActionWait {
			when = fmt.Sprintf(" until %s (%s)", d.Until.Local().Format(time.DateTime), left)
		}
	}
	again := string(d.Action) + d.Reason
	if again == s.next && d.Action == autosession.ActionStart {
		return "" // the delay is over
	}
	s.next = again
	line := fmt.Sprintf("%s %s%s: %s", s.paint(bold, string(d.Action)), d.Reason, when, harmless(d.Detail))
	if s.session == s.ended {
		return line
	}
	s.ended = s.session
	return s.progress() + "\n" + line
}

func (s *screen) progress() string {
	p := place{dir: s.cfg.Dir, state: s.cfg.State}
	line := fmt.Sprintf("session %d, %s since the start", s.session, time.Since(s.began).Round(time.Second))
	if s.cfg.Store == nil {
		return line
	}
	snapshot, err := s.cfg.Store.Load(context.Background())
	if err != nil || snapshot.Ledger == nil {
		return s.paint(dim, line)
	}
	t := snapshot.Ledger.Tally()
	return s.paint(dim, fmt.Sprintf("%s: %d of %d features proven, %s, %s tokens, $%.2f", filepath.Base(p.dir), t.Proven, t.Total, line, count(snapshot.Spent.Tokens), snapshot.Spent.CostUSD))
}

// call is a tool call in a few words.
func (s *screen) call(c *autosession.ToolCall) string {
	var in map[string]any
	if json.Unmarshal(c.Input, &in) != nil {
		return ""
	}
	for _, field := range []string{"command", "file_path", "pattern", "path", "notebook_path", "url"} {
		if v, ok := in[field].(string); ok {
			if rel, err := filepath.Rel(s.cfg.Dir, v); err == nil && filepath.IsAbs(v) && filepath.IsLocal(rel) {
				v = rel
			}
			return harmless(firstLine(v))
		}
	}
	return ""
}

// countdown rewrites the last line every second until the moment comes or
// something else is shown.
func (s *screen) countdown(d autosession.Decision) {
	stop, ended := make(chan struct{}), make(chan struct{})
	s.waiting, s.counted = stop, ended
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			left := time.Until(d.Until).Round(time.Second)
			if left <= 0 {
				return
			}
			fmt.Fprintf(s.out, "\r\x1b[K%s", s.paint(dim, fmt.Sprintf("%s in %s", d.Reason, left)))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
}

func (s *screen) stopCountdown() {
	if s.waiting == nil {
		return
	}
	close(s.waiting)
	<-s.counted
	fmt.Fprint(s.out, "\r\x1b[K")
	s.waiting = nil
}
