package git

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// packer stores objects in the checkpoint repository, in packs of some size.
// What it was given is stored when flush has returned.
type packer struct {
	git  git
	zips sync.Pool // of *zlib.Writer

	mu      sync.Mutex
	have    map[oid]bool // stored, or in the pack that is being filled
	body    bytes.Buffer
	objects []packed // in body
}

// packSize is the size in bytes from which on a pack is stored.
const packSize = 32 << 20

func newPacker(g git, have map[oid]bool) *packer {
	return &packer{git: g, have: have, zips: sync.Pool{New: func() any {
		z, _ := zlib.NewWriterLevel(io.Discard, zlib.BestSpeed)
		return z
	}}}
}

// packHead is the head of an object in a pack: its kind and size.
func packHead(k kind, size int64) []byte {
	head := []byte{byte(k)<<4 | byte(size&0x0f)}
	for size >>= 4; size > 0; size >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(size&0x7f))
	}
	return head
}

// add stores an object, unless it is there. It may be called by several
// goroutines.
func (p *packer) add(k kind, id oid, content []byte) error {
	p.mu.Lock()
	known := p.have[id]
	p.have[id] = true
	p.mu.Unlock()
	if known {
		return nil
	}
	packed := bytes.NewBuffer(packHead(k, int64(len(content))))
	if err := p.zip(packed, bytes.NewReader(content)); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects = append(p.objects, entryOf(id, packed.Bytes(), p.body.Len()))
	p.body.Write(packed.Bytes())
	if p.body.Len() < packSize {
		return nil
	}
	return p.store()
}

func (p *packer) zip(to io.Writer, content io.Reader) error {
	z := p.zips.Get().(*zlib.Writer)
	defer p.zips.Put(z)
	z.Reset(to)
	_, err := io.Copy(z, content)
	return errors.Join(err, z.Close())
}

// flush stores what was added and is not stored yet.
func (p *packer) flush() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.objects) == 0 {
		return nil
	}
	return p.store()
}

// store writes the pack that was filled and its index, as git's index-pack
// would. A process for each checkpoint would cost more than all else.
func (p *packer) store() error {
	sum := sha256.New()
	pack := io.MultiReader(bytes.NewReader(packStart(uint32(len(p.objects)))), &p.body)
	err := p.git.writePack(io.TeeReader(pack, sum), sum, p.objects)
	p.body.Reset()
	p.objects = nil
	if err != nil {
		return fmt.Errorf("cannot store objects: %w", err)
	}
	return nil
}

func packStart(count uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), count)
}

func (p *packer) indexPack(ctx context.Context, pack io.Reader) error {
	if err := p.git.run(ctx, pack, io.Discard, "index-pack", "--stdin", "--threads=1"); err != nil {
		return fmt.Errorf("cannot store objects: %w", err)
	}
	return nil
}

// stream stores one blob of the given size without holding it in memory, as a
// pack of its own, and returns its names. Content that ends early is an error.
func (p *packer) stream(ctx context.Context, size int64, content io.Reader) (names, error) {
	n := newNaming(blobKind, size)
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := p.streamPack(writer, size, io.TeeReader(content, n))
		writer.CloseWithError(err)
		done <- err
	}()
	err := p.indexPack(ctx, reader)
	reader.Close()
	if writeErr := <-done; writeErr != nil && !errors.Is(writeErr, io.ErrClosedPipe) {
		err = writeErr
	}
	return n.names(), err
}

func (p *packer) streamPack(to io.Writer, size int64, content io.Reader) error {
	sum := sha256.New()
	out := io.MultiWriter(to, sum)
	if _, err := out.Write(append(packStart(1), packHead(blobKind, size)...)); err != nil {
		return err
	}
	counted := &io.LimitedReader{R: content, N: size}
	if err := p.zip(out, counted); err != nil {
		return err
	}
	if counted.N > 0 {
		return errShorter
	}
	_, err := to.Write(sum.Sum(nil))
	return err
}

var errShorter = errors.New("it became shorter while it was read")
