package git

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// listed is a line of git's list of a tree. Its id is in hex, since it may come
// from a repository with another hash.
type listed struct {
	path string
	mode uint32
	id   string
}

// list returns all files of a commit's tree, in git's order.
func (g git) list(ctx context.Context, id string) ([]listed, error) {
	out, err := g.output(ctx, "ls-tree", "-r", "-z", "--full-tree", id)
	if err != nil {
		return nil, err
	}
	return parseList(out)
}

// parseList reads lines of the form "mode kind id<TAB>path<NUL>".
func parseList(out []byte) ([]listed, error) {
	var list []listed
	for line := range bytes.SplitSeq(out, []byte{0}) {
		if len(line) == 0 {
			continue
		}
		head, path, _ := strings.Cut(string(line), "\t")
		fields := strings.Fields(head)
		if len(fields) != 3 || path == "" {
			return nil, fmt.Errorf("cannot read git's list of a tree: %q", line)
		}
		mode, err := strconv.ParseUint(fields[0], 8, 32)
		if err != nil {
			return nil, fmt.Errorf("cannot read git's list of a tree: %q", line)
		}
		list = append(list, listed{path: path, mode: uint32(mode), id: fields[2]})
	}
	return list, nil
}

// contents gives the content of each object to each, in order. What each does
// not read is passed over.
func (g git) contents(ctx context.Context, ids []string, each func(i int, size int64, content io.Reader) error) error {
	if len(ids) == 0 {
		return nil
	}
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		err := g.run(ctx, strings.NewReader(strings.Join(ids, "\n")+"\n"), writer, "cat-file", "--batch")
		writer.CloseWithError(err)
		done <- err
	}()
	err := readBatch(bufio.NewReaderSize(reader, 64<<10), ids, each)
	cancel()
	reader.Close()
	<-done
	return err
}

// readBatch reads what git cat-file --batch prints about ids.
func readBatch(in *bufio.Reader, ids []string, each func(i int, size int64, content io.Reader) error) error {
	for i, id := range ids {
		head, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("cannot read object %s: %w", id, err)
		}
		fields := strings.Fields(head)
		if len(fields) != 3 || fields[0] != id {
			return fmt.Errorf("cannot read object %s: git says %q", id, head)
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("cannot read object %s: git says %q", id, head)
		}
		content := &io.LimitedReader{R: in, N: size}
		if err := each(i, size, content); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, in, content.N+1); err != nil {
			return fmt.Errorf("cannot read object %s: %w", id, err)
		}
	}
	return nil
}
