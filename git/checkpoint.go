package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/autosession/autosession"
)

// refs is where the checkpoints are: a ref for each keeps it from being
// dropped. A ref's name begins with the moment, so that names sort by time.
const (
	refs       = "refs/checkpoints/"
	momentForm = "20060102T150405.000000000Z"
)

func refName(id string, at time.Time) string {
	return refs + at.Format(momentForm) + "-" + id[:12]
}

// The keys of the lines of a checkpoint's message.
const (
	keyLabel   = "Label: "
	keyTime    = "Time: "
	keyTree    = "Tree: "
	keyLeftOut = "Left-Out: "
	keyInclude = "Include: "
)

// notes are what a checkpoint says of itself besides what an
// autosession.Checkpoint holds.
type notes struct {
	leftOut []LeftOut
	include globs // what was saved although it was ignored
}

// message is the text of a checkpoint's commit.
func message(c autosession.Checkpoint, n notes) []byte {
	var b strings.Builder
	b.WriteString("checkpoint\n\n")
	fmt.Fprintf(&b, keyLabel+"%q\n", c.Label)
	fmt.Fprintf(&b, keyTime+"%s\n", c.At.Format(time.RFC3339Nano))
	fmt.Fprintf(&b, keyTree+"%s\n", c.Tree)
	for _, l := range n.leftOut {
		fmt.Fprintf(&b, keyLeftOut+"%q %q\n", l.Path, l.Why)
	}
	for _, glob := range n.include {
		fmt.Fprintf(&b, keyInclude+"%q\n", glob)
	}
	return []byte(b.String())
}

// parseMessage reads the text of a checkpoint's commit. Lines that it does not
// know are passed over.
func parseMessage(text string) (autosession.Checkpoint, notes, error) {
	var c autosession.Checkpoint
	var n notes
	var err error
	for line := range strings.SplitSeq(text, "\n") {
		if err != nil {
			break
		}
		if v, ok := strings.CutPrefix(line, keyLabel); ok {
			c.Label, err = strconv.Unquote(v)
		} else if v, ok := strings.CutPrefix(line, keyTime); ok {
			c.At, err = time.Parse(time.RFC3339Nano, v)
		} else if v, ok := strings.CutPrefix(line, keyTree); ok {
			c.Tree = v
		} else if v, ok := strings.CutPrefix(line, keyLeftOut); ok {
			var l LeftOut
			_, err = fmt.Sscanf(v, "%q %q", &l.Path, &l.Why)
			n.leftOut = append(n.leftOut, l)
		} else if v, ok := strings.CutPrefix(line, keyInclude); ok {
			v, err = strconv.Unquote(v)
			n.include = append(n.include, v)
		}
	}
	if err != nil {
		return c, notes{}, fmt.Errorf("cannot read a checkpoint's message: %w", err)
	}
	return c, n, nil
}

// commit is the content of a checkpoint's commit. No other checkpoint is its
// parent, so that each can be dropped by itself: past is, which may be "", the
// commit that holds the project's refs.
func commit(tree oid, past string, c autosession.Checkpoint, n notes) []byte {
	who := fmt.Sprintf("autosession <autosession@localhost> %d +0000", c.At.Unix())
	if past != "" {
		past = "parent " + past + "\n"
	}
	head := fmt.Sprintf("tree %s\n%sauthor %s\ncommitter %s\n\n", tree, past, who, who)
	return append([]byte(head), message(c, n)...)
}

// workHash names the work in a tree: its files without those of exclude. The
// same hash is the same work.
func workHash(entries []entry, exclude []string) string {
	h, line := sha256.New(), []byte(nil)
	for _, e := range entries {
		if among(exclude, e.path) {
			continue
		}
		line = append(strconv.AppendUint(line[:0], uint64(e.mode), 8), ' ')
		line = append(append(line, e.id[:]...), e.path...)
		h.Write(append(line, 0))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Checkpoints lists what is kept, newest first.
func (r *Repo) Checkpoints(ctx context.Context) ([]autosession.Checkpoint, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.checkpoints(ctx)
}

func (r *Repo) checkpoints(ctx context.Context) ([]autosession.Checkpoint, error) {
	return r.git.checkpoints(ctx)
}

// LeftOut lists what could not be saved in a checkpoint, by path: what could
// not be read, and what is neither a file nor a directory nor a link. Paths
// below .git are refs whose commits could not be kept.
func (r *Repo) LeftOut(ctx context.Context, id string) ([]LeftOut, error) {
	n, err := r.notes(ctx, id)
	return n.leftOut, err
}

func (r *Repo) notes(ctx context.Context, id string) (notes, error) {
	if _, err := parseOID(id); err != nil {
		return notes{}, err
	}
	text, err := r.git.output(ctx, "cat-file", "commit", id)
	if err != nil {
		return notes{}, fmt.Errorf("cannot read checkpoint %s: %w", id, err)
	}
	_, n, err := parseMessage(string(text))
	return n, err
}
