package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autosession/autosession"
)

// Look tells where the project's repository stands. Of one that is broken, or
// points out of the project, it tells what could be read: that is no error.
// Refs are read in the format of files only. Look waits at most
// Options.LookLimit for git.
func (r *Repo) Look(ctx context.Context) (autosession.RepoState, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var state autosession.RepoState
	if err := r.inPlace(); err != nil {
		return state, fmt.Errorf("cannot look at the project: %w", err)
	}
	own, err := openGitDir(r.root)
	if err != nil {
		state.Exists = !errors.Is(err, fs.ErrNotExist) || r.hasGit()
		return state, nil
	}
	defer own.close()
	for _, l := range r.unkept {
		if l.Why != notAFile {
			state.Unkept = append(state.Unkept, fmt.Sprintf("%s (%s)", l.Path, l.Why))
		}
	}
	state.Exists, state.Busy = true, own.busy()
	state.Branch, state.Head = own.head()
	if state.Head == "" {
		state.Uncommitted, err = r.uncommitted(ctx, "", nil)
		return state, err
	}
	state.Unmerged = own.unmerged(format(state.Head))
	committed, err := r.history(ctx, own, &state)
	if err != nil || committed == nil {
		return state, err
	}
	state.Submodules = submodules(committed)
	state.Uncommitted, err = r.uncommitted(ctx, state.Head, committed)
	return state, err
}

func (r *Repo) hasGit() bool {
	_, err := r.root.Lstat(".git")
	return err == nil
}

// past is what the commits up to one of them say. It never changes, so it is
// read once for each commit that HEAD comes to.
type past struct {
	head   string   // "" when nothing was read
	files  []listed // of head; not nil
	log    []autosession.Commit
	root   string // the first commit
	logged bool   // log and root were read

	// What was known of the commit that HEAD was at before.
	formerHead, formerRoot string
}

// history fills in what the commits say, and returns the files of HEAD, or nil
// when they can't be read. Only the end of ctx is an error.
func (r *Repo) history(ctx context.Context, own *gitDir, state *autosession.RepoState) ([]listed, error) {
	reader, err := r.reader(own, own.objects(), state.Head)
	if err != nil {
		return nil, nil
	}
	limited, cancel := context.WithTimeout(ctx, r.opts.LookLimit)
	defer cancel()
	committed, err := r.committed(limited, reader, state.Head)
	if err == nil {
		_ = r.past.readLog(limited, reader) // what it cannot read is left out
		state.Log, state.RootCommit = slices.Clone(r.past.log), r.past.root
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return committed, nil
}

// committed returns the files of a commit, not nil. Where HEAD moved the log is
// read at the same time, since it will be asked for.
func (r *Repo) committed(ctx context.Context, reader git, head string) ([]listed, error) {
	if r.past.head == head {
		return r.past.files, nil
	}
	now := past{head: head, formerHead: r.past.formerHead, formerRoot: r.past.formerRoot}
	if r.past.root != "" {
		now.formerHead, now.formerRoot = r.past.head, r.past.root
	}
	err := together(func() (err error) {
		now.files, err = reader.list(ctx, head)
		return err
	}, func() error {
		_ = now.readLog(ctx, reader) // whoever needs it tries again
		return nil
	})
	if err != nil {
		return nil, err
	}
	now.files = append([]listed{}, now.files...)
	r.past = now
	return now.files, nil
}

// readLog reads the log and the first commit, unless that was done. To find
// that one git reads the whole history, so where HEAD only went on it is not
// asked again.
func (p *past) readLog(ctx context.Context, reader git) error {
	if p.logged {
		return nil
	}
	log, straight, err := reader.log(ctx, p.head, p.formerHead)
	if err != nil {
		return err
	}
	p.log, p.root = log, p.formerRoot
	if !straight {
		p.root, err = reader.rootCommit(ctx, p.head)
	}
	p.logged = err == nil
	return nil
}

// tracked returns, sorted, the files that the project's HEAD holds: git does
// not ignore those, whatever an ignore file says. It returns nil when they
// can't be read.
func (r *Repo) tracked(ctx context.Context) []string {
	own, err := openGitDir(r.root)
	if err != nil {
		return nil
	}
	defer own.close()
	_, head := own.head()
	if head == "" {
		return nil
	}
	reader, err := r.reader(own, own.objects(), head)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.opts.LookLimit)
	defer cancel()
	files, err := r.committed(ctx, reader, head)
	if err != nil {
		return nil
	}
	return sortedPaths(files)
}

func sortedPaths(files []listed) []string {
	var paths []string
	for _, l := range files {
		if l.mode != modeCommit {
			paths = append(paths, l.path)
		}
	}
	slices.Sort(paths)
	return paths
}

// reader returns a git that reads the objects of the project's repository, from
// where they are, in a git directory of ours: no configuration, no refs and no
// hooks but our own.
func (r *Repo) reader(own *gitDir, objects, head string) (git, error) {
	if !own.isDir("objects") {
		return git{}, errElsewhere
	}
	format := "sha1"
	if len(head) == 64 {
		format = "sha256"
	}
	dir := filepath.Join(r.opts.Store, "look", format)
	if err := makeReader(dir, format); err != nil {
		return git{}, err
	}
	env := []string{"GIT_OBJECT_DIRECTORY=" + objects}
	if info, err := own.common.Lstat("shallow"); err == nil && info.Mode().IsRegular() {
		env = append(env, "GIT_SHALLOW_FILE="+filepath.Join(own.common.Name(), "shallow"))
	}
	return git{path: r.git.path, dir: dir, env: env}, nil
}

// makeReader makes an empty git directory for objects of a format.
func makeReader(dir, format string) error {
	for _, sub := range []string{"objects", "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/none\n"), 0o600); err != nil {
		return err
	}
	config := "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = " + format + "\n"
	return os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600)
}

// logLength is how many commits Look tells of.
const logLength = 20

// log returns the last commits, newest first. straight says that a former
// commit is among them and that each one since has a single parent.
func (g git) log(ctx context.Context, head, former string) (log []autosession.Commit, straight bool, err error) {
	out, err := g.output(ctx, "rev-list", "--max-count="+strconv.Itoa(logLength), "--no-commit-header", "--format=%H%x00%P%x00%ct%x00%s%x00", head)
	if err != nil {
		return nil, false, err
	}
	next := head // the one commit that a straight line goes on with
	fields := bytes.Split(out, []byte{0})
	for ; len(fields) > 4; fields = fields[4:] {
		seconds, err := strconv.ParseInt(string(fields[2]), 10, 64)
		if err != nil {
			return log, false, fmt.Errorf("cannot read the time of a commit: %w", err)
		}
		id := strings.TrimSpace(string(fields[0]))
		straight = straight || id == former && id == next
		if id == next {
			next = string(fields[1]) // of a merge it is no id
		}
		log = append(log, autosession.Commit{
			ID:      id,
			Time:    time.Unix(seconds, 0).UTC(),
			Subject: string(fields[3]),
		})
	}
	return log, straight, nil
}

// rootCommit returns the first commit of the history: the oldest, where there
// are several without a parent.
func (g git) rootCommit(ctx context.Context, head string) (string, error) {
	out, err := g.output(ctx, "rev-list", "--max-parents=0", head)
	ids := strings.Fields(string(out))
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[len(ids)-1], nil
}

// uncommitted compares the tree with the files of HEAD, without asking git to.
func (r *Repo) uncommitted(ctx context.Context, head string, committed []listed) ([]autosession.FileChange, error) {
	x := extra{tracked: sortedPaths(committed)}
	want := make(map[string]listed, len(committed))
	others := submodules(committed)
	for _, l := range committed {
		if l.mode != modeCommit {
			want[l.path] = l
		}
	}
	now, err := r.scan(ctx, x, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot look at the project: %w", err)
	}
	var changes []autosession.FileChange
	for _, e := range now.entries {
		l, ok := want[e.path]
		delete(want, e.path)
		switch {
		case ok && (!sameMode(e.mode, l.mode) || r.index.records[e.path].Names.in(len(head)) != l.id):
			changes = append(changes, autosession.FileChange{Path: e.path, Status: "changed"})
		case !ok && !among(others, e.path) && !globs(r.opts.Include).match(e.path):
			changes = append(changes, autosession.FileChange{Path: e.path, Status: "added"})
		}
	}
	for _, l := range now.leftOut {
		delete(want, l.Path)
	}
	for path := range want {
		changes = append(changes, autosession.FileChange{Path: path, Status: "deleted"})
	}
	slices.SortFunc(changes, func(a, b autosession.FileChange) int { return strings.Compare(a.Path, b.Path) })
	return changes, nil
}

// sameMode compares modes as git does today; old histories hold others for
// files.
func sameMode(a, b uint32) bool {
	return a == b || a == modeFile && b&0o170100 == modeFile&0o170000
}
