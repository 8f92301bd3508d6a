package git

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// packed is one object of a pack, as the pack's index tells of it.
type packed struct {
	id     oid
	crc    uint32 // of its bytes in the pack
	offset uint32 // in the pack
}

// entryOf is the object whose bytes stand at the place at of a pack's body.
func entryOf(id oid, inPack []byte, at int) packed {
	return packed{id: id, crc: crc32.ChecksumIEEE(inPack), offset: uint32(at + len(packStart(0)))}
}

// writePack stores a pack without its trailing sum, which sum has when all is
// read, and its index. Both are on the disk when it returns; their names in
// the directory are not synced yet. The index comes last: a pack counts only
// with one.
func (g git) writePack(pack io.Reader, sum hash.Hash, objects []packed) error {
	dir := filepath.Join(g.dir, "objects", "pack")
	g.next()
	body, err := create(filepath.Join(dir, "tmp_pack_new"))
	if err != nil {
		return err
	}
	defer body.Close() // again is no harm
	index, err := create(filepath.Join(dir, "tmp_idx_new"))
	if err != nil {
		return err
	}
	defer index.Close()
	_, err = io.Copy(body, pack)
	trailer := sum.Sum(nil)
	if err == nil {
		_, err = body.Write(trailer)
	}
	if err == nil {
		_, err = index.Write(packIndex(objects, trailer))
	}
	if err == nil {
		err = together(body.Sync, index.Sync)
	}
	if err != nil {
		return err
	}
	g.next()
	name := filepath.Join(dir, "pack-"+hex.EncodeToString(trailer))
	if err := os.Rename(body.Name(), name+".pack"); err != nil {
		return err
	}
	g.next()
	return os.Rename(index.Name(), name+".idx")
}

// create makes a file that can only be read once it is closed.
func create(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
}

// together does two things at once: what waits for the same disk takes hardly
// longer than one.
func together(one, other func() error) error {
	done := make(chan error, 1)
	go func() { done <- other() }()
	err := one()
	return errors.Join(err, <-done)
}

// packIndex is the index of a pack: version 2, with names of SHA-256. Packs
// are too small for its table of far offsets.
func packIndex(objects []packed, trailer []byte) []byte {
	order := binary.BigEndian
	sorted := slices.SortedFunc(slices.Values(objects), func(a, b packed) int { return bytes.Compare(a.id[:], b.id[:]) })
	out := []byte("\xfftOc\x00\x00\x00\x02")
	next := 0
	for first := range 256 { // how many names begin with at most this byte
		for next < len(sorted) && int(sorted[next].id[0]) <= first {
			next++
		}
		out = order.AppendUint32(out, uint32(next))
	}
	for _, o := range sorted {
		out = append(out, o.id[:]...)
	}
	for _, o := range sorted {
		out = order.AppendUint32(out, o.crc)
	}
	for _, o := range sorted {
		out = order.AppendUint32(out, o.offset)
	}
	out = append(out, trailer...)
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}
