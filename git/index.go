package git

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
)

// record is what we know of one file since we last read it.
type record struct {
	Stamp stamp
	Names names
	// Settled says that the file was read late enough after its last change:
	// a further change can't have left the stamp as it is.
	Settled bool
	Stored  bool // the content is in the checkpoint repository
}

// index is what lets a later look over the tree read only what changed. It can
// be lost: then everything is read again.
type index struct {
	records map[string]record // by path
	trees   map[oid]bool      // tree objects that are in the checkpoint repository
	last    int64             // time of the newest checkpoint, in Unix nanoseconds
}

func newIndex() *index {
	return &index{records: map[string]record{}, trees: map[oid]bool{}}
}

const (
	indexFile  = "autosession-index"
	indexMagic = "autosession index 1\n"
)

// loadIndex reads the index of a store. One that is missing or damaged is an
// empty one.
func loadIndex(store string) *index {
	data, err := os.ReadFile(filepath.Join(store, indexFile))
	if err != nil {
		return newIndex()
	}
	ix, err := parseIndex(data)
	if err != nil {
		return newIndex()
	}
	return ix
}

// save writes the index into a store. It must be written after the objects
// that it calls stored.
func (ix *index) save(store string) error {
	path := filepath.Join(store, indexFile)
	if err := os.WriteFile(path+".new", ix.encode(), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// recordHead is the part of a record whose size is fixed.
type recordHead struct {
	Stamp           stamp
	Names           [52]byte
	Settled, Stored bool
}

func (ix *index) encode() []byte {
	var b bytes.Buffer
	b.WriteString(indexMagic)
	write := func(v any) { binary.Write(&b, binary.BigEndian, v) }
	write(ix.last)
	write(uint32(len(ix.trees)))
	for id := range ix.trees {
		b.Write(id[:])
	}
	buf := make([]byte, 0, binary.Size(recordHead{}))
	for path, r := range ix.records {
		h := recordHead{Stamp: r.Stamp, Settled: r.Settled, Stored: r.Stored}
		copy(h.Names[copy(h.Names[:], r.Names.ours[:]):], r.Names.sha1[:])
		buf, _ = binary.Append(buf[:0], binary.BigEndian, h)
		b.Write(buf)
		b.Write(binary.AppendUvarint(nil, uint64(len(path))))
		b.WriteString(path)
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	return b.Bytes()
}

var errDamaged = errors.New("cannot read the index of checkpoints: it is damaged")

func parseIndex(data []byte) (*index, error) {
	body := data[:max(0, len(data)-sha256.Size)]
	sum := sha256.Sum256(body)
	rest, ok := bytes.CutPrefix(body, []byte(indexMagic))
	if !ok || !bytes.Equal(sum[:], data[len(body):]) {
		return nil, errDamaged
	}
	ix, trees := newIndex(), uint32(0)
	take := func(v any) bool {
		n, err := binary.Decode(rest, binary.BigEndian, v)
		rest = rest[n:]
		return err == nil
	}
	if !take(&ix.last) || !take(&trees) {
		return nil, errDamaged
	}
	for ; trees > 0; trees-- {
		var id oid
		if !take(&id) {
			return nil, errDamaged
		}
		ix.trees[id] = true
	}
	for len(rest) > 0 {
		var h recordHead
		if !take(&h) {
			return nil, errDamaged
		}
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return nil, errDamaged
		}
		r := record{Stamp: h.Stamp, Settled: h.Settled, Stored: h.Stored}
		copy(r.Names.sha1[:], h.Names[copy(r.Names.ours[:], h.Names[:]):])
		ix.records[string(rest[n:n+int(size)])] = r
		rest = rest[n+int(size):]
	}
	return ix, nil
}
