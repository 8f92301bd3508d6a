package git

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// maxProjectIndex bounds, in bytes, what is read of the project's own index.
const maxProjectIndex = 512 << 20

// maxUnmerged is how many paths in conflict Look tells of.
const maxUnmerged = 20

// unmerged lists the paths that the project's index holds in conflict. An
// index that cannot be read has none. format is that of the repository's
// objects.
func (g *gitDir) unmerged(format string) []string {
	content, err := readRegular(g.own, "index", maxProjectIndex)
	if err != nil {
		return nil
	}
	size := 20
	if format == "sha256" {
		size = 32
	}
	paths, _ := conflicts(content, size)
	return paths
}

var errIndex = errors.New("cannot read the project's index")

// The parts of an entry of git's index: what the file system said, the id of
// the object, two bytes of flags, in some two more, the path.
const (
	indexStat     = 40
	flagExtended  = 0x4000
	flagsStage    = 0x3000
	indexHeader   = 12
	indexAlign    = 8
	noPrefixSince = 4 // the version whose paths share beginnings, and that has no padding
)

// conflicts reads git's index file, of versions 2 to 4, as far as its entries
// go, and returns the first paths that are in it at a stage, each once. size is
// the length of an object's id in bytes.
func conflicts(index []byte, size int) ([]string, error) {
	if len(index) < indexHeader || string(index[:4]) != "DIRC" {
		return nil, errIndex
	}
	version := binary.BigEndian.Uint32(index[4:])
	count := binary.BigEndian.Uint32(index[8:])
	if version < 2 || version > 4 {
		return nil, errIndex
	}
	var paths []string
	rest, path := index[indexHeader:], ""
	for range count {
		fixed := indexStat + size + 2
		if len(rest) < fixed+2 {
			return paths, errIndex
		}
		flags := binary.BigEndian.Uint16(rest[fixed-2:])
		if flags&flagExtended != 0 {
			fixed += 2
		}
		name, length, err := indexPath(rest[fixed:], path, version)
		if err != nil {
			return paths, err
		}
		path = name
		if flags&flagsStage != 0 && !slices.Contains(paths, path) {
			paths = append(paths, strings.ToValidUTF8(path, "�"))
		}
		if len(paths) == maxUnmerged {
			return paths, nil
		}
		length += fixed
		if version < noPrefixSince {
			length += indexAlign - 1 - (length-1)%indexAlign
		}
		if length > len(rest) {
			return paths, errIndex
		}
		rest = rest[length:]
	}
	return paths, nil
}

// indexPath reads the path of an entry, and says how long it is there with
// the byte that ends it.
func indexPath(data []byte, before string, version uint32) (path string, length int, err error) {
	if version == noPrefixSince {
		cut, n := indexVarint(data)
		if n == 0 || cut > uint64(len(before)) {
			return "", 0, errIndex
		}
		path, length = before[:len(before)-int(cut)], n
	}
	end := bytes.IndexByte(data[length:], 0)
	if end < 0 {
		return "", 0, errIndex
	}
	return path + string(data[length:length+end]), length + end + 1, nil
}

// indexVarint reads a number as git writes offsets. The second result is its
// length, or 0 when there is none.
func indexVarint(data []byte) (value uint64, length int) {
	for i, b := range data[:min(len(data), 9)] {
		if i > 0 {
			value++
		}
		value = value<<7 | uint64(b&0x7f)
		if b&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}

// submodules are the paths of a list that name commits of other repositories.
func submodules(committed []listed) []string {
	var paths []string
	for _, l := range committed {
		if l.mode == modeCommit {
			paths = append(paths, l.path)
		}
	}
	return paths
}
