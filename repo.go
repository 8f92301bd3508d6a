package autosession

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Repo looks at the project's git repository and at its tree, and keeps
// checkpoints of the tree in a place of its own outside the project. Nothing
// that the project's own git configuration names is ever run.
type Repo interface {
	// Look tells where the project's repository stands. A project without a
	// repository is no error.
	Look(ctx context.Context) (RepoState, error)
	// Save makes a checkpoint of the whole tree: what git would not ignore.
	// The project's index, refs and configuration are not touched.
	Save(ctx context.Context, label string) (Checkpoint, error)
	// Diff lists what differs between two checkpoints, by path.
	Diff(ctx context.Context, from, to string) ([]FileChange, error)
	// Restore makes the given paths of the project, files or directories
	// relative to its root, what they were in a checkpoint: contents, modes,
	// links; what was not there then is removed. No paths means the whole
	// tree. Ignored files stay as they are.
	Restore(ctx context.Context, id string, paths ...string) error
}

// RepoState is what the project's own repository looks like.
type RepoState struct {
	Exists      bool     // there is a repository
	RootCommit  string   // first commit of the history, or ""
	Head        string   // commit, or "" before the first one
	Branch      string   // or "" when HEAD is detached
	Log         []Commit // the last commits, newest first, at most 20
	Uncommitted []FileChange
	Busy        string   // "merge", "rebase", "bisect", ... that is under way, or ""
	Unmerged    []string // paths that are in conflict, at most 20
	Submodules  []string // paths of other repositories that HEAD names
	Unkept      []string // what the last checkpoint could not hold, each with the reason
}

// Unusual says, a sentence each, what a session must know before it works
// with git: nothing of it is discarded, and nobody but the agent or a person
// ends it.
func (r RepoState) Unusual() []string {
	var out []string
	add := func(is bool, format string, args ...any) {
		if is {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(!r.Exists, "There is no git repository.")
	add(r.Busy != "", "A %s is under way in git and was left unfinished. End it, and lose nothing.", r.Busy)
	add(len(r.Unmerged) > 0, "A merge left conflicts in %s. Resolve them, and lose nothing.", clip(strings.Join(r.Unmerged, ", "), 200))
	add(len(r.Unkept) > 0, "No checkpoint holds %s: what becomes of it cannot be undone.", clip(strings.Join(r.Unkept, ", "), 300))
	add(r.Detached(), "HEAD is at commit %.12s and on no branch. Make a branch before you go on, so that nothing is lost.", r.Head)
	return out
}

// Detached says that HEAD is at a commit and on no branch.
func (r RepoState) Detached() bool { return r.Exists && r.Head != "" && r.Branch == "" }

// settled says that a commit on the branch would end nothing that is under
// way.
func (r RepoState) settled() bool {
	return r.Exists && r.Busy == "" && len(r.Unmerged) == 0 && r.Branch != ""
}

// Commit is one commit of the project's history.
type Commit struct {
	ID      string
	Time    time.Time
	Subject string // first line of the message
}

// FileChange is one path that differs.
type FileChange struct {
	Path   string // relative to the project, with slashes
	Status string // "added", "changed", "deleted"
}

// Checkpoint is the project's tree as it was.
type Checkpoint struct {
	ID    string    `json:"id"`    // a commit of the checkpoint repository
	Tree  string    `json:"tree"`  // hash of the tree without the feature list and the notes: same hash, same work
	Label string    `json:"label"` //
	At    time.Time `json:"at"`
}

// Historian is implemented by a Repo whose checkpoints also keep what the
// project's own repository had committed: where its refs stood, and all that
// they reached.
type Historian interface {
	// Lost lists the refs of a checkpoint whose commits the project's
	// repository no longer reaches, by name: all of them when the repository
	// is gone. Files of the repository that hide commits from git, and did not
	// then, are listed as well, without an ID.
	Lost(ctx context.Context, id string) ([]LostRef, error)
	// RestoreHistory makes all commits of a checkpoint's refs reachable again.
	// It moves no ref of the project: what was lost gets refs of its own,
	// below refs/autosession/kept/. A repository that is gone, or is none any
	// more and is then kept aside, is made anew, without the configuration and
	// the hooks that it had. Files that hide commits are what they were then.
	// The tree is not touched. It is an error when the checkpoint has no
	// history and there is no such file.
	RestoreHistory(ctx context.Context, id string) error
}

// LostRef is a ref of a checkpoint that is out of reach.
type LostRef struct {
	// Ref is "refs/heads/main", or "HEAD" when it was detached, or a file of
	// the repository that hides commits: ".git/shallow".
	Ref string `json:"ref"`
	ID  string `json:"id"` // of the commit, or of the tag, that is out of reach; "" when it may become so
}

// String says it in a sentence.
func (l LostRef) String() string {
	switch file := strings.HasPrefix(l.Ref, ".git/"); {
	case file && l.ID == "":
		return l.Ref + " was changed, by which git takes other commits for those that were made"
	case file:
		return fmt.Sprintf("commit %.12s was cut off by %s", l.ID, l.Ref)
	}
	return fmt.Sprintf("commit %.12s of %s was thrown away", l.ID, l.Ref)
}

// Reverter is implemented by a Repo that can make the whole tree but for some
// paths what it was in a checkpoint. What changed since is found by the ignore
// files of the checkpoint: none that came since can hide it.
type Reverter interface {
	Revert(ctx context.Context, id string, except ...string) error
}

// Exporter is implemented by a Repo that can write the tree of a checkpoint to
// an empty directory elsewhere: the files for which keep is true, or all when
// it is nil.
type Exporter interface {
	Export(ctx context.Context, id, dir string, keep func(path string) bool) error
}

// Pruner is implemented by a Repo that can list and drop old checkpoints.
type Pruner interface {
	// Checkpoints lists what is kept, newest first.
	Checkpoints(ctx context.Context) ([]Checkpoint, error)
	// Prune drops the checkpoints for which keep is false. The newest stays.
	Prune(ctx context.Context, keep func(Checkpoint) bool) error
}
