package webdataset

import (
	"io"
	"os"
	"slices"
	"syscall"
)

// heldMost is how many bytes of a sample stay in memory. Files beyond that go to the disk.
const heldMost = 64 << 20

// sizeBelieved is the most memory that is taken for a file at first, because the size that a tar states may be false.
const sizeBelieved = 1 << 20

// read reads a file of the sample.
func (s *Sample) read(r io.Reader, size int64) ([]byte, error) {
	if int64(s.Held)+size > heldMost {
		return s.readToDisk(r, size)
	}
	data := make([]byte, 0, min(size, sizeBelieved))
	for int64(len(data)) < size {
		data = slices.Grow(data, int(min(size, int64(2*len(data)))-int64(len(data))))
		n, err := io.ReadFull(r, data[len(data):min(int(size), cap(data))])
		data = data[:len(data)+n]
		if err != nil {
			return nil, err
		}
	}
	s.Held += len(data)
	return data, nil
}

// readToDisk reads a file into a temporary one, which has no name, and maps that into memory.
func (s *Sample) readToDisk(r io.Reader, size int64) ([]byte, error) {
	f, err := os.CreateTemp("", "gtx-tar-")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return nil, err
	}
	n, err := io.Copy(f, r)
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil || n == 0 {
		return nil, err
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(n), syscall.PROT_READ, syscall.MAP_SHARED)
	if err == nil {
		s.mapped = append(s.mapped, data)
	}
	return data, err
}

// Release gives back what the sample holds. Its data cannot be used any more.
func (s *Sample) Release() {
	for _, data := range s.mapped {
		syscall.Munmap(data)
	}
	s.mapped, s.Files, s.Held = nil, nil, 0
}
