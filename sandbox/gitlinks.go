package sandbox

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
)

// What an entry of git's index has before its path: numbers, the object's name,
// and flags.
const (
	entryNumbers = 40
	entryMode    = 24 // where the mode is
	modeGitlink  = 0o160000
	extendedFlag = 0x4000
	nameLength   = 0x0fff // in the flags; longer ones have this
	indexHeader  = 12
)

// gitlinks names the submodules of the work tree of a git directory: what its
// index says is a commit. git goes into these, whether or not .gitmodules names
// them.
func gitlinks(dir string) []string {
	// An index can be split in two.
	files, _ := filepath.Glob(filepath.Join(escape(dir), "sharedindex.*"))
	var all []string
	for _, file := range append(files, filepath.Join(dir, "index")) {
		data, err := readFile(file)
		if err != nil {
			continue
		}
		// The length of names is no part of the format: with the wrong one no
		// sound entries are found.
		for _, length := range []int{20, 32} {
			if links, ok := parseIndex(data, length); ok {
				all = append(all, links...)
				break
			}
		}
	}
	return all
}

// parseIndex reads the paths of submodules from an index with names of objects
// of a length. ok is false when it makes no sense.
func parseIndex(data []byte, length int) (links []string, ok bool) {
	if len(data) < indexHeader+length || string(data[:4]) != "DIRC" {
		return nil, false
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	rest, last := data[indexHeader:len(data)-length], []byte{}
	for range count {
		head := entryNumbers + length + 2
		if len(rest) < head {
			return nil, false
		}
		flags := binary.BigEndian.Uint16(rest[head-2:])
		if version >= 3 && flags&extendedFlag != 0 {
			head += 2
		}
		name, size, ok := entryName(rest, head, last, version)
		if told := int(flags & nameLength); !ok || told != min(len(name), nameLength) {
			return nil, false
		}
		switch mode := binary.BigEndian.Uint32(rest[entryMode:]); mode {
		case modeGitlink:
			links = append(links, string(name))
		case 0o100644, 0o100755, 0o120000, 0o040000, 0o100664:
		default:
			return nil, false
		}
		rest, last = rest[size:], name
	}
	return links, true
}

// entryName reads the path of an entry, which begins at head, and the size of
// all of the entry. It may use the memory of the last path.
func entryName(entry []byte, head int, last []byte, version uint32) (name []byte, size int, ok bool) {
	if len(entry) < head {
		return nil, 0, false
	}
	if version == 4 {
		// The path is told by what it has in common with the last one.
		cut, n := varint(entry[head:])
		end := bytes.IndexByte(entry[head+n:], 0)
		if n == 0 || cut > len(last) || end < 0 {
			return nil, 0, false
		}
		name = append(last[:len(last)-cut], entry[head+n:head+n+end]...)
		return name, head + n + end + 1, true
	}
	end := bytes.IndexByte(entry[head:], 0)
	if end < 0 {
		return nil, 0, false
	}
	size = (head + end + 8) &^ 7 // one to eight zeros fill it up
	return entry[head : head+end], size, size <= len(entry)
}

// varint reads a number as git's packs write offsets. n is its length, or 0.
func varint(data []byte) (value, n int) {
	for n < len(data) && n < 4 {
		c := data[n]
		n++
		value = value<<7 | int(c&0x7f)
		if c&0x80 == 0 {
			return value, n
		}
		value++
	}
	return 0, 0
}
