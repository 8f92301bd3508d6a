package git

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/autosession/autosession"
)

func FuzzParseIndex(f *testing.F) {
	ix := newIndex()
	ix.trees[oid{1}] = true
	ix.records["a/b\n"] = record{Stamp: stamp{1, 2, 3, 4, 5}, Names: name(blobKind, []byte("x")), Settled: true}
	ix.records["c"] = record{Stored: true}
	f.Add(ix.encode())
	f.Add([]byte(indexMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseIndex(data)
		if err != nil {
			return
		}
		again, err := parseIndex(got.encode())
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("read back %v, %v", again, err)
		}
	})
}

// TestParseIndexDamaged sees that no damage at all is taken for an index.
func TestParseIndexDamaged(t *testing.T) {
	ix := newIndex()
	ix.records["a"] = record{Stored: true}
	whole := ix.encode()
	for i := range whole {
		if _, err := parseIndex(whole[:i]); err == nil {
			t.Errorf("cut to %d bytes it is no error", i)
		}
		other := bytes.Clone(whole)
		other[i] ^= 1
		if _, err := parseIndex(other); err == nil {
			t.Errorf("with byte %d changed it is no error", i)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	f.Add("a label\n\"quoted\"", "path\n\xff", "no permission", int64(1_700_000_000_000_000_001))
	f.Fuzz(func(t *testing.T, label, path, why string, at int64) {
		c := autosession.Checkpoint{Label: label, Tree: "abc", At: time.Unix(0, at).UTC()}
		n := notes{leftOut: []LeftOut{{Path: path, Why: why}}, include: globs{why, path}}
		gotC, gotN, err := parseMessage(string(message(c, n)))
		if err != nil || gotC != c || !reflect.DeepEqual(gotN, n) {
			t.Errorf("read back %+v %+v, %v", gotC, gotN, err)
		}
		parseMessage(label)
	})
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte("100644 blob 0123\ta\nb\x00160000 commit 45\tsub\x00"))
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, out []byte) {
		list, err := parseList(out)
		for _, l := range list {
			if err == nil && l.path == "" {
				t.Error("an entry without a path")
			}
		}
	})
}

func FuzzReadBatch(f *testing.F) {
	f.Add("aa blob 3\nabc\nbb missing\n")
	f.Add("aa blob 3\nab")
	f.Add("aa blob -1\n")
	f.Fuzz(func(t *testing.T, out string) {
		readBatch(bufio.NewReader(strings.NewReader(out)), []string{"aa", "bb"}, func(_ int, size int64, content io.Reader) error {
			got, err := io.ReadAll(content)
			if err == nil && int64(len(got)) > max(size, 0) {
				t.Errorf("%d bytes of %d", len(got), size)
			}
			return err
		})
	})
}

func FuzzParseStanding(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add("history\n\nhead refs/heads/work\nshallow " + id + "\nref " + id + " refs/heads/work\nlink refs/heads/work refs/remotes/o/HEAD\nexclude \"*.log\\n\"\n")
	f.Add("head " + id + "\nref " + id + " refs/../../config\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseStanding(text)
		if err != nil {
			return
		}
		again, err := parseStanding(string(s.text()))
		if err != nil || !bytes.Equal(again.text(), s.text()) {
			t.Errorf("read back %+v, %v, first %+v", again, err, s)
		}
		for name := range s.refs {
			if strings.Contains(name, "..") || !strings.HasPrefix(name, "refs/") {
				t.Errorf("a ref named %q", name)
			}
		}
	})
}

func FuzzConflicts(f *testing.F) {
	entry := func(path string, stage uint16, size int) []byte {
		e := make([]byte, indexStat+size)
		e = binary.BigEndian.AppendUint16(e, stage<<12|uint16(len(path)))
		e = append(append(e, path...), 0)
		return append(e, make([]byte, indexAlign-1-(len(e)-1)%indexAlign)...)
	}
	for _, size := range []int{20, 32} {
		index := []byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x03")
		index = append(append(append(index, entry("a", 0, size)...), entry("conflict", 1, size)...), entry("conflict", 2, size)...)
		if got, err := conflicts(index, size); err != nil || !slices.Equal(got, []string{"conflict"}) {
			f.Fatalf("conflicts = %q, %v", got, err)
		}
		f.Add(index, size == 32)
	}
	f.Add([]byte("DIRC\x00\x00\x00\x04\xff\xff\xff\xff"), false)
	f.Fuzz(func(t *testing.T, index []byte, long bool) {
		size := 20
		if long {
			size = 32
		}
		paths, _ := conflicts(index, size)
		if len(paths) > maxUnmerged {
			t.Errorf("%d paths", len(paths))
		}
		for _, p := range paths {
			if !utf8.ValidString(p) {
				t.Errorf("%q is no text", p)
			}
		}
	})
}
