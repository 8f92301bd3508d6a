package autosession

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxBriefing is how long a briefing may be, in bytes, whatever the project's
// age.
const MaxBriefing = 8 << 10

// Situation is what a briefing is made from. It is plain data.
type Situation struct {
	Kind     Kind
	Number   int // of the session that is briefed
	Ledger   Ledger
	Sessions []SessionRecord // the last ones, oldest first
	Repo     RepoState
	Notes    string   // the notes file, as it lies there
	Spec     string   // the beginning of the spec; only init sessions get it
	Warnings []string // further things that the session should know
}

// part is one piece of a briefing. Each gets its share of the room; what one
// leaves is for those after it.
type part struct {
	title string
	body  string
	share int  // bytes
	end   bool // cut at the beginning: the end counts
}

// Brief makes the bounded text that tells a fresh session where the project
// stands, at most [MaxBriefing] bytes: what was undone or disproved and what
// is uncommitted first, since that is what a session trips over.
func Brief(s Situation) string {
	parts := []part{
		{title: "Take note", body: takeNote(s), share: 1500},
		{title: "The tree", body: tree(s.Repo), share: 900},
		{title: "The last sessions", body: lastSessions(s), share: 1200},
	}
	if s.Kind == Init {
		parts = append(parts, part{title: "The spec begins", body: s.Spec, share: 3000})
	} else {
		parts = append(parts, part{title: "Next", body: nextFeatures(s.Ledger), share: 2200})
	}
	parts = append(parts,
		part{title: "Notes of earlier sessions", body: s.Notes, share: 1500, end: true},
		part{title: "Commits", body: commits(s.Repo), share: 600},
	)
	var b strings.Builder
	fmt.Fprintf(&b, "# Where the project stands before session %d\n\n%s\n", s.Number, standing(s))
	room := 0
	for _, p := range parts {
		room += p.share
		body := strings.TrimSpace(strings.ToValidUTF8(p.body, "�"))
		if body == "" {
			continue
		}
		text := fmt.Sprintf("\n## %s\n\n%s\n", p.title, p.cut(body, room-len(p.title)-16))
		room -= len(text)
		b.WriteString(text)
	}
	return clip(b.String(), MaxBriefing-4)
}

func (p part) cut(body string, n int) string {
	switch {
	case len(body) <= n:
		return body
	case p.end:
		return tail(body, n)
	}
	cut := clip(body, n)
	if line := strings.LastIndexByte(cut, '\n'); line > n/2 {
		cut = cut[:line] + "\n…"
	}
	return cut
}

func standing(s Situation) string {
	if s.Kind == Init {
		return "There is no feature list yet."
	}
	t := s.Ledger.Tally()
	text := fmt.Sprintf("%d features: %d proven by a check, %d claimed without one, %d open", t.Total, t.Proven, t.Claimed, t.Open)
	if t.Flaky > 0 {
		text = fmt.Sprintf("%d features: %d proven by a check (%d of these flaky), %d claimed without one, %d open", t.Total, t.Proven, t.Flaky, t.Claimed, t.Open)
	}
	if t.Broken > 0 {
		text += fmt.Sprintf(" (%d of these worked before and are broken)", t.Broken)
	}
	return text + "."
}

// takeNote says what was undone, disproved and broken.
func takeNote(s Situation) string {
	var lines []string
	lines = append(lines, s.Warnings...)
	if n := len(s.Sessions); n > 0 {
		last := s.Sessions[n-1]
		switch {
		case last.Unsound != "" && s.Ledger.Unfinished != "":
			lines = append(lines, "The feature list is not complete: "+last.Unsound+". See what is missing, and finish it.")
		case last.Unsound != "":
			lines = append(lines, "The feature list of the last session is not sound: "+last.Unsound+". Write it again.")
		}
		lines = append(lines, last.Notes...)
	}
	var flaky []string
	for i, e := range s.Ledger.Entries {
		if e.Broken {
			lines = append(lines, fmt.Sprintf("Feature %s worked and is broken since %s. Mend it first.", s.Ledger.Key(i), e.Blame()))
		}
		if e.State == FeatureProven && e.Flaky {
			flaky = append(flaky, s.Ledger.Key(i))
		}
	}
	if len(flaky) > 0 {
		lines = append(lines, "Proven, but by a check that gave two answers for one tree: "+clip(strings.Join(flaky, ", "), 200))
	}
	return bullets(lines)
}

func bullets(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("- " + strings.ReplaceAll(strings.TrimSpace(line), "\n", "\n  ") + "\n")
	}
	return b.String()
}

func tree(r RepoState) string {
	lines := r.Unusual()
	if len(r.Submodules) > 0 {
		lines = append(lines, "Submodules, each a repository of its own: "+clip(strings.Join(r.Submodules, ", "), 200))
	}
	for i, c := range r.Uncommitted {
		if i == 12 {
			lines = append(lines, fmt.Sprintf("and %d more uncommitted paths", len(r.Uncommitted)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("not committed: %s (%s)", clip(c.Path, 80), c.Status))
	}
	return bullets(lines)
}

func lastSessions(s Situation) string {
	var lines []string
	for _, r := range s.Sessions[max(0, len(s.Sessions)-3):] {
		line := fmt.Sprintf("Session %d (%s) ended as %s: %d claimed, %d proven", r.Number, r.Kind, r.Outcome.Class, r.Claimed, r.Proven)
		if r.Said != "" {
			line += ". It said at its end: " + clip(r.Said, 300)
		}
		lines = append(lines, line)
	}
	return bullets(lines)
}

func commits(r RepoState) string {
	var lines []string
	for i, c := range r.Log {
		if i == 8 {
			break
		}
		lines = append(lines, clip(c.ID, 8)+" "+clip(c.Subject, 80))
	}
	return bullets(lines)
}

// nextFeatures lists open features in the order in which to work on them, the
// first ones in full.
func nextFeatures(l Ledger) string {
	var b strings.Builder
	order := l.queue()
	for n, i := range order {
		f := l.Entries[i].Feature
		if n >= 20 {
			fmt.Fprintf(&b, "- and %d more\n", len(order)-n)
			break
		}
		fmt.Fprintf(&b, "- %s: %s\n", l.Key(i), clip(f.Description, 240))
		if n >= 3 {
			continue
		}
		for _, step := range f.Steps[:min(len(f.Steps), 6)] {
			fmt.Fprintf(&b, "  - %s\n", clip(step, 120))
		}
		if f.Verify != "" {
			fmt.Fprintf(&b, "  - verified by: %s\n", clip(f.Verify, 200))
		}
		if failure := l.Entries[i].Failure; failure != "" {
			fmt.Fprintf(&b, "  - its check failed last with: %s\n", indent(tail(failure, 400)))
		}
	}
	return b.String()
}

func indent(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}

// queue gives the positions of the open features in the order in which to work
// on them: what is broken, then what waits for nothing, by priority, by place.
func (l Ledger) queue() []int {
	pass := map[string]bool{}
	for i, e := range l.Entries {
		pass[l.Key(i)] = e.passes()
	}
	ready := func(i int) bool {
		return !slices.ContainsFunc(l.Entries[i].Feature.DependsOn, func(d string) bool { return !pass[d] })
	}
	var open []int
	for i, e := range l.Entries {
		if !e.passes() {
			open = append(open, i)
		}
	}
	rank := func(i int) (int, int, int) {
		e := l.Entries[i]
		return order(e.Broken), order(ready(i)), cmp.Or(e.Feature.Priority, 1<<30)
	}
	slices.SortStableFunc(open, func(a, b int) int {
		a1, a2, a3 := rank(a)
		b1, b2, b3 := rank(b)
		return cmp.Or(cmp.Compare(a1, b1), cmp.Compare(a2, b2), cmp.Compare(a3, b3))
	})
	return open
}

// order puts what is true first.
func order(b bool) int {
	if b {
		return 0
	}
	return 1
}
