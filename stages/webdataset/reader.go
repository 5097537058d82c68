package webdataset

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Errors of tars.
var (
	ErrCut   = errors.New("cut short: the tar ends before its end-of-archive")
	ErrNoTar = errors.New("not a tar, or damaged: there is no header where one should be")
	ErrMore  = errors.New("more follows the end-of-archive, perhaps another tar: name the tars one by one")
)

// A File is an entry of a tar.
type File struct {
	Name  string
	Field string // "" if it belongs to no sample
	Data  []byte // until the sample is released
	Dir   bool
	Err   error // why it must not be written, or nil
}

// A Sample holds consecutive files of one key, and the files between them that belong to no sample.
type Sample struct {
	Key   string // "" if none of the files belongs to a sample
	Files []File
	Held  int // bytes in memory

	mapped [][]byte // files on the disk
}

// A Reader reads the samples of a tar.
type Reader struct {
	in      *tail
	tar     *tar.Reader
	pending *tar.Header // the first of the next sample
	err     error
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader {
	in := &tail{r: bufio.NewReaderSize(r, 256<<10)}
	return &Reader{in: in, tar: tar.NewReader(in)}
}

// filesMost is the largest number of files of one sample. A file that belongs to no sample stays with the sample
// before it if that has fewer than looseMost files.
const (
	filesMost = 10_000
	looseMost = 100
)

// Next returns the next sample, or io.EOF after the last one. The caller releases it. With ErrCut, the last sample may
// lack files and is not returned.
func (r *Reader) Next() (*Sample, error) {
	s := &Sample{}
	for r.err == nil {
		if r.pending == nil {
			r.pending, r.err = r.header()
		}
		if r.err != nil || r.beginsAfter(s) {
			break
		}
		if len(s.Files) == filesMost {
			r.err = fmt.Errorf("%q: more than %d files have the key of one sample", r.pending.Name, filesMost)
			break
		}
		r.err = s.add(r.pending, r.tar)
		r.pending = nil
	}
	if r.err == nil || len(s.Files) > 0 && (r.err == io.EOF || r.err == ErrMore) {
		return s, nil
	}
	s.Release()
	return nil, r.err
}

// beginsAfter tells whether the pending file belongs to the sample after s.
func (r *Reader) beginsAfter(s *Sample) bool {
	key, _ := Split(r.pending.Name)
	switch {
	case len(s.Files) == 0:
		return false
	case key == "":
		return s.Key == "" || len(s.Files) >= looseMost
	}
	return key != s.Key
}

// noFiles are the types of headers that describe no file: global headers, the label of a volume, and the contents of
// a folder that GNU tar backed up.
var noFiles = []byte{tar.TypeXGlobalHeader, 'V', 'D'}

// header returns the next header of a file, or io.EOF after the last.
func (r *Reader) header() (*tar.Header, error) {
	for {
		r.in.read = 0
		h, err := r.tar.Next()
		switch {
		case err == io.EOF:
			return nil, r.in.end()
		case errors.Is(err, tar.ErrHeader):
			return nil, r.in.noTar()
		case err != nil:
			return nil, cut(err)
		case !slices.Contains(noFiles, h.Typeflag):
			return h, nil
		}
	}
}

// cut turns the error of a tar that ends too early into ErrCut.
func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		return ErrCut
	}
	return err
}

// add reads a file into the sample.
func (s *Sample) add(h *tar.Header, content io.Reader) error {
	if err := refuse(h); err != nil || h.Typeflag == tar.TypeDir {
		s.put(File{Name: h.Name, Dir: h.Typeflag == tar.TypeDir, Err: err})
		return nil
	}
	return cut(s.Add(h.Name, content, h.Size))
}

// Add reads a file of a size into the sample.
func (s *Sample) Add(name string, content io.Reader, size int64) error {
	data, err := s.read(content, size)
	s.put(File{Name: name, Data: data})
	return err
}

// put appends a file, whose name says where it belongs.
func (s *Sample) put(f File) {
	var key string
	if key, f.Field = Split(f.Name); key != "" {
		s.Key = key
	}
	s.Files = append(s.Files, f)
}

// kinds names the entries that a tar of samples has no use for.
var kinds = map[byte]string{
	tar.TypeLink:    "a hard link: tar --hard-dereference writes files instead",
	tar.TypeSymlink: "a symbolic link: tar --dereference writes files instead",
	tar.TypeChar:    "a device", tar.TypeBlock: "a device", tar.TypeFifo: "a pipe",
}

// refuse says why an entry must not be written, or returns nil.
func refuse(h *tar.Header) error {
	switch {
	case isUnsafe(h.Name):
		return fmt.Errorf("%q leads out of the folder in which the tar is unpacked", h.Name)
	case h.Typeflag == tar.TypeGNUSparse, slices.ContainsFunc(slices.Collect(maps.Keys(h.PAXRecords)), func(name string) bool {
		return strings.HasPrefix(name, "GNU.sparse.")
	}):
		return fmt.Errorf("%q is a sparse file: make the tar without --sparse", h.Name)
	case h.Typeflag == tar.TypeReg, h.Typeflag == tar.TypeDir:
		if err := tar.NewWriter(io.Discard).WriteHeader(header(h.Name, h.Typeflag == tar.TypeDir, h.Size)); err != nil {
			return fmt.Errorf("%q is no name that a file in a tar can have", h.Name)
		}
		return nil
	case kinds[h.Typeflag] != "":
		return fmt.Errorf("%q is %s", h.Name, kinds[h.Typeflag])
	}
	return fmt.Errorf("%q is an entry of the unknown type %q", h.Name, h.Typeflag)
}

// Fault is the first reason why the files cannot be used as a sample, or nil. Files that belong to no sample do not
// count.
func (s *Sample) Fault() error {
	fields := map[string]bool{}
	for _, f := range s.Files {
		switch {
		case f.Field == "":
			continue
		case f.Err != nil:
			return f.Err
		case fields[f.Field]:
			return fmt.Errorf("%q is there twice", f.Name)
		}
		fields[f.Field] = true
	}
	return nil
}

// A tail reads a tar and remembers what Next needs to know about the end.
type tail struct {
	r    *bufio.Reader
	read int // since the last header
	last [2 * block]byte
}

const block = 512

func (t *tail) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	t.read += n
	if n >= len(t.last) {
		copy(t.last[:], b[n-len(t.last):n])
	} else {
		copy(t.last[:], t.last[n:])
		copy(t.last[len(t.last)-n:], b[:n])
	}
	return n, err
}

// end checks the end of a tar, which archive/tar takes for granted, and returns io.EOF if it is as it should be. It
// reads the zeros that follow, so that the program that writes to a pipe is not stopped.
func (t *tail) end() error {
	if t.read < len(t.last) || t.last != [2 * block]byte{} {
		return ErrCut
	}
	for {
		if _, err := t.r.Peek(1); err != nil {
			return err // io.EOF, where it should be
		}
		b, _ := t.r.Peek(t.r.Buffered())
		if len(bytes.Trim(b, "\x00")) > 0 {
			return ErrMore
		}
		t.r.Discard(len(b))
	}
}

// compressed are the signatures of files in which a tar may hide.
var compressed = []struct{ signature, program string }{
	{"\x1f\x8b", "gzip"}, {"BZh", "bzip2"}, {"\xfd7zXZ\x00", "xz"}, {"\x28\xb5\x2f\xfd", "zstd"},
}

// noTar says what is there instead of a header.
func (t *tail) noTar() error {
	if t.read == block {
		for _, c := range compressed {
			if bytes.HasPrefix(t.last[block:], []byte(c.signature)) {
				return fmt.Errorf("compressed by %s: pipe it through %s -d", c.program, c.program)
			}
		}
	}
	return ErrNoTar
}
