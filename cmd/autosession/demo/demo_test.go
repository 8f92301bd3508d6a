package demo

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/fakemodel"
)

func TestCreateMakesAProjectWithItsSpecAlone(t *testing.T) {
	for _, name := range []string{".", "new", "deep/below"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := Create(dir); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != 1 || entries[0].Name() != SpecFile {
			t.Errorf("%s holds %v", name, entries)
		}
		if err := Create(dir); err == nil || !strings.HasPrefix(err.Error(), "cannot ") || !strings.Contains(err.Error(), "not empty") {
			t.Errorf("a directory that is not empty: %v", err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if err := Create(dir); err == nil || !strings.HasPrefix(err.Error(), "cannot ") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// story is the demo without the engine: what the sessions leave, and what the
// engine would find in it.
type story struct {
	t *testing.T
	player
	server   *fakemodel.Server
	ledger   autosession.Ledger
	sessions []autosession.SessionRecord
}

func newStory(t *testing.T) *story {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a project")
	if err := Create(dir); err != nil {
		t.Fatal(err)
	}
	scenario, err := Scenario()
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakemodel.Start(scenario, fakemodel.Options{Values: Values(dir)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return &story{t: t, server: server, player: player{dir: dir, env: environment(t), url: server.URL()}}
}

// session runs the next session to its end.
func (s *story) session(kind autosession.Kind) autosession.SessionRecord {
	s.t.Helper()
	rec := autosession.SessionRecord{Number: len(s.sessions) + 1, Kind: kind}
	rec.Outcome.Class = autosession.OutcomeDone
	whole, err := s.converse(s.prompt(rec))
	if err != nil {
		s.t.Fatalf("session %d: %v", rec.Number, err)
	}
	if !whole {
		rec.Outcome.Class = autosession.OutcomeOffline
	}
	for _, failure := range s.failed {
		s.t.Errorf("session %d: %s", rec.Number, failure)
	}
	s.failed = nil
	rec.Said = s.said
	s.check(&rec)
	s.sessions = append(s.sessions, rec)
	return rec
}

// prompt is what our engine tells a session, with what lies in the tree.
func (s *story) prompt(rec autosession.SessionRecord) string {
	s.t.Helper()
	situation := autosession.Situation{Kind: rec.Kind, Number: rec.Number, Ledger: s.ledger, Sessions: s.sessions}
	situation.Repo.Exists = rec.Kind == autosession.Continue
	if rec.Kind == autosession.Continue {
		for line := range strings.Lines(s.must("git status --porcelain")) {
			situation.Repo.Uncommitted = append(situation.Repo.Uncommitted, autosession.FileChange{Path: strings.TrimSpace(line[3:]), Status: line[:2]})
		}
	}
	text, err := autosession.Prompts{}.Text(string(rec.Kind), autosession.PromptData{
		Dir: s.dir, Spec: SpecFile, List: autosession.ListFile, Notes: "claude-progress.txt",
		Features: 50, MinFeatures: 1, Protected: []string{SpecFile}, Briefing: autosession.Brief(situation),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// check runs the checks of what was claimed, and of all that was proven
// before. What fails is set back.
func (s *story) check(rec *autosession.SessionRecord) {
	s.t.Helper()
	list := s.list()
	var ledger autosession.Ledger
	for i, f := range list.Features {
		e := autosession.LedgerEntry{Feature: f, State: autosession.FeatureOpen}
		if f.Passes {
			rec.Claimed++
			output, err := s.bash(f.Verify)
			if err == nil {
				e.State = autosession.FeatureProven
			} else {
				rec.Disproved++
				rec.Notes = append(rec.Notes, fmt.Sprintf("Feature %s was claimed and its check failed (%s):\n%s", f.ID, f.Verify, output))
			}
		}
		list.Features[i].Passes = e.State == autosession.FeatureProven
		ledger.Entries = append(ledger.Entries, e)
	}
	s.ledger = ledger
	data, err := list.Format()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, autosession.ListFile), data, 0o666); err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) list() autosession.FeatureList {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, autosession.ListFile))
	if err != nil {
		s.t.Fatal(err)
	}
	list, err := autosession.ParseFeatureList(data)
	if err != nil {
		s.t.Fatal(err)
	}
	written, err := list.Format()
	if err != nil {
		s.t.Fatal(err)
	}
	if !bytes.Equal(written, data) {
		s.t.Error("the engine would write the list with another layout, and the tree would not be clean")
	}
	return list
}

func (s *story) must(command string) string {
	s.t.Helper()
	output, err := s.bash(command)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", command, err, output)
	}
	return output
}

// proven are the ids of the features that are proven.
func (s *story) proven() string {
	var ids []string
	for _, e := range s.ledger.Entries {
		if e.State == autosession.FeatureProven {
			ids = append(ids, e.Feature.ID)
		}
	}
	return strings.Join(ids, " ")
}

func TestTheStoryBuildsAProjectThatPasses(t *testing.T) {
	s := newStory(t)
	s.begins()
	for _, want := range []struct {
		proven    string
		disproved int
		limited   int
		refused   []string
		outcome   autosession.OutcomeClass
		left      string // git status
	}{
		{proven: "F001", disproved: 1, outcome: autosession.OutcomeDone, left: " M feature_list.json\n"},
		{proven: "F001 F002 F003", limited: 1, outcome: autosession.OutcomeDone},
		{proven: "F001 F002 F003", outcome: autosession.OutcomeOffline, left: "?? wrap.go\n"},
		{proven: "F001 F002 F003 F004", refused: []string{"Edit app_spec.txt"}, outcome: autosession.OutcomeDone},
		{proven: "F001 F002 F003 F004 F005 F006", outcome: autosession.OutcomeDone},
	} {
		s.limited, s.refused = 0, nil
		rec := s.session(autosession.Continue)
		if s.proven() != want.proven || rec.Disproved != want.disproved || rec.Outcome.Class != want.outcome {
			t.Fatalf("session %d ended as %s, proven: %s; %q", rec.Number, rec.Outcome, s.proven(), rec.Notes)
		}
		if rec.Disproved > 0 && !strings.Contains(rec.Notes[0], `+ test '2 The' = '3 the'`) {
			t.Errorf("the next session is not told what F002 prints and should: %q", rec.Notes)
		}
		if s.limited != want.limited || !slices.Equal(s.refused, want.refused) {
			t.Errorf("session %d met %d limits and was refused %q", rec.Number, s.limited, s.refused)
		}
		if left := s.must("git status --porcelain"); left != want.left {
			t.Errorf("session %d left the tree as %q, not %q", rec.Number, left, want.left)
		}
	}
	s.ends()
}

// begins is the init session. Every check must fail after it.
func (s *story) begins() {
	t := s.t
	s.session(autosession.Init)
	list := s.list()
	if unsound := list.Sound(1); unsound != "" || len(list.Features) != 6 {
		t.Fatalf("the list of %d features is not sound: %s", len(list.Features), unsound)
	}
	for _, f := range list.Features {
		if f.Category == "" || len(f.Steps) == 0 || f.Verify == "" {
			t.Errorf("%s lacks a field", f.ID)
		}
		if output, err := s.bash(f.Verify); err == nil {
			t.Errorf("the check of %s passes before anything is built: %s", f.ID, output)
		}
	}
	if left := s.must("git status --porcelain"); left != "" {
		t.Errorf("session 1 left the tree as %q", left)
	}
}

// ends looks at what the whole leaves behind.
func (s *story) ends() {
	t := s.t
	s.must("./init.sh && go vet ./... && go test -count=1 ./...")
	sources, err := filepath.Glob(filepath.Join(s.dir, "*.go"))
	if err != nil || len(sources) != 14 {
		t.Errorf("there are %d Go files: %v", len(sources), err)
	}
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if formatted, err := format.Source(source); err != nil || !bytes.Equal(formatted, source) {
			t.Errorf("%s is not as gofmt writes it: %v", filepath.Base(name), err)
		}
	}
	subjects := s.must("git log --reverse --format=%s")
	for _, id := range []string{"F001", "F002", "F003", "F004", "F005", "F006"} {
		if !strings.Contains(subjects, "\n"+id+": ") {
			t.Errorf("no commit begins with %s:\n%s", id, subjects)
		}
	}
	if now := s.must("cat " + SpecFile); now != string(spec) {
		t.Error("the spec was changed")
	}
	for _, line := range s.server.Unplayed() {
		t.Errorf("not played: %s", line)
	}
}
