package git

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
)

// oid names an object of our repository, which hashes with SHA-256: SHA-1
// collisions can be made, and the agent writes the files.
type oid [sha256.Size]byte

func (id oid) String() string { return hex.EncodeToString(id[:]) }

// parseOID reads the hex form of an object's name.
func parseOID(text string) (oid, error) {
	var id oid
	if n, err := hex.Decode(id[:], []byte(text)); err != nil || n != len(id) {
		return oid{}, fmt.Errorf("cannot read %q as a checkpoint's id", text)
	}
	return id, nil
}

// names are what git calls one content, by each of its hashes. The project's
// repository may use either.
type names struct {
	ours oid
	sha1 [sha1.Size]byte
}

// in returns the name in a repository whose names have length hex digits.
func (n names) in(length int) string {
	if length == hex.EncodedLen(sha1.Size) {
		return hex.EncodeToString(n.sha1[:])
	}
	return n.ours.String()
}

// kind is the kind of an object, as a pack writes it.
type kind byte

const (
	commitKind kind = 1
	treeKind   kind = 2
	blobKind   kind = 3
)

func (k kind) String() string {
	return [...]string{commitKind: "commit", treeKind: "tree", blobKind: "blob"}[k]
}

// naming computes the names of a content that is written to it.
type naming struct {
	ours, sha1 hash.Hash
}

// newNaming begins the names of an object of the given size in bytes.
func newNaming(k kind, size int64) naming {
	n := naming{ours: sha256.New(), sha1: sha1.New()}
	io.WriteString(n, k.String()+" "+strconv.FormatInt(size, 10)+"\x00")
	return n
}

func (n naming) Write(p []byte) (int, error) {
	n.ours.Write(p)
	return n.sha1.Write(p)
}

func (n naming) names() names {
	var out names
	n.ours.Sum(out.ours[:0])
	n.sha1.Sum(out.sha1[:0])
	return out
}

// name returns the names of a whole content.
func name(k kind, content []byte) names {
	n := newNaming(k, int64(len(content)))
	n.Write(content)
	return n.names()
}

// The modes that git keeps.
const (
	modeFile       = 0o100644
	modeExecutable = 0o100755
	modeLink       = 0o120000
	modeTree       = 0o040000
	modeCommit     = 0o160000 // a submodule, in the project's history only
)

// entry is one file or link of a tree.
type entry struct {
	path string // relative to the project, with slashes
	mode uint32
	id   oid
}

// makeTrees makes the tree objects of entries, which are sorted by path, gives
// each to emit, children first, and returns the name of the topmost.
func makeTrees(entries []entry, emit func(oid, []byte) error) (oid, error) {
	return makeTree(entries, 0, emit)
}

// makeTree makes the tree of entries that have the first depth bytes of their
// paths in common.
func makeTree(entries []entry, depth int, emit func(oid, []byte) error) (oid, error) {
	var content []byte
	for i := 0; i < len(entries); {
		name, _, deeper := strings.Cut(entries[i].path[depth:], "/")
		mode, id, next := entries[i].mode, entries[i].id, i+1
		if deeper {
			prefix := entries[i].path[:depth+len(name)+1]
			for next < len(entries) && strings.HasPrefix(entries[next].path, prefix) {
				next++
			}
			var err error
			if id, err = makeTree(entries[i:next], len(prefix), emit); err != nil {
				return oid{}, err
			}
			mode = modeTree
		}
		content = strconv.AppendUint(content, uint64(mode), 8)
		content = append(content, ' ')
		content = append(content, name...)
		content = append(content, 0)
		content = append(content, id[:]...)
		i = next
	}
	n := sha256.New()
	io.WriteString(n, "tree "+strconv.Itoa(len(content))+"\x00")
	n.Write(content)
	var id oid
	n.Sum(id[:0])
	return id, emit(id, content)
}
