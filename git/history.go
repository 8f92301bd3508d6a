package git

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// history is a repository of ours for what the project has committed. All that
// is in it is whole: what an object names is there too, down to the commits
// without parents and to those that the project's repository is cut off at. So
// there is one for each format of objects, and for each such cut.
//
// Its refs are in one file, one for each object that a ref of the project ever
// named. Which ref that was is told by the checkpoints: each has for a parent
// a commit without files whose message is a standing. Checkpoints between which no
// ref moved have the same.
type history struct {
	git
	tips map[string]bool // the objects that are kept, with all that they need
}

// keptRefs begins the names of the refs of a history.
const keptRefs = "refs/kept/"

// historyDir is where the histories are in a store.
const historyDir = "history"

// historyName is the directory of the history that a standing's objects go to.
func historyName(p *standing) string {
	name := format(p.tips()[0])
	if len(p.shallow) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(p.shallow, "\n")))
		name += "-shallow-" + hex.EncodeToString(sum[:8])
	}
	return name
}

// openHistory opens the history of a standing that has tips. It is made on first
// use.
func (r *Repo) openHistory(p *standing) (history, error) {
	dir := filepath.Join(r.opts.Store, historyDir, historyName(p))
	h := history{git: git{path: r.git.path, dir: dir, step: r.git.step}, tips: map[string]bool{}}
	text, err := os.ReadFile(filepath.Join(dir, "packed-refs"))
	if err == nil {
		for line := range strings.Lines(string(text)) {
			id, _, _ := strings.Cut(line, " ")
			h.tips[id] = objectName(id) != ""
		}
		return h, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	if err := makeReader(dir, format(p.tips()[0])); err != nil {
		return h, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "objects/pack"), 0o700); err != nil {
		return h, err
	}
	if len(p.shallow) > 0 {
		if err := h.writeDurably("shallow", []byte(strings.Join(p.shallow, "\n")+"\n")); err != nil {
			return h, err
		}
	}
	return h, h.syncDirs(".", "objects", "..", "../..")
}

// save writes the tips down. Their objects must be durable.
func (h history) save() error {
	var text bytes.Buffer
	for _, id := range slices.Sorted(maps.Keys(h.tips)) {
		text.WriteString(id + " " + keptRefs + id + "\n")
	}
	if err := h.writeDurably("packed-refs", text.Bytes()); err != nil {
		return err
	}
	return h.syncDirs(".")
}

// keepStanding keeps what the project's repository has committed. It returns nil
// where there is nothing to keep, and what could not be kept. Only a store that
// can't be written to and the end of ctx are errors.
func (r *Repo) keepStanding(ctx context.Context) (*standing, []LeftOut, error) {
	own, err := openGitDir(r.root)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && !r.hasGit() {
			return nil, nil, nil
		}
		return nil, []LeftOut{{Path: ".git", Why: reason(err)}}, nil
	}
	defer own.close()
	p, out := own.standing()
	if len(p.tips()) == 0 {
		return nil, some(out), nil
	}
	if err := own.lends(); err != nil {
		return nil, some(append(out, LeftOut{Path: ".git/objects", Why: err.Error()})), nil
	}
	h, err := r.openHistory(p)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot keep the project's history: %w", err)
	}
	refused, err := r.keepTips(ctx, h, own, p.tips())
	if err != nil {
		return nil, nil, fmt.Errorf("cannot keep the project's history: %w", err)
	}
	out = append(out, p.drop(refused)...)
	if len(p.tips()) == 0 {
		return nil, some(out), nil
	}
	return p, some(out), nil
}

// maxUnkept bounds how many refs a checkpoint tells of that are not kept.
const maxUnkept = 50

// some returns out sorted and in bounds.
func some(out []LeftOut) []LeftOut {
	slices.SortFunc(out, func(a, b LeftOut) int { return strings.Compare(a.Path, b.Path) })
	if more := len(out) - maxUnkept; more > 0 {
		out = append(out[:maxUnkept], LeftOut{Path: ".git/refs", Why: fmt.Sprintf("%d more", more)})
	}
	return out
}

// keepTips sees that tips are in the history, and returns why some are not.
// What was refused once is not tried again until it is named otherwise. When
// all are there already, no git is asked.
func (r *Repo) keepTips(ctx context.Context, h history, own *gitDir, tips []string) (map[string]string, error) {
	refused := map[string]string{}
	var missing []string
	for _, id := range tips {
		if why, ok := r.refused[id]; ok && !h.tips[id] {
			refused[id] = why
		} else if !h.tips[id] {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return refused, nil
	}
	limited, cancel := context.WithTimeoutCause(ctx, r.opts.HistoryLimit, errTooLong)
	defer cancel()
	kept := h.take(limited, own, missing, r.opts.HistorySize, refused)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for id, why := range refused {
		r.refused[id] = why
		r.clean = false // a git may have been cut short
	}
	if len(kept) == 0 {
		return refused, nil
	}
	if err := h.syncDirs("objects/pack"); err != nil {
		return nil, err
	}
	for _, id := range kept {
		h.tips[id] = true
	}
	return refused, h.save()
}

var (
	errTooLong  = errors.New("it takes longer than the limit for history")
	errTooLarge = errors.New("it is larger than the limit for history")
	errBorrowed = errors.New("objects that the repository borrows from another are not kept")
)

// take copies what tips need, and returns those that are there then. For the
// others refused says why.
func (h history) take(ctx context.Context, own *gitDir, tips []string, limit int64, refused map[string]string) []string {
	refuse := func(ids []string, err error) {
		for _, id := range ids {
			refused[id] = brief(err)
		}
	}
	lender := h.borrowing(filepath.Join(own.common.Name(), "objects"))
	if h.copy(ctx, lender, tips, limit) != nil {
		h.takeSome(ctx, lender, tips, limit, refuse)
	}
	there, err := h.kinds(ctx, tips)
	if err != nil {
		refuse(tips, err)
		return nil
	}
	for _, id := range tips {
		if there[id] == "" && refused[id] == "" {
			refuse([]string{id}, errors.New("the object is damaged"))
		}
	}
	maps.DeleteFunc(there, func(id, _ string) bool { return refused[id] != "" })
	return slices.Sorted(maps.Keys(there))
}

// takeSome copies the tips that can be copied, where not all of them can.
func (h history) takeSome(ctx context.Context, lender git, tips []string, limit int64, refuse func([]string, error)) {
	there, err := lender.kinds(ctx, tips)
	if err != nil {
		refuse(tips, err)
		return
	}
	for _, id := range tips {
		if there[id] == "" {
			refuse([]string{id}, errors.New("the object is missing"))
		}
	}
	h.takeEach(ctx, lender, slices.Sorted(maps.Keys(there)), limit, refuse)
}

// takeEach copies all tips at once. If that can't be done it halves them, to
// find those that are to blame.
func (h history) takeEach(ctx context.Context, lender git, tips []string, limit int64, refuse func([]string, error)) {
	if len(tips) == 0 {
		return
	}
	err := h.copy(ctx, lender, tips, limit)
	switch {
	case err == nil:
	case len(tips) == 1 || ctx.Err() != nil:
		refuse(tips, err)
	default:
		h.takeEach(ctx, lender, tips[:len(tips)/2], limit, refuse)
		h.takeEach(ctx, lender, tips[len(tips)/2:], limit, refuse)
	}
}

// brief is an error in one line of at most 300 bytes.
func brief(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return strings.ToValidUTF8(text[:min(len(text), 300)], "")
}

// lends says why the objects can't be read, if so.
func (g *gitDir) lends() error {
	if !g.isDir("objects") {
		return errElsewhere
	}
	if _, err := g.common.Lstat("objects/info/alternates"); err == nil {
		return errBorrowed
	}
	return nil
}

// borrowing returns a git on the history that reads the objects of a directory
// as well, for as long as it runs.
func (h history) borrowing(objects string) git {
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(objects) + `"`
	g := h.git
	g.env = []string{"GIT_ALTERNATE_OBJECT_DIRECTORIES=" + quoted}
	return g
}

// kinds tells of what kind the objects are that there are.
func (g git) kinds(ctx context.Context, ids []string) (map[string]string, error) {
	var out strings.Builder
	if err := g.run(ctx, revisions(ids, nil), &out, "cat-file", "--batch-check=%(objectname) %(objecttype)"); err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if id, kind, _ := strings.Cut(strings.TrimSpace(line), " "); kind != "missing" {
			kinds[id] = kind
		}
	}
	return kinds, nil
}

// clumsy is what git complains about in histories that clumsy programs wrote
// long ago. It does no harm here: nothing is ever checked out.
const clumsy = "badDate=ignore,badDateOverflow=ignore,badEmail=ignore,badFilemode=ignore,badName=ignore," +
	"badParentSha1=error,badTagName=ignore,badTimezone=ignore,duplicateEntries=ignore,emptyName=ignore," +
	"gitmodulesParse=ignore,gitmodulesName=ignore,gitmodulesUrl=ignore,gitmodulesPath=ignore,gitmodulesUpdate=ignore," +
	"missingEmail=ignore,missingNameBeforeEmail=ignore,missingSpaceBeforeDate=ignore," +
	"missingSpaceBeforeEmail=ignore,missingTaggerEntry=ignore,multipleAuthors=ignore,nullSha1=ignore," +
	"treeNotSorted=ignore,zeroPaddedDate=ignore,zeroPaddedFilemode=ignore"

// copy takes over all that tips need and the history lacks. Each object is
// named anew by its content, and must find all that it names.
func (h history) copy(ctx context.Context, lender git, tips []string, limit int64) error {
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		out := &bounded{to: writer, left: limit}
		err := lender.run(ctx, revisions(tips, h.tips), out, "pack-objects", "--revs", "--stdout", "-q",
			"--no-use-bitmap-index", "--delta-base-offset", "--window=0", "--threads=1")
		if out.left < 0 {
			err = errTooLarge
		}
		writer.CloseWithError(err)
		done <- err
	}()
	err := h.run(ctx, reader, io.Discard, "index-pack", "--stdin", "--strict="+clumsy)
	reader.Close()
	if sent := <-done; sent != nil && !errors.Is(sent, io.ErrClosedPipe) {
		return sent
	}
	return err
}

// revisions is what git reads to walk from tips down to have.
func revisions(tips []string, have map[string]bool) io.Reader {
	var text strings.Builder
	for _, id := range tips {
		text.WriteString(id + "\n")
	}
	for id := range have {
		text.WriteString("^" + id + "\n")
	}
	return strings.NewReader(text.String())
}

// bounded passes on so many bytes, and fails then.
type bounded struct {
	to   io.Writer
	left int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errTooLarge
	}
	return b.to.Write(p)
}

// storeStanding stores what names a standing that is kept, and adds the objects
// to stored. It returns the name, or "" for none.
func storeStanding(at *standing, p *packer, stored map[oid]bool) (string, error) {
	if at == nil {
		return "", nil
	}
	empty := name(treeKind, nil).ours
	content := standingCommit(empty, at)
	id := name(commitKind, content).ours
	stored[empty], stored[id] = true, true
	return id.String(), errors.Join(p.add(treeKind, empty, nil), p.add(commitKind, id, content))
}

// standingCommit is the content of the commit that holds a standing. It depends on
// nothing else.
func standingCommit(empty oid, p *standing) []byte {
	const who = "autosession <autosession@localhost> 0 +0000"
	head := fmt.Sprintf("tree %s\nauthor %s\ncommitter %s\n\n", empty, who, who)
	return append([]byte(head), p.text()...)
}

// standingOf tells what the project had committed when a checkpoint was made, and
// opens its history. The standing is nil when the checkpoint has none.
func (r *Repo) standingOf(ctx context.Context, id string) (*standing, history, error) {
	p, err := r.readStanding(ctx, id)
	if err != nil || p == nil || len(p.tips()) == 0 {
		return nil, history{}, err
	}
	h, err := r.openHistory(p)
	return p, h, err
}

func (r *Repo) readStanding(ctx context.Context, id string) (*standing, error) {
	if known := r.recall(id); known != nil {
		return known.at, nil
	}
	if _, err := parseOID(id); err != nil {
		return nil, err
	}
	text, err := r.git.output(ctx, "cat-file", "commit", id)
	if err != nil {
		return nil, fmt.Errorf("cannot read checkpoint %s: %w", id, err)
	}
	head, _, _ := strings.Cut(string(text), "\n\n")
	for line := range strings.Lines(head) {
		parent, ok := strings.CutPrefix(strings.TrimSpace(line), "parent ")
		if !ok {
			continue
		}
		text, err := r.git.output(ctx, "cat-file", "commit", parent)
		if err != nil {
			return nil, fmt.Errorf("cannot read the refs of checkpoint %s: %w", id, err)
		}
		_, body, _ := strings.Cut(string(text), "\n\n")
		return parseStanding(body)
	}
	return nil, nil
}
