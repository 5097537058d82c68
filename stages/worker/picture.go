package worker

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Picture is an image that a worker has decoded. Its memory belongs to the picture until Close.
type Picture struct {
	Shape
	Pixels []byte // line by line, or nil if only the header was asked for; must not be written to
	Ints   map[string]int
	Blobs  map[string][]byte

	memory []byte
}

// Close frees the memory.
func (p *Picture) Close() {
	if p.memory != nil {
		_ = unix.Munmap(p.memory) // fails for wrong arguments only
	}
	p.memory, p.Pixels, p.Blobs = nil, nil, nil
}

// Size is the size of the memory in bytes.
func (p *Picture) Size() int64 { return int64(len(p.memory)) }

const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// pictureOf maps the memory of an answer, fd or -1 for none. It trusts neither.
func pictureOf(a answer, fd int, r Request) (*Picture, error) {
	pixels, err := a.Shape.bytes(r.Limits)
	if err != nil {
		return nil, err
	}
	if r.Header {
		pixels = 0
	}
	total, err := blobsBytes(a.Blobs)
	if err != nil {
		return nil, err
	}
	total += pixels
	p := &Picture{Shape: a.Shape, Ints: a.Ints, Blobs: map[string][]byte{}}
	p.XRes, p.YRes = a.Shape.resolution()
	p.Unit = a.Shape.unit()
	if total > 0 {
		if p.memory, err = mapped(fd, total); err != nil {
			return nil, err
		}
	}
	if !r.Header {
		p.Pixels = p.memory[:pixels:pixels]
	}
	at := pixels
	for _, b := range a.Blobs {
		p.Blobs[b.Name] = p.memory[at : at+b.Size : at+b.Size]
		at += b.Size
	}
	return p, nil
}

// mapped maps sealed memory of an exact size for reading. Without the seals, a worker could shorten the memory,
// and to read it would raise SIGBUS.
func mapped(fd int, size int64) ([]byte, error) {
	if fd < 0 {
		return nil, errors.New("no memory")
	}
	got, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil {
		return nil, fmt.Errorf("not memory: %w", err)
	}
	if got&seals != seals {
		return nil, errors.New("memory without seals")
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil, err
	}
	if stat.Size != size || int64(int(size)) != size {
		return nil, fmt.Errorf("%d bytes of memory instead of %d", stat.Size, size)
	}
	return unix.Mmap(fd, 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}
