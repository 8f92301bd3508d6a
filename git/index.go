package git

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
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
	changed bool              // since it was loaded or saved
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

// save writes the index into a store, when it changed. It must be written after
// the objects that it calls stored.
func (ix *index) save(store string) error {
	if !ix.changed {
		return nil
	}
	path := filepath.Join(store, indexFile)
	if err := os.WriteFile(path+".new", ix.encode(), 0o600); err != nil {
		return err
	}
	ix.changed = false
	return os.Rename(path+".new", path)
}

// update takes over what is known now.
func (ix *index) update(records map[string]record) {
	ix.changed = ix.changed || !maps.Equal(ix.records, records)
	ix.records = records
}

// setTrees takes over which trees are stored.
func (ix *index) setTrees(trees map[oid]bool) {
	ix.changed = ix.changed || !maps.Equal(ix.trees, trees)
	ix.trees = trees
}

// The flags of a record.
const (
	flagSettled = 1 << iota
	flagStored
)

// encode returns the magic line, the number of trees, the trees, the records,
// and a hash of all that. Numbers are big-endian.
func (ix *index) encode() []byte {
	order := binary.BigEndian
	b := make([]byte, 0, 160*len(ix.records)+len(ix.trees)*sha256.Size+1024)
	b = append(b, indexMagic...)
	b = order.AppendUint64(b, uint64(len(ix.trees)))
	for id := range ix.trees {
		b = append(b, id[:]...)
	}
	for path, r := range ix.records {
		for _, n := range r.Stamp.numbers() {
			b = order.AppendUint64(b, n)
		}
		b = append(b, r.Names.ours[:]...)
		b = append(b, r.Names.sha1[:]...)
		b = append(b, r.flags())
		b = order.AppendUint64(b, uint64(len(path)))
		b = append(b, path...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func (s stamp) numbers() [5]uint64 {
	return [5]uint64{uint64(s.Size), uint64(s.Mtime), uint64(s.Ctime), s.Inode, uint64(s.Mode)}
}

func (r record) flags() (flags byte) {
	if r.Settled {
		flags |= flagSettled
	}
	if r.Stored {
		flags |= flagStored
	}
	return flags
}

var errDamaged = errors.New("cannot read the index of checkpoints: it is damaged")

func parseIndex(data []byte) (*index, error) {
	body := data[:max(0, len(data)-sha256.Size)]
	sum := sha256.Sum256(body)
	rest, ok := bytes.CutPrefix(body, []byte(indexMagic))
	if !ok || !bytes.Equal(sum[:], data[len(body):]) {
		return nil, errDamaged
	}
	ix, in := newIndex(), &decoder{rest: rest}
	for trees := in.number(); trees > 0 && !in.short; trees-- {
		ix.trees[oid(in.bytes(sha256.Size))] = true
	}
	for len(in.rest) > 0 && !in.short {
		r := in.record()
		ix.records[string(in.bytes(in.number()))] = r
	}
	if in.short {
		return nil, errDamaged
	}
	return ix, nil
}

// decoder takes values off the front of rest. When there is too little it
// gives zeros, and says so.
type decoder struct {
	rest  []byte
	short bool
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.short, d.rest = true, nil
		return make([]byte, min(n, sha256.Size))
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out
}

func (d *decoder) number() uint64 { return binary.BigEndian.Uint64(d.bytes(8)) }

func (d *decoder) record() record {
	var r record
	r.Stamp = stamp{
		Size:  int64(d.number()),
		Mtime: int64(d.number()),
		Ctime: int64(d.number()),
		Inode: d.number(),
		Mode:  uint32(d.number()),
	}
	copy(r.Names.ours[:], d.bytes(sha256.Size))
	copy(r.Names.sha1[:], d.bytes(sha1.Size))
	flags := d.bytes(1)[0]
	r.Settled, r.Stored = flags&flagSettled != 0, flags&flagStored != 0
	return r
}
