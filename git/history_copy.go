package git

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
)

var (
	errTooLong  = errors.New("it takes longer than the limit for history")
	errTooLarge = errors.New("it is larger than the limit for history")
)

// take copies what tips need, and returns those that are there then. For the
// others refused says why.
func (h history) take(ctx context.Context, objects string, tips []string, limit int64, refused map[string]string) []string {
	refuse := func(ids []string, err error) {
		for _, id := range ids {
			refused[id] = brief(err)
		}
	}
	lender := h.borrowing(objects)
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
