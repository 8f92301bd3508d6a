package git_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/autosession/autosession"
	"github.com/autosession/autosession/git"
)

// TestNothingRunsForHistory keeps, compares and restores the history of a
// repository that is full of traps.
func TestNothingRunsForHistory(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			dir, p := t.TempDir(), newTrap(t)
			storied(t, dir, format)
			amended := strings.TrimSpace(runGit(t, dir, "rev-parse", "topic"))
			runGit(t, dir, "checkout", "-q", "-f", "topic")
			p.plant(dir)
			p.environment(dir)
			r := openRepo(t, git.Options{Dir: dir})
			c := mustSave(t, r, "good")
			write(t, filepath.Join(dir, ".git/refs/heads/topic"), "")
			os.Remove(filepath.Join(dir, ".git/refs/heads/topic"))
			write(t, filepath.Join(dir, ".git/packed-refs"), "")
			write(t, filepath.Join(dir, ".git/HEAD"), "ref: refs/heads/work\n")
			if lost := mustLose(t, r, c); !slices.Contains(lost, "refs/heads/topic") || slices.Contains(lost, "refs/heads/work") {
				t.Errorf("Lost = %v", lost)
			}
			for _, gone := range []bool{false, true} {
				if gone {
					os.RemoveAll(filepath.Join(dir, ".git"))
				}
				if err := r.RestoreHistory(t.Context(), c.ID); err != nil {
					t.Fatal(err)
				}
				if lost := mustLose(t, r, c); len(lost) > 0 {
					t.Errorf("still lost: %v", lost)
				}
				kept, err := os.ReadFile(filepath.Join(dir, ".git/refs/autosession/kept", amended[:12]))
				if !gone && (err != nil || strings.TrimSpace(string(kept)) != amended) {
					t.Errorf("the kept ref holds %q, %v", kept, err)
				}
			}
			if ran := p.ran(); len(ran) > 0 {
				t.Errorf("these programs ran: %v", ran)
			}
			config, err := os.ReadFile(filepath.Join(dir, ".git/config"))
			if _, hooks := os.Stat(filepath.Join(dir, ".git/hooks")); err != nil || strings.Contains(string(config), p.dir) || hooks == nil {
				t.Errorf("traps came back: %s, %v", config, err)
			}
		})
	}
}

// TestDamagedHistory keeps what is whole of a repository that is not.
func TestDamagedHistory(t *testing.T) {
	object := func(dir, name string) string {
		id := strings.TrimSpace(runGit(t, dir, "rev-parse", name))
		return filepath.Join(dir, ".git/objects", id[:2], id[2:])
	}
	overwrite := func(path, content string) {
		t.Helper()
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		write(t, path, content)
	}
	for name, damage := range map[string]func(dir string){
		"missing tip":  func(dir string) { os.Remove(object(dir, "topic")) },
		"missing tree": func(dir string) { os.Remove(object(dir, "topic^{tree}")) },
		"missing blob": func(dir string) { os.Remove(object(dir, "topic:topic/file")) },
		"garbage":      func(dir string) { overwrite(object(dir, "topic:topic/file"), "garbage") },
		"another object": func(dir string) {
			other, err := os.ReadFile(object(dir, "work:d"))
			if err != nil {
				t.Fatal(err)
			}
			overwrite(object(dir, "topic:topic/file"), string(other))
		},
		"never was":    func(dir string) { write(t, dir+"/.git/refs/heads/topic", strings.Repeat("12", 20)+"\n") },
		"other format": func(dir string) { write(t, dir+"/.git/refs/heads/topic", strings.Repeat("12", 32)+"\n") },
		"no ref":       func(dir string) { write(t, dir+"/.git/refs/heads/topic", "\x1b[2J\n") },
		"no name":      func(dir string) { write(t, dir+"/.git/refs/heads/a b~1", runGit(t, dir, "rev-parse", "work")) },
		"a FIFO": func(dir string) {
			os.Remove(dir + "/.git/refs/heads/topic")
			if err := syscall.Mkfifo(dir+"/.git/refs/heads/topic", 0o644); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			committed(t, dir, "sha1")
			runGit(t, dir, "checkout", "-q", "-b", "topic")
			write(t, filepath.Join(dir, "topic/file"), "3\n")
			runGit(t, dir, "add", "-A")
			runGit(t, dir, "commit", "-q", "-m", "of the topic")
			runGit(t, dir, "checkout", "-q", "work")
			write(t, filepath.Join(dir, "d"), "4\n")
			runGit(t, dir, "add", "-A")
			runGit(t, dir, "commit", "-q", "-m", "third")
			log := runGit(t, dir, "log", "work")
			damage(dir)
			r := openRepo(t, git.Options{Dir: dir, HistoryLimit: 20 * time.Second})
			c := mustSave(t, r, "good")
			out, err := r.LeftOut(t.Context(), c.ID)
			if err != nil || len(out) != 1 || !strings.HasPrefix(out[0].Path, ".git/refs/heads/") || out[0].Why == "" {
				t.Errorf("LeftOut = %q, %v", out, err)
			}
			os.RemoveAll(filepath.Join(dir, ".git"))
			bringBack(t, r, dir, c)
			if got := runGit(t, dir, "log", "work"); got != log {
				t.Errorf("the log of the whole branch is %s", got)
			}
		})
	}
}

// TestHistoryThatIsNotKept sees that a checkpoint is made all the same, and
// tells why.
func TestHistoryThatIsNotKept(t *testing.T) {
	for name, try := range map[string]struct {
		change func(dir string)
		o      git.Options
	}{
		"elsewhere": {func(dir string) { replace(t, "/nowhere", dir+"/.git/objects") }, git.Options{}},
		"too large": {func(string) {}, git.Options{HistorySize: 100}},
		"too slow":  {func(string) {}, git.Options{HistoryLimit: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			committed(t, dir, "sha1")
			try.change(dir)
			try.o.Dir = dir
			r := openRepo(t, try.o)
			c := mustSave(t, r, "all the same")
			out, err := r.LeftOut(t.Context(), c.ID)
			if err != nil || len(out) == 0 || !strings.HasPrefix(out[0].Path, ".git/") {
				t.Errorf("LeftOut = %q, %v", out, err)
			}
			if lost, err := r.Lost(t.Context(), c.ID); err != nil || len(lost) > 0 {
				t.Errorf("Lost = %v, %v", lost, err)
			}
			if err := r.RestoreHistory(t.Context(), c.ID); err == nil {
				t.Error("RestoreHistory of nothing is no error")
			}
		})
	}
}

// TestDamagedProject brings objects back that the project's repository lost
// while its refs stand.
func TestDamagedProject(t *testing.T) {
	dir, r, c := aged(t, "sha1")
	refs, before := runGit(t, dir, "for-each-ref"), view(t, dir)
	if err := os.RemoveAll(filepath.Join(dir, ".git/objects/pack")); err != nil {
		t.Fatal(err)
	}
	loose, err := filepath.Glob(filepath.Join(dir, ".git/objects/??"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range loose {
		os.RemoveAll(path)
	}
	if lost := mustLose(t, r, c); !slices.Equal(lost, everything) {
		t.Errorf("Lost = %v", lost)
	}
	bringBack(t, r, dir, c)
	if runGit(t, dir, "for-each-ref") != refs || view(t, dir) != before {
		t.Error("the repository is not what it was")
	}
}

// TestShallow keeps a history that is cut off, and then the whole of it.
func TestShallow(t *testing.T) {
	origin, base := t.TempDir(), t.TempDir()
	committed(t, origin, "sha1")
	dir := filepath.Join(base, "clone")
	runGit(t, base, "clone", "-q", "--depth=1", "file://"+origin, dir)
	r := openRepo(t, git.Options{Dir: dir})
	cut, cutLog := mustSave(t, r, "cut off"), runGit(t, dir, "log")
	runGit(t, dir, "fetch", "-q", "--unshallow")
	full, fullLog := mustSave(t, r, "whole"), runGit(t, dir, "log")
	for c, log := range map[autosession.Checkpoint]string{cut: cutLog, full: fullLog} {
		os.RemoveAll(filepath.Join(dir, ".git"))
		bringBack(t, r, dir, c)
		if got := runGit(t, dir, "log"); got != log {
			t.Errorf("the log is %s, want %s", got, log)
		}
	}
	mustSave(t, r, "the newest")
	if err := r.Prune(t.Context(), func(c autosession.Checkpoint) bool { return c.ID == full.ID }); err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(filepath.Join(dir, ".git"))
	bringBack(t, r, dir, full)
}

// TestPrunedHistory drops a checkpoint, and with it what only it kept.
func TestPrunedHistory(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	committed(t, dir, "sha1")
	r := openRepo(t, git.Options{Dir: dir, Store: store})
	var ids []string
	var all []autosession.Checkpoint
	for i := range 4 {
		write(t, filepath.Join(dir, "a"), fmt.Sprint("version ", i))
		runGit(t, dir, "commit", "-q", "-a", "--amend", "-m", fmt.Sprint("attempt ", i))
		ids = append(ids, strings.TrimSpace(runGit(t, dir, "rev-parse", "HEAD")))
		all = append(all, mustSave(t, r, fmt.Sprint(i)))
	}
	if err := r.Prune(t.Context(), func(c autosession.Checkpoint) bool { return c.ID == all[1].ID }); err != nil {
		t.Fatal(err)
	}
	history := filepath.Join(store, "history/sha1")
	t.Setenv("GIT_DIR", history)
	runGit(t, history, "fsck", "--full", "--strict")
	for i, id := range ids {
		err := gitCommand(history, "cat-file", "-e", id).Run()
		if kept := err == nil; kept != (i == 1 || i == 3) {
			t.Errorf("attempt %d is kept: %v", i, kept)
		}
	}
	os.Unsetenv("GIT_DIR")
	os.RemoveAll(filepath.Join(dir, ".git"))
	bringBack(t, r, dir, all[3])
	if got := strings.TrimSpace(runGit(t, dir, "rev-parse", "HEAD")); got != ids[3] {
		t.Errorf("HEAD is %s", got)
	}
	bringBack(t, r, dir, all[1])
	runGit(t, dir, "cat-file", "-e", ids[1])
}

// TestUnmovedRefs saves again and again, and sees that no git is asked about
// the project's history then.
func TestUnmovedRefs(t *testing.T) {
	dir := t.TempDir()
	storied(t, dir, "sha1")
	r := openRepo(t, git.Options{Dir: dir})
	steps := func() int64 {
		var n atomic.Int64
		r.OnStep(func() { n.Add(1) })
		mustSave(t, r, "x")
		return n.Load()
	}
	first, second, third := steps(), steps(), steps()
	write(t, filepath.Join(dir, "more"), "1")
	runGit(t, dir, "add", "-A")
	runGit(t, dir, "commit", "-q", "-m", "more")
	if moved := steps(); first <= second || second != third || moved <= third {
		t.Errorf("steps of the first Save %d, then %d, %d, and when a ref moved %d", first, second, third, moved)
	}
}

// BenchmarkSaveHistory measures what history adds to a Save: of 2,000 commits
// the first time, of one commit, and of none.
func BenchmarkSaveHistory(b *testing.B) {
	for b.Loop() {
		dir := b.TempDir()
		project := filepath.Join(dir, "project")
		makeHistory(b, project, 2000)
		r, err := git.Open(git.Options{Dir: project, Store: filepath.Join(dir, "store")})
		if err != nil {
			b.Fatal(err)
		}
		save := func(what string) {
			start := time.Now()
			if _, err := r.Save(context.Background(), "x"); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "ms-"+what)
		}
		save("first")
		save("none")
		runGit(b, project, "commit", "-q", "--allow-empty", "-m", "x")
		save("one")
		r.Close()
	}
}

// makeHistory makes a repository with so many commits of a file each.
func makeHistory(b *testing.B, dir string, commits int) {
	b.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	runGit(b, dir, "init", "-q", "-b", "work")
	var text strings.Builder
	for i := range commits {
		fmt.Fprintf(&text, "commit refs/heads/work\ncommitter a <a@localhost> %d +0000\ndata 1\nx\n", 1_700_000_000+i)
		fmt.Fprintf(&text, "M 100644 inline d%d/f%d\ndata %d\n%s\n", i%50, i, 8*200, strings.Repeat(fmt.Sprintf("%07d\n", i), 200))
	}
	cmd := gitCommand(dir, "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(text.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	runGit(b, dir, "reset", "-q", "--hard")
}
