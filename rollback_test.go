package autosession_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/git"
)

// moment is a project as a checkpoint must give it back.
type moment struct {
	files  map[string]string // mode and content, or the goal of a link
	states string            // of the features; "none" without a list
}

// album is a Repo that takes a picture of its own with each checkpoint.
type album struct {
	*git.Repo
	t      testing.TB
	cfg    *autosession.Config
	mu     sync.Mutex
	photos map[string]moment
}

func (a *album) Save(ctx context.Context, label string) (autosession.Checkpoint, error) {
	c, err := a.Repo.Save(ctx, label)
	if err == nil {
		a.mu.Lock()
		a.photos[c.ID] = picture(a.t, *a.cfg)
		a.mu.Unlock()
	}
	return c, err
}

// picture is the present of a project, without what git ignores and nobody
// includes, and without the list, which the ledger gives back.
func picture(t testing.TB, cfg autosession.Config) moment {
	m := moment{files: map[string]string{}}
	err := filepath.WalkDir(cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(cfg.Dir, path)
		if err = errors.Join(err, relErr); err != nil {
			return err
		}
		if ignored := []string{".git", "build/out", autosession.ListFile}; slices.Contains(ignored, name) || strings.HasPrefix(name, ".git.kept-") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		m.files[name], err = look(path, d)
		if m.files[name] == "" {
			delete(m.files, name)
		}
		return err
	})
	if err != nil {
		t.Errorf("cannot look at the project: %v", err)
	}
	s, err := cfg.Store.Load(context.Background())
	if err != nil {
		t.Errorf("cannot load: %v", err)
	}
	m.states = "none"
	if s.Ledger != nil && len(s.Ledger.Entries) > 0 {
		m.states = states(s.Ledger)
	}
	return m
}

// look is what git would keep of a file: "" for a directory.
func look(path string, d fs.DirEntry) (string, error) {
	switch {
	case d.Type() == fs.ModeSymlink:
		goal, err := os.Readlink(path)
		return "link to " + goal, err
	case d.Type().IsRegular():
		info, err := d.Info()
		if err != nil {
			return "", err
		}
		data, err := os.ReadFile(path)
		return fmt.Sprintf("program %t: %s", info.Mode()&0o111 != 0, data), err
	}
	return "", nil
}

func (m moment) diff(want moment) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(want.files)) {
		if got, there := m.files[name]; !there || got != want.files[name] {
			out = append(out, fmt.Sprintf("%s is %.60q, want %.60q", name, got, want.files[name]))
		}
	}
	for name := range m.files {
		if _, there := want.files[name]; !there {
			out = append(out, name+" is there")
		}
	}
	if m.states != want.states {
		out = append(out, fmt.Sprintf("the features are %q, want %q", m.states, want.states))
	}
	return strings.Join(out, "\n")
}

// newAlbum is a project that is lied to, with pictures of all its checkpoints.
func newAlbum(t *testing.T, told ...lie) (*bench, *[]string, *album) {
	b, prompts := newLiedTo(t, told...)
	repo, err := git.Open(git.Options{
		Dir: b.cfg.Dir, Store: filepath.Join(b.cfg.State, "checkpoints.git"), Exclude: []string{autosession.ListFile, autosession.DefaultNotes},
		Include: []string{autosession.ListFile, autosession.DefaultNotes, "build/kep?"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() })
	a := &album{Repo: repo, t: t, cfg: &b.cfg, photos: map[string]moment{}}
	b.cfg.Repo = a
	return b, prompts, a
}

// TestAllLiesInOneRun tells all lies one after another in one project. The
// ledger is true at the end, and each checkpoint of the run can be gone back
// to.
func TestAllLiesInOneRun(t *testing.T) {
	t.Parallel()
	all := lies("17M")
	b, prompts, a := newAlbum(t, all...)
	b.stops("limit-iterations")
	if len(*prompts) != len(all)+3 {
		t.Fatalf("%d prompts\n%s", len(*prompts), b.story())
	}
	for i, l := range all {
		if l.states != "" || slices.Contains(l.named, "F2 was claimed and its check failed|disproved F2") {
			continue // what is broken stays broken, what is claimed is claimed once
		}
		for _, named := range l.named {
			if !regexp.MustCompile(named).MatchString((*prompts)[i+3]) {
				t.Errorf("%s: the next briefing does not name %q:\n%s", l.name, named, (*prompts)[i+3])
			}
		}
	}
	b.isTrue(lie{states: "open open open", tree: "hello"})
	b.goesBackToAll(a)
}

// goesBackToAll rolls the project back to each of its checkpoints, and forward
// again.
func (b *bench) goesBackToAll(a *album) {
	b.t.Helper()
	list, err := autosession.Checkpoints(b.t.Context(), b.cfg)
	if err != nil || len(list) < 3 {
		b.t.Fatalf("%d checkpoints: %v", len(list), err)
	}
	for _, c := range append(slices.Clone(list), list[0]) {
		if strings.HasPrefix(c.Label, "before restoring ") {
			continue // made inside a Restore
		}
		want, photographed := a.photos[c.ID]
		if !photographed {
			b.t.Fatalf("checkpoint %s %s has no picture", c.ID, c.Label)
		}
		if _, err := autosession.Rollback(b.t.Context(), b.cfg, c.ID); err != nil {
			b.t.Fatalf("%s: %v", c.Label, err)
		}
		if diff := picture(b.t, b.cfg).diff(want); diff != "" {
			b.t.Errorf("back at %q of %s:\n%s", c.Label, c.At, diff)
		}
		s := b.snapshot()
		if len(s.Ledger.Entries) > 0 {
			b.listIsLedgers(s.Ledger)
		} else if _, err := os.Lstat(b.path(autosession.ListFile)); c.Label == "open 1" && !errors.Is(err, fs.ErrNotExist) {
			b.t.Errorf("back at %q there is a list: %v", c.Label, err)
		}
		if _, err := autosession.VerifyHistory(b.t.Context(), b.store, s.Project.Head); err != nil {
			b.t.Errorf("back at %q: %v", c.Label, err)
		}
	}
}

// TestRollbackAfterEachLie goes back to every checkpoint after each kind of
// lie, and sees that the next session is told and works on.
func TestRollbackAfterEachLie(t *testing.T) {
	// The lies about the text of the list leave the same tree: one stands for all.
	for _, l := range slices.Concat(listLies()[:1], placeLies("17M"), workLies(), gitLies()) {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			b, prompts, a := newAlbum(t, l)
			b.cfg.RunMax.Sessions = 3
			b.stops("limit-iterations")
			b.goesBackToAll(a)
			b.cfg.RunMax.Sessions = 1
			b.stops("limit-iterations")
			if told := (*prompts)[len(*prompts)-1]; !strings.Contains(told, "A person rolled the project back to checkpoint") {
				t.Errorf("the next session is not told:\n%s", told)
			}
		})
	}
}

// TestRollbackAfterRollback goes back to a moment that itself came after a
// rollback: what was rolled back then is not true at that moment.
func TestRollbackAfterRollback(t *testing.T) {
	t.Parallel()
	b, _, a := newAlbum(t)
	b.cfg.RunMax.Sessions = 2
	b.stops("limit-iterations")
	ctx := t.Context()
	list, err := autosession.Checkpoints(ctx, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(c autosession.Checkpoint) bool { return c.Label == "open 2" })
	if at < 0 {
		t.Fatalf("no checkpoint of the second session: %v", list)
	}
	if _, err := autosession.Rollback(ctx, b.cfg, list[at].ID); err != nil {
		t.Fatal(err)
	}
	after, err := autosession.SaveCheckpoint(ctx, b.cfg, "after the rollback")
	if err != nil {
		t.Fatal(err)
	}
	if a.photos[after.ID].states != "open open open" {
		t.Fatalf("after the rollback the features are %s", a.photos[after.ID].states)
	}
	b.goesBackToAll(a)
}

// stuck is a Repo that cannot go to one checkpoint.
type stuck struct {
	*album
	at string
}

func (s stuck) Restore(ctx context.Context, id string, paths ...string) error {
	if id == s.at {
		return errors.New("cannot restore this one")
	}
	return s.album.Restore(ctx, id, paths...)
}

// TestRollbackInsteadOfAnother leaves a rollback that cannot be completed by
// one to elsewhere.
func TestRollbackInsteadOfAnother(t *testing.T) {
	t.Parallel()
	b, _, a := newAlbum(t)
	b.cfg.RunMax.Sessions = 2
	b.stops("limit-iterations")
	ctx := t.Context()
	list, err := autosession.Checkpoints(ctx, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	no, yes := list[len(list)-1], list[0]
	b.cfg.Repo = stuck{a, no.ID}
	if _, err := autosession.Rollback(ctx, b.cfg, no.ID); err == nil {
		t.Fatal("it went there")
	}
	_, err = autosession.Loop{Config: b.cfg}.Run(ctx)
	if err == nil || !strings.Contains(err.Error(), "a rollback to another one takes its place") {
		t.Errorf("%v", err)
	}
	if _, err := autosession.Rollback(ctx, b.cfg, yes.ID); err != nil {
		t.Fatal(err)
	}
	if diff := picture(t, b.cfg).diff(a.photos[yes.ID]); diff != "" {
		t.Error(diff)
	}
	b.stops("limit-iterations")
}

// TestKilledAtEveryWriteOfRollback kills a rollback at each of its writes. The
// next start ends in the old state or in the new one.
func TestKilledAtEveryWriteOfRollback(t *testing.T) {
	dir, state := newDoomed(t)
	cfg, end, err := doomedProject(t.Context(), dir, state)
	if err != nil {
		t.Fatal(err)
	}
	_, err = autosession.Loop{Config: cfg}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := autosession.Checkpoints(t.Context(), cfg)
	at := slices.IndexFunc(list, func(c autosession.Checkpoint) bool { return c.Label == "left 2" })
	if err != nil || at < 0 {
		t.Fatalf("no checkpoint of the session that cheats: %v, %v", list, err)
	}
	old := picture(t, cfg)
	end()
	// The repository goes, so that the rollback has to bring it back, too.
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	atEveryWrite(t, dir, state, func(t *testing.T, cfg autosession.Config, after string, survived bool) {
		cfg.Stop = stopped()
		if _, err := (autosession.Loop{Config: cfg}).Run(t.Context()); err != nil { // the next start
			t.Fatalf("%s: %v", after, err)
		}
		oldOrNew(t, cfg, after, survived, old)
	}, list[at].ID)
}

// oldOrNew looks at a project after a rollback to what the cheat left was
// killed, and the next start.
func oldOrNew(t *testing.T, cfg autosession.Config, after string, survived bool, old moment) {
	t.Helper()
	is := picture(t, cfg)
	rolledBack := moment{states: "open open", files: map[string]string{
		"app_spec.txt": "program false: Greet.", "tests/one": "program false: weakened", "hello": "program false: hello",
	}}
	asOld, asNew := is.diff(old), is.diff(rolledBack)
	if asOld != "" && asNew != "" || survived && asNew != "" {
		t.Errorf("%s: neither the old state:\n%s\nnor the new one:\n%s", after, asOld, asNew)
	}
	passing := 0
	if asOld == "" {
		passing = 2
	}
	data, err := os.ReadFile(filepath.Join(cfg.Dir, autosession.ListFile))
	if err != nil || !strings.Contains(string(data), "says goodbye") || strings.Count(string(data), `"passes": true`) != passing {
		t.Errorf("%s: the list is %s, %v", after, data, err)
	}
	s, err := cfg.Store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Ledger.Entries[1].Feature.Description != "says goodbye" || s.Project.Rollback != "" {
		t.Errorf("%s: the ledger holds %+v, the rollback is %q", after, s.Ledger.Entries[1].Feature, s.Project.Rollback)
	}
	if _, err := autosession.VerifyHistory(t.Context(), cfg.Store.(autosession.Archive), s.Project.Head); err != nil {
		t.Errorf("%s: %v", after, err)
	}
	if log, err := exec.Command("git", "-C", cfg.Dir, "log", "--all", "--format=%s").CombinedOutput(); asNew == "" && (err != nil || !strings.Contains(string(log), "list the features")) {
		t.Errorf("%s: a commit cannot be reached any more: %s %v", after, log, err)
	}
}

// stopped is a stop that was asked for already.
func stopped() <-chan struct{} {
	stop := make(chan struct{})
	close(stop)
	return stop
}
