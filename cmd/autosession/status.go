package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/autosession/autosession"
)

// status is what status --json prints. It is a contract: scripts rely on it.
type status struct {
	Project  string            `json:"project"`
	Kind     autosession.Kind  `json:"kind"`
	Running  bool              `json:"running"`
	Confined string            `json:"confined"`
	Features autosession.Tally `json:"features"`
	Sessions []statusSession   `json:"sessions"`
	Usage    statusUsage       `json:"usage"`
	Decision *statusDecision   `json:"decision"`
}

type statusSession struct {
	Number     int                `json:"number"`
	Kind       autosession.Kind   `json:"kind"`
	Outcome    string             `json:"outcome"` // "running" while it runs
	Detail     string             `json:"detail,omitempty"`
	Started    time.Time          `json:"started"`
	Ended      *time.Time         `json:"ended"`
	Turns      int                `json:"turns"`
	Tokens     autosession.Tokens `json:"tokens"`
	CostUSD    float64            `json:"cost_usd"`
	Claimed    int                `json:"claimed"`
	Proven     int                `json:"proven"`
	Disproved  int                `json:"disproved"`
	Broken     int                `json:"broken"`
	Violations int                `json:"violations"`
	Denied     int                `json:"denied"`
}

type statusUsage struct {
	Sessions int     `json:"sessions"`
	CostUSD  float64 `json:"cost_usd"`
	Tokens   int64   `json:"tokens"`
}

// add counts a session that has not ended.
func (u *statusUsage) add(spent autosession.Usage) {
	u.Sessions++
	u.CostUSD += spent.CostUSD
	u.Tokens += spent.Tokens.Total()
}

type statusDecision struct {
	Action autosession.Action `json:"action"`
	Reason string             `json:"reason"`
	Detail string             `json:"detail"`
	Until  *time.Time         `json:"until"`
}

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status [DIR]",
		Short: "Print where the project stands",
		Args:  takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.place(a.project(args))
			if err != nil {
				return err
			}
			// Looked at before the records: a session that ends meanwhile is
			// not taken for one whose process died.
			_, held := autosession.ReadHolder(p.state)
			p, snapshot, d, err := a.look(c.Context(), args)
			if err != nil {
				return err
			}
			s := newStatus(p, snapshot, d, held)
			if a.json {
				return a.printJSON(s)
			}
			a.printStatus(p, s, d, snapshot.Project.Checking)
			return nil
		},
	}
}

// newStatus takes what is known together. held says whether a process held the
// project before that was read.
func newStatus(p place, s autosession.Snapshot, d autosession.Detection, held bool) status {
	out := status{
		Project: p.dir, Kind: d.Kind, Sessions: []statusSession{},
		Usage: statusUsage{Sessions: s.Spent.Sessions, CostUSD: s.Spent.CostUSD, Tokens: s.Spent.Tokens},
	}
	_, out.Running = autosession.ReadHolder(p.state)
	alive := held || out.Running
	if s.Ledger != nil {
		out.Features = s.Ledger.Tally()
	}
	if s.Run != nil {
		out.Confined = s.Run.Confined
	}
	for _, rec := range s.Sessions {
		out.Sessions = append(out.Sessions, newStatusSession(rec, false))
	}
	for _, rec := range s.Pending {
		if rec.Number > 0 {
			out.Sessions = append(out.Sessions, newStatusSession(rec, alive))
			out.Usage.add(rec.Usage)
		}
	}
	if s.Decision != nil {
		out.Decision = &statusDecision{Action: s.Decision.Action, Reason: s.Decision.Reason, Detail: s.Decision.Detail, Until: moment(s.Decision.Until)}
	}
	return out
}

// newStatusSession is one session. alive says whether a process holds the
// project, so that one that has not ended can run.
func newStatusSession(r autosession.SessionRecord, alive bool) statusSession {
	outcome, detail := string(r.Outcome.Class), r.Outcome.Detail
	switch {
	case r.Phase == autosession.PhaseEnded:
	case alive:
		outcome = "running"
	default:
		outcome, detail = string(autosession.OutcomeInterrupted), "its process died; the next run closes it"
	}
	return statusSession{
		Number: r.Number, Kind: r.Kind, Outcome: outcome, Detail: detail,
		Started: r.Started, Ended: moment(r.Ended),
		Turns: r.Usage.Turns, Tokens: r.Usage.Tokens, CostUSD: r.Usage.CostUSD,
		Claimed: r.Claimed, Proven: r.Proven, Disproved: r.Disproved, Broken: r.Broken,
		Violations: r.Violations, Denied: r.Denied,
	}
}

// moment is null in JSON when there is none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// printStatus prints the status for people.
func (a *app) printStatus(p place, s status, d autosession.Detection, check *autosession.Checking) {
	f := s.Features
	fmt.Fprintf(a.stdout, "project   %s\n", harmless(s.Project))
	if h, held := autosession.ReadHolder(p.state); held {
		fmt.Fprintf(a.stdout, "running   process %d on %s since %s\n", h.PID, harmless(h.Host), h.Since.Format(time.DateTime))
		if check != nil {
			fmt.Fprintf(a.stdout, "checking  since %s\n", check.At.Local().Format(time.DateTime))
		}
	}
	switch weak := weakness(s.Confined); {
	case s.Confined == "none":
		fmt.Fprintf(a.stdout, "sandbox   NONE: the agent runs unconfined\n")
	case weak != "":
		fmt.Fprintf(a.stdout, "sandbox   %s\n", weak)
	case s.Confined != "":
		fmt.Fprintf(a.stdout, "sandbox   %s\n", s.Confined)
	}
	fmt.Fprintf(a.stdout, "features  %d of %d proven, %d claimed, %d open", f.Proven, f.Total, f.Claimed, f.Open)
	if f.Flaky+f.Broken > 0 {
		fmt.Fprintf(a.stdout, " (%d flaky, %d broken)", f.Flaky, f.Broken)
	}
	fmt.Fprintf(a.stdout, "\nspent     %d sessions, %s tokens, $%.2f\n", s.Usage.Sessions, count(s.Usage.Tokens), s.Usage.CostUSD)
	for _, r := range s.Sessions[max(0, len(s.Sessions)-10):] {
		fmt.Fprintf(a.stdout, "session   %d %s %s: %d claimed, %d proven, %d turns, $%.2f\n", r.Number, r.Kind, r.Outcome, r.Claimed, r.Proven, r.Turns, r.CostUSD)
	}
	fmt.Fprintf(a.stdout, "next      %s: %s\n", d.Kind, harmless(d.Reason))
	if s.Decision != nil {
		fmt.Fprintf(a.stdout, "decision  %s %s: %s\n", s.Decision.Action, s.Decision.Reason, harmless(s.Decision.Detail))
	}
}
